import { expect, test } from 'vitest';
import type { Explanation } from '../rpc/messages.ts';
import { instant } from './arguments.ts';
import { explain } from './explain.ts';
import { explanationText } from './explanation-text.ts';

const NIGHT: Explanation['verdict'] = {
  action: 'block',
  rule: 'night',
  why: 'rule night blocks it by times',
  notify: 'We sleep.',
};
const ANSWER: Explanation = {
  app: 'wiki',
  destination: 'wiki.corp.example:443',
  verdict: NIGHT,
  byRules: NIGHT,
  refused: null,
  groupsFrom: 'directory',
  device: null,
  posture: [],
  changes: ['without rule night, rule all would allow it'],
  steps: [
    { rule: 'office', matched: false, why: 'the source "192.0.2.1" lies in none of its sources (10.0.0.0/8)' },
    { rule: 'night', matched: true, why: 'every condition holds' },
  ],
  shadowed: [
    { rule: 'late', by: 'night' },
    { rule: 'lost', by: null },
  ],
  snapshot: 7,
  asked: {
    user: 'ada',
    groups: ['staff', 'it'],
    ou: 'corp/it',
    method: 'browser',
    from: '192.0.2.1',
    at: Date.parse('2026-11-23T23:30Z'),
    timeZone: 'Europe/Zurich',
  },
};

test('an explanation says verdict, facts, what was tried and what never decides', () => {
  expect(explanationText(ANSWER, 'wiki').split('\n')).toEqual([
    'BLOCK: ada → wiki (configuration 7)',
    '  rule night blocks it by times',
    '  the person is told: We sleep.',
    '  decided by: groups staff, it (of the directory); unit corp/it; by browser; from 192.0.2.1; to wiki.corp.example:443; Tue 00:30 Europe/Zurich',
    '',
    '   office  the source "192.0.2.1" lies in none of its sources (10.0.0.0/8)',
    '→  night   every condition holds',
    '',
    'late never decides: night comes before it',
    'lost never decides: no app is what it asks for',
    '',
    'what would change it:',
    '  - without rule night, rule all would allow it',
  ]);
});

test('what ends access comes before the rules, and the device says its state', () => {
  const refused = { code: 'CW_DEVICE_QUARANTINED', why: 'the device is quarantined' };
  const device = { id: 'd_1', name: 'laptop', user: 'ada', state: 'quarantined', os: '' };
  const verdict = { action: 'block', rule: null, why: 'CW_DEVICE_QUARANTINED: the device is quarantined' } as const;
  const byRules = { action: 'allow', rule: 'all', why: 'rule all allows it' } as const;
  const text = explanationText({ ...ANSWER, refused, verdict, byRules, device, posture: ['encrypted'] }, 'wiki');
  expect(text.split('\n').slice(1, 3)).toEqual([
    '  CW_DEVICE_QUARANTINED: the device is quarantined',
    '  the rules alone: ALLOW, rule all allows it',
  ]);
  expect(text).toContain('device laptop (d_1, unknown system, quarantined)');
  expect(text).toContain('posture encrypted (no rule can ask for it yet)');
});

test('a moment needs its zone', () => {
  expect(instant('at', '2026-11-23T08:30Z')).toBe(Date.parse('2026-11-23T08:30:00Z'));
  expect(instant('at', '2026-11-23T08:30:15.5+01:00')).toBe(Date.parse('2026-11-23T07:30:15.500Z'));
  for (const text of ['2026-11-23T08:30', '2026-11-23', '08:30', 'now', '2026-13-01T00:00Z']) {
    expect(() => instant('at', text)).toThrow('--at is a time like');
  }
});

test.each([
  [['ada'], 'a person and a target'],
  [['ada', 'wiki', '--from', 'corp.example'], '--from is the client'],
  [['ada', 'wiki', '--method', 'ssh'], '--method is browser or agent'],
  [['ada', 'wiki', '--at', 'noon'], '--at is a time'],
])('refuses %j', async (args, message) => {
  await expect(explain(args)).rejects.toMatchObject({ code: 'CW_USAGE', message: expect.stringContaining(message) });
});
