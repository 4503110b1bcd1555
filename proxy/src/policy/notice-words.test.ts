import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Verdict } from '@causeway/contract';
import { fillPlaces, MAX_NOTICE, strangePlaces, toldTo } from './notice-words.ts';

const blocked = (notify?: string): Verdict => ({
  action: 'block',
  rule: 'r',
  why: 'w',
  ...(notify === undefined ? {} : { notify }),
});

test('words come into their places in one pass, and places without a word stay', () => {
  const text = '{{rule}} {{person}} {{contact}}';
  expect(fillPlaces(text, { rule: '{{contact}}', contact: 'it@corp.example' })).toBe(
    '{{contact}} {{person}} it@corp.example',
  );
  expect(strangePlaces('{{app}} {{user}} {{}} { {x} }')).toEqual(['{{user}}', '{{}}']);
});

test('a notice speaks to the person by the name that people see', () => {
  const ann = { user: 'ann@corp.example', displayName: 'Ann \u202e<b>\n' };
  expect(toldTo(blocked('No, {{person}}: {{app}}.'), ann, 'wiki').notify).toBe('No, Ann <b>: wiki.');
  expect(toldTo(blocked('{{person}}'), { user: 'ann', displayName: ' ' }, null).notify).toBe('ann');
  for (const verdict of [blocked(), blocked('{{rule}} No.')]) expect(toldTo(verdict, ann, 'wiki')).toBe(verdict);
});

test('whatever a person is called, a notice fits into an answer and is whole characters', () => {
  const name = fc.string({ unit: 'grapheme', maxLength: 300 });
  fc.assert(
    fc.property(name, fc.string({ unit: 'grapheme', maxLength: 200 }), (displayName, text) => {
      const { notify = '' } = toldTo(blocked(`{{person}}${text}`), { user: 'u', displayName }, 'wiki');
      expect(notify.length).toBeLessThanOrEqual(MAX_NOTICE);
      expect(notify.isWellFormed()).toBe(true);
    }),
  );
});
