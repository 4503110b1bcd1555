import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { instantiateCore } from '../core-instance.ts';
import { CoreError } from '../errors.ts';
import { ReferencePolicyMatcher } from '../reference/index.ts';
import { compilePolicy } from './compile-policy.ts';
import type { PolicyFlow, PolicyInput, PolicyProbe, PolicyRuleInput, PolicySubject } from './policy-input.ts';
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

  const night = { days: ['sat'], from: 1320, to: 360 } as const;
  const at = (day: number, hour: number): number => Date.UTC(2026, 10, day, hour);
  const device = {
    ...alice,
    ou: 'corp/sales/emea',
    posture: ['encrypted', 'patched'],
    os: 'macos',
    network: 'home',
    source: '192.0.2.7',
  };
  it.each<[string, PolicyRuleInput, PolicyFlow, boolean]>([
    ['the unit', { ous: ['corp/sales/emea'] }, {}, true],
    ['a unit above', { ous: ['hq', 'corp'] }, {}, true],
    ['a unit below', { ous: ['corp/sales/emea/uk'] }, {}, false],
    ['a unit that only begins alike', { ous: ['corp/sal'] }, {}, false],
    ['a posture profile of two', { posture: ['managed', 'patched'] }, {}, true],
    ['another posture profile', { posture: ['managed'] }, {}, false],
    ['the system', { os: ['linux', 'macos'] }, {}, true],
    ['another system', { os: ['linux'] }, {}, false],
    ['the network', { networks: ['home'] }, {}, true],
    ['another network', { networks: ['office'] }, {}, false],
    ['the source', { sources: ['192.0.2.7'] }, {}, true],
    ['a prefix around the source', { sources: ['10.0.0.0/8', '192.0.2.0/24'] }, {}, true],
    ['a range that ends at the source', { sources: ['192.0.1.9-192.0.2.7'] }, {}, true],
    ['a range that ends before', { sources: ['192.0.1.9-192.0.2.6'] }, {}, false],
    ['all of IPv6', { sources: ['::/0'] }, {}, false],
    ['the activity', { activities: ['copy', 'upload'] }, { activity: 'upload' }, true],
    ['another activity', { activities: ['copy'] }, { activity: 'paste' }, false],
    ['access, unless said otherwise', { activities: ['access'] }, {}, true],
    ['the name', { destinations: ['db.example'] }, { destination: 'DB.Example.' }, true],
    ['a name above', { destinations: ['example'] }, { destination: 'db.example' }, false],
    ['names below', { destinations: ['*.example'] }, { destination: 'a.b.example' }, true],
    ['names below, and itself', { destinations: ['*.example'] }, { destination: 'example' }, false],
    ['a name that only ends alike', { destinations: ['*.example'] }, { destination: 'badexample' }, false],
    ['an unknown destination', { destinations: ['*.example', '0.0.0.0/0'] }, {}, false],
    ['the address', { destinations: ['10.1.2.3'] }, { destination: '10.1.2.3' }, true],
    ['the address mapped', { destinations: ['10.1.2.3'] }, { destination: '::ffff:a01:203' }, true],
    ['the address in bytes', { destinations: ['10.0.0.0/8'] }, { destination: Uint8Array.of(10, 1, 2, 3) }, true],
    ['a range', { destinations: ['10.0.0.9-10.0.1.0'] }, { destination: '10.0.0.255' }, true],
    ['the prefix around the longest', { destinations: ['10.0.0.0/8'] }, { destination: '10.1.0.1' }, true],
    ['IPv6', { destinations: ['2001:db8::/32'] }, { destination: '2001:db8:1::' }, true],
    ['all of IPv6, which is no IPv4', { destinations: ['::/0'] }, { destination: '10.0.0.1' }, false],
    ['all of IPv6, behind IPv4', { destinations: ['::/0'] }, { destination: '::1:0:0:0' }, true],
    ['an empty list of destinations', { destinations: [] }, { destination: 'db.example' }, false],
    ['a time', { times: [night] }, { now: at(21, 23) }, true],
    ['a time of the day before', { times: [night] }, { now: at(22, 5) }, true],
    ['a time that is over', { times: [night] }, { now: at(22, 6) }, false],
    ['a time of another day', { times: [night] }, { now: at(20, 23) }, false],
    ['a time elsewhere', { times: [night] }, { now: at(22, 6), utcOffset: -60 }, true],
    ['a time, when it is unknown', { times: [night] }, {}, false],
    ['a time before 1970', { times: [night] }, { now: Date.UTC(1969, 11, 27, 23) }, true],
  ])('a rule with %s', (_, only, flow, expected) => {
    const input = { apps, rules: [only, { destinations: ['10.1.0.0/16'], users: ['bob'] }] };
    const matcher = new PolicyMatcher(compilePolicy(input));
    const session = matcher.open(device);
    const reference = new ReferencePolicyMatcher(input);
    const rule = expected ? 0 : -1;
    expect(matcher.decide(session, 1, 'tcp', 443, flow)).toBe(rule);
    expect([...matcher.decideAll(session, [{ app: 1, protocol: 'tcp', port: 443, ...flow }])]).toEqual([rule]);
    expect(reference.decide(device, 1, 'tcp', 443, flow)).toBe(rule);
    expect(matcher.reason(rule)).toEqual({ rule, conditions: expected ? Object.keys(only) : [] });
    expect(reference.reason(rule)).toEqual(matcher.reason(rule));
  });

  it('holds no condition on what the subject does not say', () => {
    const { user, groups, method } = device;
    for (const only of [
      { ous: ['x'] },
      { posture: ['x'] },
      { os: ['x'] },
      { networks: ['x'] },
      { sources: ['::/0'] },
    ]) {
      expect(decideOne(only, { user, groups, method }, 0)).toBe(false);
    }
  });

  it('refuses facts that are none, whether a rule asks for them or not', () => {
    for (const rules of [[{}], [{ destinations: ['a'], sources: ['::'], times: [night] }]]) {
      const matcher = new PolicyMatcher(compilePolicy({ apps, rules }));
      const session = matcher.open(alice);
      const decide = (flow: PolicyFlow) => codeOf(() => matcher.decide(session, 0, 'tcp', 1, flow));
      for (const destination of [
        '',
        '.',
        'a..b',
        '127.1',
        '0x7f.1',
        '010.0.0.1',
        '[::1]',
        'a b',
        'é',
        '*.a',
        '1.2.3.4/8',
      ]) {
        expect(decide({ destination })).toBe('CW_CORE_ARGUMENT');
      }
      expect(decide({ destination: new Uint8Array(5) })).toBe('CW_CORE_ARGUMENT');
      expect(decide({ now: Number.NaN })).toBe('CW_CORE_ARGUMENT');
      expect(decide({ now: 0, utcOffset: 1441 })).toBe('CW_CORE_ARGUMENT');
      expect(decide({ activity: 'print' as 'copy' })).toBe('CW_CORE_ARGUMENT');
      expect(codeOf(() => matcher.open({ ...alice, source: 'here' }))).toBe('CW_CORE_ADDRESS');
      expect(codeOf(() => matcher.reason(rules.length))).toBe('CW_CORE_ARGUMENT');
    }
    const deep = new PolicyMatcher(compilePolicy({ apps, rules: [{ ous: ['a'] }] }));
    expect(codeOf(() => deep.open({ ...alice, ou: 'a/'.repeat(65) }))).toBe('CW_CORE_ARGUMENT');
    expect(deep.openSessions).toBe(0);
  });

  it('keeps answering for more destinations than it keeps', () => {
    const rules = Array.from({ length: 300 }, (_, i) => ({
      destinations: [`h${i}.example`, `10.0.${i >> 8}.${i & 255}`],
    }));
    const matcher = new PolicyMatcher(compilePolicy({ apps, rules: [...rules, { destinations: ['*.example'] }] }));
    const session = matcher.open(alice);
    const before = matcher.memoryBytes;
    for (let i = 0; i < 40_000; i++) {
      const expected = i < 20_000 ? Math.min(i, 300) : i % 300;
      const destination =
        i < 20_000
          ? `h${i}.example`
          : i % 2 === 0
            ? `h${i % 300}.example`
            : `10.0.${(i % 300) >> 8}.${(i % 300) & 255}`;
      expect(matcher.decide(session, i % 3, 'tcp', 1, { destination })).toBe(expected);
    }
    expect(matcher.memoryBytes).toBe(before);
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
    expect(Math.min(matched.rule, matched.none)).toBeGreaterThan(1_000);
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
});

it('the module imports nothing, and grows no instance beyond its first page by itself', () => {
  expect(instantiateCore().memory.buffer.byteLength).toBe(65_536);
});
