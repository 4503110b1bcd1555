import { describe, expect, it } from 'vitest';
import { ReferencePolicyMatcher } from '../reference/index.ts';
import type { PolicyInput, PolicyRuleInput } from './policy-input.ts';
import { shadowedRules } from './shadowed-rules.ts';

const apps = [
  { name: 'wiki', tags: ['docs'] },
  { name: 'pay', tags: ['money', 'docs'] },
];
const tcp = (from: number, to = from) => ({ protocol: 'tcp', from, to }) as const;
const udp = (from: number, to = from) => ({ protocol: 'udp', from, to }) as const;

describe('shadowedRules', () => {
  it.each<[string, PolicyRuleInput, PolicyRuleInput, boolean]>([
    ['anything', {}, { users: ['a'], times: [{ days: ['mon'], from: 0, to: 9 }] }, true],
    ['fewer people', { users: ['a', 'b'] }, { users: ['b'], ports: [tcp(1)] }, true],
    ['more people', { users: ['a'] }, { users: ['a', 'b'] }, false],
    ['all people', { users: ['a'] }, {}, false],
    ['a group of users', { users: ['a'] }, { groups: ['a'] }, false],
    ['users of a group', { groups: ['g'] }, { users: ['a'], groups: ['g'] }, true],
    ['a unit below', { ous: ['corp'] }, { ous: ['corp/a', 'corp/b'] }, true],
    ['a unit that begins alike', { ous: ['corp'] }, { ous: ['corporate'] }, false],
    ['an app with the tag', { tags: ['docs'] }, { apps: ['pay'] }, true],
    ['the only app with the tag', { apps: ['pay'] }, { tags: ['money'] }, true],
    ['all apps by name', { apps: ['wiki', 'pay'] }, {}, true],
    ['an app of another tag', { tags: ['money'] }, { tags: ['docs'] }, false],
    ['ports in two touching ranges', { ports: [tcp(1, 9), tcp(10, 20)] }, { ports: [tcp(5, 15)] }, true],
    ['ports of another protocol', { ports: [tcp(0, 65_535)] }, { ports: [udp(1)] }, false],
    ['all ports by number', { ports: [tcp(0, 65_535), udp(0, 65_535)] }, {}, false],
    ['a name below', { destinations: ['*.a.b'] }, { destinations: ['x.a.b', '*.y.a.b'] }, true],
    ['the name itself', { destinations: ['*.a.b'] }, { destinations: ['a.b'] }, false],
    ['names below a name', { destinations: ['a.b'] }, { destinations: ['*.a.b'] }, false],
    [
      'a range of two prefixes',
      { destinations: ['10.0.0.0/9', '10.128.0.0/9'] },
      { destinations: ['10.0.0.1-10.9.9.9', '10.127.0.0-10.129.0.0'] },
      true,
    ],
    ['IPv4 within all IPv6', { sources: ['::/0'] }, { sources: ['10.0.0.0/8'] }, false],
    ['a mixed list', { destinations: ['*.a', '10.0.0.0/8'] }, { destinations: ['b.a', '11.0.0.1'] }, false],
    ['two profiles', { posture: ['p', 'q'] }, { posture: ['q'] }, true],
    [
      'system, network and activity',
      { os: ['x'], networks: ['n'], activities: ['copy'] },
      { os: ['x'], networks: ['n'], activities: ['copy'] },
      true,
    ],
    ['another activity', { activities: ['copy'] }, { activities: ['paste'] }, false],
    [
      'a shorter time',
      { times: [{ days: ['mon', 'tue'], from: 0, to: 1440 }] },
      { times: [{ days: ['mon'], from: 1380, to: 60 }] },
      true,
    ],
    [
      'a time over the end',
      { times: [{ days: ['sun'], from: 0, to: 1440 }] },
      { times: [{ days: ['sun'], from: 1380, to: 60 }] },
      false,
    ],
  ])('finds whether a rule covers %s', (_, first, second, expected) => {
    expect(shadowedRules({ apps, rules: [first, second] })).toEqual(expected ? [{ rule: 1, by: 0 }] : []);
  });

  it('names rules that nothing satisfies, and passes them over as cover', () => {
    expect(
      shadowedRules({ apps, rules: [{ users: [] }, { apps: ['gone'] }, { users: ['a'] }, { destinations: [] }] }),
    ).toEqual([
      { rule: 0, by: null },
      { rule: 1, by: null },
      { rule: 3, by: null },
    ]);
  });

  it('names the first cover, also of a rule whose cover is dead itself', () => {
    const rules = [
      { groups: ['g'] },
      { groups: ['g'], apps: ['pay'] },
      { groups: ['g'], apps: ['pay'], ports: [tcp(1)] },
    ];
    expect(shadowedRules({ apps, rules })).toEqual([
      { rule: 1, by: 0 },
      { rule: 2, by: 0 },
    ]);
  });

  it('names no rule that ever decides, whatever is asked', () => {
    const pick = <T>(seed: number, all: readonly T[]): T[] => all.filter((_, bit) => ((seed >> bit) & 1) === 1);
    let seed = 7;
    const next = (): number => (seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0) >>> 8;
    const optional = (name: string, all: readonly unknown[]): object =>
      next() % 3 > 0 ? {} : { [name]: pick(next(), all) };
    let found = 0;
    for (let round = 0; round < 400; round++) {
      const rules = Array.from({ length: 8 }, (): PolicyRuleInput => ({
        ...optional('users', ['a', 'b']),
        ...optional('groups', ['g', 'h']),
        ...optional('tags', ['docs', 'money']),
        ...optional('ports', [tcp(1, 5), tcp(6, 9), udp(1, 9)]),
        ...optional('destinations', ['x.a', '*.a', '10.0.0.0/8', '10.0.0.1']),
        ...optional('ous', ['o', 'o/p']),
      }));
      const input: PolicyInput = { apps, rules };
      const dead = new Set(shadowedRules(input).map(({ rule }) => rule));
      found += dead.size;
      const reference = new ReferencePolicyMatcher(input);
      for (const user of ['a', 'b', 'c'])
        for (const groups of [[], ['g'], ['h']])
          for (const port of [1, 7])
            for (const destination of ['x.a', 'y.a', '10.0.0.1', '10.0.0.2'])
              for (const app of [0, 1]) {
                const who = { user, groups, method: 'agent', ou: 'o/p' } as const;
                expect(dead).not.toContain(reference.decide(who, app, 'tcp', port, { destination }));
              }
    }
    expect(found).toBeGreaterThan(400);
  });

  it('takes time in proportion to the rules', () => {
    const rules = Array.from({ length: 20_000 }, (_, i) => ({ groups: [`g${i % 500}`], ports: [tcp(i, i + 1)] }));
    expect(shadowedRules({ apps, rules })).toEqual([]);
  });
});
