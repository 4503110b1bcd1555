import { describe, expect, it } from 'vitest';
import { instantiateCore } from '../core-instance.ts';
import { CoreError } from '../errors.ts';
import { ReferencePolicyMatcher } from '../reference/index.ts';
import { compilePolicy } from './compile-policy.ts';
import type { PolicyFlow, PolicyRuleInput, PolicySubject } from './policy-input.ts';
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
      expect(decide({ now: 8.64e15 + 1 })).toBe('CW_CORE_ARGUMENT');
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

it('the module imports nothing, and grows no instance beyond its first page by itself', () => {
  expect(instantiateCore().memory.buffer.byteLength).toBe(65_536);
});
