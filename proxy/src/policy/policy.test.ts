import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compilePolicy } from '@causeway/wasm-core';
import { ReferencePolicyMatcher } from '@causeway/wasm-core/reference';
import { policyRule, privateApp } from '@causeway/contract';
import { policyInput, policySubject, type PolicyPrincipal } from './policy-input.ts';
import { Policy } from './policy.ts';
import { factsOf } from './rule-facts.ts';
import { ZoneClock } from './zone-clock.ts';

const apps = ['wiki', 'pay'].map((name) =>
  privateApp.parse({
    name,
    tags: [`t-${name}`],
    hosts: [`${name}.example`],
    ports: ['tcp/1-65535'],
    publishers: ['p'],
  }),
);
const NOON = Date.parse('2026-11-23T12:00Z');
const ADA: PolicyPrincipal = { user: 'ada', groups: [], method: 'browser' };

function policyOf(rules: readonly object[], timeZone = 'UTC') {
  const checked = rules.map((rule, i) => policyRule.parse({ name: `r${i}`, ...rule }));
  const input = policyInput(apps, checked);
  return {
    policy: new Policy({ image: compilePolicy(input), facts: factsOf(apps, checked), apps, timeZone }, NOON),
    input,
    checked,
  };
}

describe('a verdict', () => {
  test('says which conditions held, and is one object per rule', () => {
    const { policy } = policyOf([
      { groups: ['g'], tags: ['t-wiki'], action: 'block', notice: 'No.' },
      { action: 'allow' },
    ]);
    const session = policy.open({ ...ADA, groups: ['g'] }, '');
    const blocked = policy.decide(session, 0, { host: 'a', port: 1 }, NOON);
    expect(blocked).toEqual({ action: 'block', rule: 'r0', why: 'rule r0 blocks it by groups, tags', notify: 'No.' });
    expect(policy.decide(session, 0, { host: 'b', port: 2 }, NOON)).toBe(blocked);
    expect(policy.decide(session, 1, { host: 'a', port: 1 }, NOON).why).toBe('rule r1 allows it, as everything');
  });

  test('is the default for an app that does not exist, whatever a rule would match', () => {
    const { policy } = policyOf([{ action: 'allow' }]);
    const session = policy.open(ADA, '');
    for (const [app, target] of [
      [-1, { host: 'a', port: 1 }],
      [0, null],
      [9, { host: 'a', port: 1 }],
    ] as const) {
      expect(policy.decide(session, app, target, NOON)).toMatchObject({ action: 'block', rule: null });
    }
  });
});

test.each([{ apps: ['wiki'] }, { tags: ['t-wiki'] }, {}])('a destination decides under %j', (which) => {
  const { policy } = policyOf([{ ...which, destinations: ['10.0.0.0/8'], action: 'block' }, { action: 'allow' }]);
  const session = policy.open(ADA, '');
  const decide = (app: number, host: string) => policy.decide(session, app, { host, port: 1 }, NOON).rule;
  expect([decide(0, '10.0.0.1'), decide(0, '11.0.0.1'), decide(0, 'a.example')]).toEqual(['r0', 'r1', 'r1']);
  expect(decide(1, '10.0.0.1')).toBe(Object.keys(which).length === 0 ? 'r0' : 'r1');
});

describe('a fact that is not known', () => {
  test('opens nothing where rules ask for the address, and does not matter where they do not', () => {
    const asking = policyOf([{ sources: ['10.0.0.0/8'], action: 'block' }, { action: 'allow' }]).policy;
    for (const address of ['', 'unknown', '%eth0']) {
      const verdict = asking.decide(asking.open(ADA, address), 0, { host: 'a', port: 1 }, NOON);
      expect(verdict).toMatchObject({ action: 'block', rule: null, why: expect.stringContaining('address') });
    }
    const decide = (address: string) => asking.decide(asking.open(ADA, address), 0, { host: 'a', port: 1 }, NOON).rule;
    expect(['10.1.1.1', '::ffff:10.1.1.1', 'fe80::1%eth0'].map(decide)).toEqual(['r0', 'r0', 'r1']);
    const { policy } = policyOf([{ action: 'allow' }]);
    expect(policy.decide(policy.open(ADA, ''), 0, { host: 'a', port: 1 }, NOON).action).toBe('allow');
  });

  test('of units satisfies blocks and no allows', () => {
    const { policy } = policyOf([
      { ous: ['corp'], apps: ['wiki'], action: 'block' },
      { ous: ['corp'], action: 'allow' },
      { apps: ['wiki'], action: 'allow' },
    ]);
    const decide = (ou: string | undefined, app: number) =>
      policy.decide(policy.open({ ...ADA, ou }, ''), app, { host: 'a', port: 1 }, NOON).rule;
    expect([decide(undefined, 0), decide(undefined, 1)]).toEqual(['r0', null]);
    expect([decide('corp/x', 0), decide('corp/x', 1), decide('other', 0)]).toEqual(['r0', 'r1', 'r2']);
  });
});

/** Everything that the schema lets pass, written in every form. */
const name = fc.constantFrom('a.example', 'b.a.example', 'x-.example', '_srv.example', '1a.example', 'EXAMPLE', 'x');
const number = fc.constantFrom(
  '10.0.0.1',
  '10.0.0.255',
  '0.0.0.0',
  '::',
  '::1',
  '::ffff:10.0.0.1',
  '1::2:3:4:5:6:7',
  'fd00::10.0.0.1',
  'FD00::A',
);
const host = fc.oneof(
  name,
  name.map((text) => `*.${text}`),
  number,
  fc.tuple(number, fc.constantFrom('0', '8', '08', '32', '64', '128', '129')).map(([base, bits]) => `${base}/${bits}`),
  fc.tuple(number, number).map(([from, to]) => `${from}-${to}`),
);
const some = <T>(of: fc.Arbitrary<T>) =>
  fc.oneof(
    { weight: 5, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary: fc.array(of, { minLength: 1, maxLength: 4 }) },
  );
const time = fc.constantFrom('00:00', '08:30', '12:00', '12:01', '23:59', '24:00');
const conditions = fc.record({
  users: some(fc.constantFrom('ada', 'bob')),
  groups: some(fc.constantFrom('g', 'h')),
  ous: some(fc.constantFrom('corp', 'corp/x', 'other')),
  apps: some(fc.constantFrom('wiki', 'pay')),
  tags: some(fc.constantFrom('t-wiki', 'none')),
  destinations: some(host),
  ports: some(fc.constantFrom('tcp/443', 'tcp/1-100', 'udp/443')),
  methods: some(fc.constantFrom('browser', 'agent')),
  sources: some(host),
  times: some(fc.record({ days: fc.constant(['mon', 'sun']), from: time, to: time })),
  action: fc.constantFrom('allow', 'block'),
});

test('whatever the schema lets pass compiles, and is decided as the rules say', () => {
  let decided = 0;
  fc.assert(
    fc.property(
      fc.array(conditions, { minLength: 1, maxLength: 6 }),
      fc.record({
        user: fc.constantFrom('ada', 'bob'),
        groups: fc.subarray(['g', 'h']),
        ou: fc.constantFrom(undefined, 'corp/x/y', 'corp', 'elsewhere'),
        method: fc.constantFrom('browser' as const, 'agent' as const),
      }),
      fc.constantFrom('10.0.0.1', '10.0.0.7', 'fd00::a', '::1'),
      fc.constantFrom('a.example', 'b.a.example', 'q.a.example', 'x', '10.0.0.1', 'fd00::a00:1', '::5'),
      fc.constantFrom(NOON, NOON + 60_000, NOON + 43_200_000),
      (rules, principal, address, destination, now) => {
        const written = rules.map((rule) =>
          Object.fromEntries(Object.entries(rule).filter(([, value]) => value !== undefined)),
        );
        const passing = written.filter((rule) => policyRule.safeParse({ name: 'r', ...rule }).success);
        const { policy, input, checked } = policyOf(passing, 'Europe/Zurich');
        const flow = { destination, now, utcOffset: new ZoneClock('Europe/Zurich').offset(now) };
        const expected = new ReferencePolicyMatcher(input).decide(
          policySubject(principal, address),
          0,
          'tcp',
          443,
          flow,
        );
        const verdict = policy.decide(policy.open(principal, address), 0, { host: destination, port: 443 }, now);
        expect(verdict.rule).toBe(checked[expected]?.name ?? null);
        if (expected >= 0) decided++;
      },
    ),
    { numRuns: 400, seed: 7 },
  );
  expect(decided).toBeGreaterThan(100);
});
