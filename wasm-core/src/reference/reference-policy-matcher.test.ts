import { describe, expect, it } from 'vitest';
import { ReferencePolicyMatcher } from './reference-policy-matcher.ts';

const matcher = new ReferencePolicyMatcher({
  apps: [
    { name: 'wiki', tags: ['docs'] },
    { name: 'pay', tags: [] },
  ],
  rules: [
    { users: ['bob'] },
    { groups: ['ops', 'admins'], tags: ['money'] },
    { apps: ['wiki'], methods: ['agent'] },
    { ports: [{ protocol: 'tcp', from: 80, to: 81 }] },
    { groups: ['a', 'b', 'c', 'd', 'e', 'f', 'g'] },
    { users: ['alice'] },
    {},
  ],
});
const alice = { user: 'alice', groups: ['staff'], method: 'browser' } as const;

describe('explain', () => {
  it('names every condition that failed, for each rule up to the one that matches', () => {
    expect(matcher.explain(alice, 1, 'tcp', 443)).toEqual([
      { rule: 0, matched: false, why: 'the user "alice" is not among its users' },
      {
        rule: 1,
        matched: false,
        why: 'none of its groups (ops, admins) is a group of the user; the app "pay" carries none of its tags (money)',
      },
      {
        rule: 2,
        matched: false,
        why: 'the app "pay" is not among its apps (wiki); it is not for access by browser',
      },
      { rule: 3, matched: false, why: 'tcp port 443 is not among its ports (tcp/80-81)' },
      { rule: 4, matched: false, why: 'none of its groups (a, b, c, d, e and 2 more) is a group of the user' },
      { rule: 5, matched: true, why: 'every condition holds' },
    ]);
  });

  it('shows why nobody ever matches an empty list', () => {
    const never = new ReferencePolicyMatcher({ apps: [{ name: 'wiki', tags: [] }], rules: [{ groups: [] }] });
    expect(never.explain(alice, 0, 'udp', 1)).toEqual([
      { rule: 0, matched: false, why: 'none of its groups (none at all) is a group of the user' },
    ]);
    expect(never.decide(alice, 0, 'udp', 1)).toBe(-1);
  });

  it('refuses an app that does not exist', () => {
    expect(() => matcher.explain(alice, 2, 'tcp', 1)).toThrow(RangeError);
  });
});
