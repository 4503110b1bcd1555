import { parseConfig } from '../config/load.ts';
import { beforeAll, describe, expect, it } from 'vitest';
import { compilePolicy } from '@causeway/wasm-core';
import { ReferencePolicyMatcher } from '@causeway/wasm-core/reference';
import { policyInput } from '../policy/policy-input.ts';
import { factsOf } from '../policy/rule-facts.ts';
import { atOnce } from '../policy/steps.ts';
import { PolicyView, type DecidingSnapshot } from './policy-view.ts';

const CONFIG = `
domains: { access: access.test, identity: id.test, tunnel: tunnel.test }
identityProvider: { metadata: idp.xml }
publishers: [{ name: corp }]
apps:
  - name: wiki
    hosts: [wiki.corp.example]
    ports: [tcp/80]
    publishers: [corp]
    clientless: { urls: [wiki.access.test], upstream: { host: wiki.corp.example, port: 8080 } }
  - name: everything
    hosts: ["*.corp.example", 10.0.0.0/8]
    ports: [tcp/1-65535]
    publishers: [corp]
  - name: labs
    hosts: ["*.labs.corp.example", 10.1.0.0/16]
    ports: [tcp/22, tcp/443]
    publishers: [corp]
rules:
  - { name: no-agents-in-labs, apps: [labs], methods: [agent], groups: [guests], action: block, notice: Ask first. }
  - { name: labs, apps: [labs], groups: [guests, lab], action: allow }
  - { name: wiki-by-browser, apps: [wiki], methods: [browser], users: [ada], action: allow }
  - { name: high-ports, apps: [everything], groups: [lab], ports: [tcp/1-1], action: allow }
`;

let view: PolicyView;
const NOON = Date.parse('2026-11-23T12:00Z'); // a Monday

function viewOf(text: string): PolicyView {
  const { config, neverDeciding } = parseConfig(text, 'causeway.yaml');
  const { apps, rules, timeZone } = config;
  const input = policyInput(apps, rules);
  const matcher = new ReferencePolicyMatcher(input);
  const source: DecidingSnapshot = {
    number: 3,
    apps,
    timeZone,
    facts: factsOf(apps, rules),
    image: compilePolicy(input),
    tried: async ({ subject, app, port, flow }) => ({
      tried: matcher.explain(subject, app, 'tcp', port, flow),
      changes: [],
    }),
  };
  const made = atOnce(PolicyView.building(source, NOON));
  made.shadowed = neverDeciding().shadowed;
  return made;
}
beforeAll(() => {
  view = viewOf(CONFIG);
});

describe('allowedApps', () => {
  const names = (user: string, groups: string[]): string[] =>
    view
      .allowedApps({ user, groups }, '10.9.9.9', NOON)
      .map(({ app, browser, agent }) => `${app.name} ${browser} ${agent}`);

  it('lists what some method may open, and says which', async () => {
    expect(names('ada', [])).toEqual(['wiki true false']);
    expect(names('bea', ['lab'])).toEqual(['everything false true', 'labs false true']);
    expect(names('ada', ['guests'])).toEqual(['wiki true false']);
    expect(names('eve', [])).toEqual([]);
  });
});

describe('explain', () => {
  const ask = (target: string, groups: string[] = ['lab'], method: 'browser' | 'agent' = 'agent') =>
    view.explain({ user: 'ada', groups }, { target, method, at: NOON });

  it('finds the app by custom URL, name, host and port, and address, the most specific first', async () => {
    expect(await ask('https://wiki.access.test:8443/x?y', [], 'browser')).toMatchObject({
      app: 'wiki',
      verdict: { action: 'allow', rule: 'wiki-by-browser' },
      snapshot: 3,
    });
    expect((await ask('wiki.access.test')).app).toBe('wiki');
    expect((await ask('labs')).app).toBe('labs');
    expect((await ask('a.labs.corp.example:443')).app).toBe('labs');
    expect((await ask('a.labs.corp.example:80')).app).toBe('everything');
    expect((await ask('wiki.corp.example:80')).app).toBe('wiki');
    expect((await ask('10.1.2.3:22')).app).toBe('labs');
    expect((await ask('10.2.2.3:22')).app).toBe('everything');
    expect((await ask('10.1.2.3')).app).toBe('labs');
    expect(await ask('nowhere.example:443')).toMatchObject({
      app: null,
      verdict: { action: 'block', rule: null },
      steps: [],
    });
  });

  it('shows every rule that was tried, up to the one that matched', async () => {
    const { steps, verdict } = await ask('labs', ['guests']);
    expect(steps.map(({ rule, matched }) => [rule, matched])).toEqual([['no-agents-in-labs', true]]);
    expect(verdict).toMatchObject({ action: 'block', rule: 'no-agents-in-labs', notify: 'Ask first.' });
    const refused = await ask('wiki', []);
    expect(refused.steps).toHaveLength(4);
    expect(refused.steps.every((step) => !step.matched && step.why !== '')).toBe(true);
    expect(refused.verdict).toMatchObject({ action: 'block', rule: null });
    expect(refused.verdict.notify).toBeUndefined();
  });
});

const FACTS = `${CONFIG.slice(0, CONFIG.indexOf('rules:')).replace('idp.xml', 'idp.xml, ouAttribute: ou')}
timeZone: Europe/Zurich
rules:
  - { name: not-sales, ous: [corp/sales], apps: [labs], action: block }
  - { name: office-hours, apps: [wiki], times: [{ days: [mon, fri], from: "08:00", to: "12:30" }], action: allow }
  - { name: office, apps: [wiki], sources: [10.0.0.0/8, "fd00::/8"], action: allow }
  - { name: some-labs, apps: [labs], destinations: ["*.eu.labs.corp.example", 10.1.7.0/24], action: allow }
  - { name: some-labs-again, apps: [labs], destinations: [a.eu.labs.corp.example], groups: [x], action: block }
`;

describe('facts of a flow', () => {
  let facts: PolicyView;
  beforeAll(() => {
    facts = viewOf(FACTS);
  });
  const decide = (target: string, at: number, from = '192.0.2.1', ou = 'corp/it') =>
    facts.explain({ user: 'ada', groups: [], ou }, { target, method: 'agent', at, from });
  const HOUR = 3_600_000;

  it('are the time in the zone of the policy and the address', async () => {
    expect((await decide('wiki', NOON)).verdict.rule).toBeNull(); // 13:00 there
    expect((await decide('wiki', NOON - HOUR)).verdict).toMatchObject({
      rule: 'office-hours',
      why: expect.stringContaining('times'),
    });
    expect((await decide('wiki', Date.parse('2026-07-06T10:15Z'))).verdict.rule).toBe('office-hours'); // 12:15 in summer
    expect((await decide('wiki', Date.parse('2026-07-06T10:45Z'))).verdict.rule).toBeNull();
    expect((await decide('wiki', NOON, '10.4.4.4')).verdict.rule).toBe('office');
    expect((await decide('wiki', NOON, 'fd12::1')).verdict.rule).toBe('office');
  });

  it('are the destination, whole names and addresses', async () => {
    expect((await decide('a.eu.labs.corp.example:22', NOON)).verdict.rule).toBe('some-labs');
    expect((await decide('eu.labs.corp.example:22', NOON)).verdict.rule).toBeNull();
    expect((await decide('10.1.7.9:22', NOON)).verdict.rule).toBe('some-labs');
    expect(await decide('10.1.8.9:22', NOON)).toMatchObject({ destination: '10.1.8.9:22', verdict: { rule: null } });
  });

  it('are the unit, and who has none is blocked like who is in it', async () => {
    const labs = async (ou: string) => (await decide('10.1.7.9:22', NOON, '192.0.2.1', ou)).verdict.rule;
    expect(await labs('corp/sales/east')).toBe('not-sales');
    expect(await labs('corp/salesmen')).toBe('some-labs');
    const unknown = await facts.explain(
      { user: 'ada', groups: [] },
      { target: '10.1.7.9:22', method: 'agent', at: NOON, from: '::1' },
    );
    expect(unknown.verdict).toMatchObject({ action: 'block', rule: 'not-sales' });
  });

  it('that are missing allow nothing, and explain says so', async () => {
    const { verdict, steps } = await facts.explain(
      { user: 'ada', groups: [] },
      { target: 'wiki', method: 'agent', at: NOON },
    );
    expect(verdict).toMatchObject({ action: 'block', rule: null, why: expect.stringContaining('--from') });
    expect(steps).toEqual([]);
    expect(facts.allowedApps({ user: 'ada', groups: [], ou: 'corp' }, 'unknown', NOON)).toEqual([]);
  });

  it('say what the portal lists', async () => {
    const list = (address: string, at: number) =>
      facts
        .allowedApps({ user: 'ada', groups: [], ou: 'corp' }, address, at)
        .map(({ app, agent }) => `${app.name} ${agent}`);
    expect(list('192.0.2.1', NOON)).toEqual(['labs true']);
    expect(list('192.0.2.1', NOON - HOUR)).toEqual(['wiki true', 'labs true']);
    expect(list('::ffff:10.1.1.1', NOON)).toEqual(['wiki true', 'labs true']);
  });

  it('come with the rules that can never decide', async () => {
    const { shadowed, steps } = await decide('a.eu.labs.corp.example:22', NOON);
    expect(steps.at(-1)).toMatchObject({
      rule: 'some-labs',
      matched: true,
      why: expect.stringContaining('destinations'),
    });
    expect(shadowed).toEqual([{ rule: 'some-labs-again', by: 'some-labs' }]);
    expect((await decide('wiki', NOON - HOUR)).shadowed).toEqual([]);
  });
});
