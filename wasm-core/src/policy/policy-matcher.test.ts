import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { instantiateCore } from '../core-instance.ts';
import { CoreError } from '../errors.ts';
import { ReferencePolicyMatcher } from '../reference/index.ts';
import { compilePolicy } from './compile-policy.ts';
import type { PolicyInput, PolicyProbe, PolicyRuleInput, PolicySubject } from './policy-input.ts';
import { PolicyMatcher } from './policy-matcher.ts';

const codeOf = (run: () => unknown): string => {
  try {
    run();
    return 'nothing was thrown';
  } catch (error) {
    return error instanceof CoreError ? error.code : String(error);
  }
};

const apps = [
  { name: 'wiki', tags: ['docs'] },
  { name: 'pay', tags: ['money', 'docs'] },
  { name: 'ssh', tags: [] },
];
const alice = { user: 'alice', groups: ['staff'], method: 'browser' } as const;

function decideOne(rule: PolicyRuleInput, subject: PolicySubject, app: number, port = 443): boolean {
  const matcher = new PolicyMatcher(compilePolicy({ apps, rules: [rule] }));
  return matcher.decide(matcher.open(subject), app, 'tcp', port) === 0;
}

describe('PolicyMatcher', () => {
  it.each<[string, PolicyRuleInput, boolean]>([
    ['no condition', {}, true],
    ['the user', { users: ['bob', 'alice'] }, true],
    ['another user', { users: ['bob'] }, false],
    ['an empty list of users', { users: [] }, false],
    ['the group', { groups: ['staff'] }, true],
    ['another group', { groups: ['guests'] }, false],
    ['user and group', { users: ['alice'], groups: ['staff'] }, true],
    ['user, but another group', { users: ['alice'], groups: ['guests'] }, false],
    ['group, but another user', { users: ['bob'], groups: ['staff'] }, false],
    ['the app', { apps: ['pay'] }, true],
    ['another app', { apps: ['wiki'] }, false],
    ['an unknown app', { apps: ['gone'] }, false],
    ['the tag', { tags: ['money'] }, true],
    ['a tag that nobody has', { tags: ['gone'] }, false],
    ['app and tag', { apps: ['pay', 'ssh'], tags: ['docs'] }, true],
    ['tag, but another app', { apps: ['wiki'], tags: ['docs'] }, false],
    ['the method', { methods: ['browser'] }, true],
    ['another method', { methods: ['agent'] }, false],
    ['the port', { ports: [{ protocol: 'tcp', from: 443, to: 443 }] }, true],
    [
      'a port in a later range',
      {
        ports: [
          { protocol: 'tcp', from: 1, to: 2 },
          { protocol: 'tcp', from: 0, to: 65_535 },
        ],
      },
      true,
    ],
    ['a port below', { ports: [{ protocol: 'tcp', from: 444, to: 65_535 }] }, false],
    ['a port above', { ports: [{ protocol: 'tcp', from: 0, to: 442 }] }, false],
    ['the port of another protocol', { ports: [{ protocol: 'udp', from: 443, to: 443 }] }, false],
    ['an empty list of ports', { ports: [] }, false],
  ])('a rule with %s', (_, rule, expected) => {
    expect(decideOne(rule, alice, 1)).toBe(expected);
  });

  it('takes the first rule in order, whether it names the app or every app', () => {
    const matcher = new PolicyMatcher(
      compilePolicy({ apps, rules: [{ users: ['bob'] }, { apps: ['wiki'] }, {}, { apps: ['pay'] }] }),
    );
    const session = matcher.open(alice);
    expect(matcher.apps).toEqual(['wiki', 'pay', 'ssh']);
    expect(apps.map((_, app) => matcher.decide(session, app, 'tcp', 443))).toEqual([1, 2, 2]);
    expect([...matcher.decideAll(session, [{ app: 1, protocol: 'udp', port: 0 }])]).toEqual([2]);
  });

  it('blocks by default', () => {
    const matcher = new PolicyMatcher(compilePolicy({ apps, rules: [] }));
    expect(matcher.decide(matcher.open(alice), 0, 'tcp', 443)).toBe(-1);
  });

  it('answers more probes than one batch holds', () => {
    const matcher = new PolicyMatcher(
      compilePolicy({ apps, rules: [{ ports: [{ protocol: 'udp', from: 7, to: 9 }] }] }),
    );
    const probes = Array.from({ length: 10_001 }, (_, i) => ({ app: i % 3, protocol: 'udp', port: i }) as const);
    const answers = matcher.decideAll(matcher.open(alice), probes);
    expect(answers.length).toBe(10_001);
    expect([...answers.keys()].filter((i) => answers[i] === 0)).toEqual([7, 8, 9]);
  });

  it('takes people with more groups than one batch holds', () => {
    const groups = Array.from({ length: 9_000 }, (_, i) => `g${i}`);
    const rules = groups.map((group) => ({ groups: [group], ports: [{ protocol: 'tcp' as const, from: 1, to: 1 }] }));
    const matcher = new PolicyMatcher(compilePolicy({ apps, rules: [...rules, { groups: ['g8999'] }] }));
    expect(matcher.decide(matcher.open({ ...alice, groups }), 0, 'tcp', 1)).toBe(0);
    expect(matcher.decide(matcher.open({ ...alice, groups }), 0, 'tcp', 2)).toBe(9_000);
    expect(matcher.decide(matcher.open({ ...alice, groups: ['g4095'] }), 0, 'tcp', 1)).toBe(4095);
  });

  it('refuses sessions that are closed or of another matcher, and what does not exist', () => {
    const image = compilePolicy({ apps, rules: [{}] });
    const [one, two] = [new PolicyMatcher(image), new PolicyMatcher(image)];
    const session = one.open(alice);
    expect(codeOf(() => two.decide(session, 0, 'tcp', 1))).toBe('CW_CORE_SESSION');
    expect(codeOf(() => two.decideAll(session, []))).toBe('CW_CORE_SESSION');
    expect(codeOf(() => two.close(session))).toBe('CW_CORE_SESSION');
    for (const app of [-1, 3, 0.5, Number.NaN]) {
      expect(codeOf(() => one.decide(session, app, 'tcp', 1))).toBe('CW_CORE_ARGUMENT');
      expect(codeOf(() => one.decideAll(session, [{ app, protocol: 'tcp', port: 1 }]))).toBe('CW_CORE_ARGUMENT');
    }
    for (const port of [-1, 65_536, 1.5, Number.NaN]) {
      expect(codeOf(() => one.decide(session, 0, 'tcp', port))).toBe('CW_CORE_ARGUMENT');
    }
    one.close(session);
    one.close(session);
    expect(one.openSessions).toBe(0);
    expect(codeOf(() => one.decide(session, 0, 'tcp', 1))).toBe('CW_CORE_SESSION');
  });

  it('gives a closed session’s memory to the next, without its rules', () => {
    const matcher = new PolicyMatcher(compilePolicy({ apps, rules: [{ users: ['alice'] }] }), { maxSessions: 1 });
    const before = matcher.memoryBytes;
    for (let i = 0; i < 10_000; i++) {
      const session = matcher.open(i % 2 === 0 ? alice : { ...alice, user: 'bob' });
      expect(codeOf(() => matcher.open(alice))).toBe('CW_CORE_SESSIONS');
      expect(matcher.decide(session, 0, 'tcp', 1)).toBe(i % 2 === 0 ? 0 : -1);
      matcher.close(session);
    }
    expect(matcher.memoryBytes).toBe(before);
  });

  it('keeps answering while its memory grows under open sessions', () => {
    const rules = Array.from({ length: 5_000 }, (_, i) => ({ users: [`u${i}`] }));
    const matcher = new PolicyMatcher(compilePolicy({ apps, rules }));
    const before = matcher.memoryBytes;
    const sessions = rules.map((_, i) => matcher.open({ ...alice, user: `u${i}` }));
    expect(matcher.memoryBytes).toBeGreaterThan(before + 5_000 * 625);
    for (const [i, session] of sessions.entries()) {
      expect(matcher.decide(session, i % 3, 'tcp', 1)).toBe(i);
      expect(matcher.decideAll(session, [{ app: 0, protocol: 'udp', port: 1 }])[0]).toBe(i);
    }
  });
});

const names = (...all: string[]) => fc.option(fc.subarray(all), { nil: undefined, freq: 2 });
const port = fc.oneof(fc.constantFrom(0, 22, 443, 65_535), fc.integer({ min: 0, max: 65_535 }));
const range = fc
  .record({ protocol: fc.constantFrom('tcp' as const, 'udp' as const), a: port, b: port })
  .map(({ protocol, a, b }) => ({ protocol, from: Math.min(a, b), to: Math.max(a, b) }));
const rule: fc.Arbitrary<PolicyRuleInput> = fc
  .record({
    users: names('alice', 'bob', 'zoë', 'u'),
    groups: names('staff', 'ops', 'guests', 'u'),
    apps: names('wiki', 'pay', 'ssh', 'gone'),
    tags: names('docs', 'money', 'gone'),
    ports: fc.option(fc.array(range, { maxLength: 3 }), { nil: undefined }),
    methods: names('browser', 'agent'),
  })
  .map((all) => Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)));
const app = (name: string) => fc.subarray(['docs', 'money', 'unused']).map((tags) => ({ name, tags }));
const policy: fc.Arbitrary<PolicyInput> = fc
  .record({
    apps: fc.tuple(app('wiki'), app('pay'), app('ssh')),
    // Up to the third 128-bit word, and past the length at which lists become bitsets.
    rules: fc.oneof(fc.array(rule, { maxLength: 8 }), fc.array(rule, { minLength: 60, maxLength: 300, size: 'max' })),
    // Rules that nobody satisfies in front, so that the first match lies behind full words of bits.
    padding: fc.constantFrom(0, 0, 127, 128, 129, 700),
  })
  .map(({ apps: list, rules, padding }) => ({
    apps: list,
    rules: [...Array.from({ length: padding }, () => ({ users: ['nobody'] })), ...rules],
  }));
const subject = fc.record({
  user: fc.constantFrom('alice', 'bob', 'zoë', 'u', 'stranger'),
  groups: fc.subarray(['staff', 'ops', 'guests', 'u', 'other']),
  method: fc.constantFrom('browser' as const, 'agent' as const),
});
const probe: fc.Arbitrary<PolicyProbe> = fc.record({
  app: fc.integer({ min: 0, max: 2 }),
  protocol: fc.constantFrom('tcp' as const, 'udp' as const),
  port,
});

describe('against the reference', () => {
  it('decides the same for random policies, people and probes', () => {
    fc.assert(
      fc.property(
        policy,
        fc.array(subject, { minLength: 1, maxLength: 4 }),
        fc.array(probe, { minLength: 1 }),
        (input, subjects, probes) => {
          const matcher = new PolicyMatcher(compilePolicy(input));
          const reference = new ReferencePolicyMatcher(input);
          for (const who of subjects) {
            const session = matcher.open(who);
            const expected = [...reference.decideAll(reference.open(who), probes)];
            expect([...matcher.decideAll(session, probes)]).toEqual(expected);
            expect(probes.map((p) => matcher.decide(session, p.app, p.protocol, p.port))).toEqual(expected);
          }
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it('decides the same for ten thousand rules', () => {
    const input = {
      apps: Array.from({ length: 50 }, (_, i) => ({ name: `app${i}`, tags: [`t${i % 5}`] })),
      rules: Array.from({ length: 10_000 }, (_, i): PolicyRuleInput => ({
        ...(i % 3 === 0 ? { groups: [`g${i % 97}`] } : { users: [`u${i % 1009}`] }),
        ...(i % 7 === 0 ? {} : i % 2 === 0 ? { tags: [`t${i % 6}`] } : { apps: [`app${i % 53}`] }),
        ...(i % 5 === 0 ? { ports: [{ protocol: 'tcp', from: i, to: i + 9 }] } : {}),
      })),
    };
    const matcher = new PolicyMatcher(compilePolicy(input));
    const reference = new ReferencePolicyMatcher(input);
    const probes = input.apps.map((_, index) => ({ app: index, protocol: 'tcp', port: 5_000 }) as const);
    for (let i = 0; i < 10; i++) {
      const who = { user: `u${i * 77}`, groups: i % 2 === 0 ? [] : [`g${i}`], method: 'agent' } as const;
      expect(matcher.decideAll(matcher.open(who), probes)).toEqual(reference.decideAll(reference.open(who), probes));
    }
  });
});

it('the module imports nothing, and grows no instance beyond its first page by itself', () => {
  expect(instantiateCore().memory.buffer.byteLength).toBe(65_536);
});
