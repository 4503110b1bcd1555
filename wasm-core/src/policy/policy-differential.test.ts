import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ReferencePolicyMatcher } from '../reference/index.ts';
import { compilePolicy } from './compile-policy.ts';
import { readLayout } from './image-layout.ts';
import type { PolicyInput, PolicyProbe, PolicyRuleInput } from './policy-input.ts';
import { PolicyMatcher } from './policy-matcher.ts';

const apps = [
  { name: 'wiki', tags: ['docs'] },
  { name: 'pay', tags: ['money', 'docs'] },
  { name: 'ssh', tags: [] },
];

const names = (...all: string[]) => fc.option(fc.subarray(all), { nil: undefined, freq: 2 });
const port = fc.oneof(fc.constantFrom(0, 22, 443, 65_535), fc.integer({ min: 0, max: 65_535 }));
const range = fc
  .record({ protocol: fc.constantFrom('tcp' as const, 'udp' as const), a: port, b: port })
  .map(({ protocol, a, b }) => ({ protocol, from: Math.min(a, b), to: Math.max(a, b) }));
/** Half absent and mostly wide, or a rule of many conditions would never match. */
const seldom = <T extends string>(...all: T[]) =>
  fc.oneof(
    { weight: 4, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary: fc.subarray(all, { minLength: 1 }) },
    { weight: 1, arbitrary: fc.constant(all) },
  );
const DESTINATIONS = [
  'db.example',
  '*.example',
  '*.b.example',
  '10.1.2.3',
  '10.0.0.0/8',
  '10.1.0.0/16',
  '10.1.2.0-10.1.2.9',
  '2001:db8::/32',
  '2001:db8::5',
  '::/0',
  '0.0.0.0/0',
  '::2-2001:db8::6',
  '::ffff:10.1.0.0/111',
];
const window = fc.record({
  days: fc.subarray(['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const),
  from: fc.oneof(fc.constantFrom(0, 1440), fc.integer({ min: 0, max: 1440 })),
  to: fc.oneof(fc.constantFrom(0, 1440), fc.integer({ min: 0, max: 1440 })),
});
const rule: fc.Arbitrary<PolicyRuleInput> = fc
  .record({
    users: names('alice', 'bob', 'zoë', 'u'),
    groups: names('staff', 'ops', 'guests', 'u'),
    apps: names('wiki', 'pay', 'ssh', 'gone'),
    tags: names('docs', 'money', 'gone'),
    ports: fc.option(fc.array(range, { maxLength: 3 }), { nil: undefined }),
    methods: names('browser', 'agent'),
    ous: seldom('corp', 'corp/eng', 'corp/eng/core', 'hq'),
    posture: seldom('encrypted', 'patched', 'managed'),
    os: seldom('linux', 'macos', 'windows'),
    networks: seldom('home', 'office'),
    activities: seldom('access', 'upload', 'download', 'copy', 'paste'),
    destinations: seldom(...DESTINATIONS),
    sources: seldom('192.0.2.7', '192.0.0.0/16', '192.0.2.0-192.0.2.8', '::/0', '2001:db8::1-2001:db8::9', '0.0.0.0/0'),
    times: fc.option(fc.array(window, { maxLength: 3 }), { nil: undefined, freq: 1 }),
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
const device = fc.record(
  {
    ou: fc.constantFrom('corp', 'corp/eng', 'corp/eng/core/x', 'corporate', 'hq/1', ''),
    posture: fc.subarray(['encrypted', 'patched', 'other']),
    os: fc.constantFrom('linux', 'macos', 'plan9'),
    network: fc.constantFrom('home', 'office', 'train'),
    source: fc.constantFrom(
      '192.0.2.7',
      '192.0.2.9',
      '::ffff:192.0.2.8',
      '2001:db8::1',
      '2001:db8::a',
      '::',
      '9.9.9.9',
    ),
  },
  { requiredKeys: [] },
);
const flow = fc.record(
  {
    destination: fc.oneof(
      fc.constantFrom(
        'db.example',
        'A.b.example.',
        'example',
        'x.other',
        '10.1.2.3',
        '10.1.2.10',
        '10.9.9.9',
        '9.9.9.9',
      ),
      fc.constantFrom('2001:db8::5', '2001:db8::7', '::1', '::ffff:10.1.2.9', '::fffe:ffff:ffff', '::1:0:0:0'),
      fc.constantFrom(Uint8Array.of(10, 1, 2, 3), new Uint8Array(16), new Uint8Array(16).fill(255)),
    ),
    activity: fc.constantFrom('access' as const, 'upload' as const, 'download' as const, 'copy' as const),
    now: fc.integer({ min: -1e12, max: 2e12 }),
    utcOffset: fc.integer({ min: -1440, max: 1440 }),
  },
  { requiredKeys: [] },
);
const probe: fc.Arbitrary<PolicyProbe> = fc
  .tuple(
    fc.record({ app: fc.integer({ min: 0, max: 2 }), protocol: fc.constantFrom('tcp' as const, 'udp' as const), port }),
    flow,
  )
  .map(([basic, facts]) => ({ ...basic, ...facts }));

describe('against the reference', () => {
  it('decides the same for random policies, people and probes', () => {
    const matched = { rule: 0, none: 0 };
    fc.assert(
      fc.property(
        policy,
        fc.array(fc.tuple(subject, device), { minLength: 1, maxLength: 4 }),
        fc.array(probe, { minLength: 1 }),
        (input, subjects, probes) => {
          const matcher = new PolicyMatcher(compilePolicy(input));
          const reference = new ReferencePolicyMatcher(input);
          for (const [person, facts] of subjects) {
            const who = { ...person, ...facts };
            const session = matcher.open(who);
            const expected = [...reference.decideAll(reference.open(who), probes)];
            expect([...matcher.decideAll(session, probes)]).toEqual(expected);
            expect(probes.map((p) => matcher.decide(session, p.app, p.protocol, p.port, p))).toEqual(expected);
            for (const decided of expected) matched[decided >= 0 ? 'rule' : 'none']++;
          }
        },
      ),
      { numRuns: 150 },
    );
    // Both outcomes must have been tried, or this shows nothing.
    expect(Math.min(matched.rule, matched.none)).toBeGreaterThan(100);
  });

  it('decides the same a million times', () => {
    const answers = new Set<number>();
    const wrong: object[] = [];
    let decisions = 0;
    const sample = <T>(arbitrary: fc.Arbitrary<T>, count: number): T[] =>
      fc.sample(arbitrary, { numRuns: count, seed: 3 });
    const probes = sample(probe, 250);
    const people = sample(fc.tuple(subject, device), 100).map(([person, facts]) => ({ ...person, ...facts }));
    for (const rules of sample(fc.array(rule, { minLength: 12, maxLength: 12 }), 40)) {
      const input = { apps, rules };
      const matcher = new PolicyMatcher(compilePolicy(input));
      const reference = new ReferencePolicyMatcher(input);
      for (const who of people) {
        const session = matcher.open(who);
        for (const p of probes) {
          const decided = matcher.decide(session, p.app, p.protocol, p.port, p);
          if (decided !== reference.decide(who, p.app, p.protocol, p.port, p)) wrong.push({ rules, who, p });
          answers.add(decided);
          decisions++;
        }
        matcher.close(session);
      }
    }
    expect(wrong).toEqual([]);
    expect(decisions).toBe(1_000_000);
    expect(answers.size).toBe(13);
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

  it('decides the same where rules name so many combinations of apps that they are mixed', () => {
    const some = fc.subarray(Array.from({ length: 9 }, (_, i) => `app${i}`));
    const combined = fc.record({
      apps: some,
      users: fc.constantFrom(['alice'], ['bob'], ['alice', 'bob']),
      ports: fc.constantFrom(
        [{ protocol: 'tcp' as const, from: 0, to: 99 }],
        [{ protocol: 'tcp' as const, from: 50, to: 70 }],
      ),
    });
    let mixed = 0;
    fc.assert(
      fc.property(fc.array(combined, { minLength: 100, maxLength: 500, size: 'max' }), (rules) => {
        const input = { apps: Array.from({ length: 9 }, (_, i) => ({ name: `app${i}`, tags: [] })), rules };
        const image = compilePolicy(input);
        mixed += readLayout(image).mixedSets;
        const matcher = new PolicyMatcher(image);
        const reference = new ReferencePolicyMatcher(input);
        const probes = [0, 60, 99, 100].flatMap((number) =>
          input.apps.map((_, index) => ({ app: index, protocol: 'tcp', port: number }) as const),
        );
        for (const user of ['alice', 'bob', 'carol']) {
          const who = { user, groups: [], method: 'agent' } as const;
          expect(matcher.decideAll(matcher.open(who), probes)).toEqual(reference.decideAll(who, probes));
        }
      }),
      { numRuns: 100 },
    );
    expect(mixed).toBeGreaterThan(100);
  });
});
