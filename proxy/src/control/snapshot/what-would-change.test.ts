import { expect, it } from 'vitest';
import type { PolicyRule, PrivateApp } from '@causeway/contract';
import { policyRule, privateApp } from '@causeway/contract';
import { policyInput, policySubject } from '../../policy/policy-input.ts';
import { whatWouldChange } from './what-would-change.ts';

const NOON = Date.parse('2026-11-23T12:00Z'); // a Monday
const APPS: readonly PrivateApp[] = ['wiki', 'pay'].map((name) =>
  privateApp.parse({ name, hosts: [`${name}.corp.example`], ports: ['tcp/443'], publishers: ['dc'] }),
);

function change(rules: readonly object[], groups: readonly string[]): string[] {
  const parsed: PolicyRule[] = rules.map((rule) => policyRule.parse(rule));
  const flow = { destination: 'wiki.corp.example', now: NOON, utcOffset: 0 };
  const subject = policySubject({ user: 'ada', groups, method: 'browser' }, '192.0.2.1');
  return whatWouldChange(policyInput(APPS, parsed), parsed, { subject, app: 0, port: 443, flow });
}

const BLOCK = { name: 'not-guests', groups: ['guests'], apps: ['wiki'], action: 'block' };
const STAFF = { name: 'staff', groups: ['staff'], apps: ['wiki'], action: 'allow' };
const NIGHT = { name: 'night', groups: ['staff'], times: [{ from: '22:00', to: '06:00' }], action: 'block' };

it('names what is one fact away, and what would be without the deciding rule', () => {
  expect(change([BLOCK, STAFF], [])).toEqual([
    'rule staff would allow it, but: none of its groups (staff) is a group of the user',
  ]);
  expect(change([BLOCK, STAFF], ['guests', 'staff'])).toEqual(['without rule not-guests, rule staff would allow it']);
  expect(change([NIGHT, STAFF], ['staff'])).toEqual([
    expect.stringMatching(/^rule night would block it, but: .*times/),
    'without rule staff, no rule would match, and it would be blocked',
  ]);
});

it('passes over rules that are about something else, or that two facts keep away', () => {
  const other = { ...STAFF, name: 'pay', apps: ['pay'], groups: ['guests'] };
  const two = { ...STAFF, name: 'two', methods: ['agent'] };
  expect(change([other, two], ['guests'])).toEqual(['no rule would allow it if just one fact were another']);
});

it('says a few of many', () => {
  const many = Array.from({ length: 3_000 }, (_, i) => ({ ...STAFF, name: `r${i}` }));
  expect(change(many, [])).toHaveLength(5);
});
