import { compilePolicy } from '@causeway/wasm-core';
import { parseConfig } from '../config/load.ts';
import { beforeAll, describe, expect, it } from 'vitest';
import { PolicyView } from './policy-view.ts';
import { policyInput } from './snapshot/compile.ts';

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
beforeAll(() => {
  const { apps, rules } = parseConfig(CONFIG, 'causeway.yaml').config;
  const policyImage = Buffer.from(compilePolicy(policyInput(apps, rules))).toString('base64');
  view = new PolicyView({ number: 3, apps, rules, policyImage });
});

describe('allowedApps', () => {
  const names = (user: string, groups: string[]): string[] =>
    view.allowedApps({ user, groups }).map(({ app, browser, agent }) => `${app.name} ${browser} ${agent}`);

  it('lists what some method may open, and says which', () => {
    expect(names('ada', [])).toEqual(['wiki true false']);
    expect(names('bea', ['lab'])).toEqual(['everything false true', 'labs false true']);
    expect(names('ada', ['guests'])).toEqual(['wiki true false']);
    expect(names('eve', [])).toEqual([]);
  });
});

describe('explain', () => {
  const ask = (target: string, groups: string[] = ['lab'], method: 'browser' | 'agent' = 'agent') =>
    view.explain({ user: 'ada', groups, method }, target);

  it('finds the app by custom URL, name, host and port, and address, the most specific first', () => {
    expect(ask('https://wiki.access.test:8443/x?y', [], 'browser')).toMatchObject({
      app: 'wiki',
      verdict: { action: 'allow', rule: 'wiki-by-browser' },
      snapshot: 3,
    });
    expect(ask('wiki.access.test').app).toBe('wiki');
    expect(ask('labs').app).toBe('labs');
    expect(ask('a.labs.corp.example:443').app).toBe('labs');
    expect(ask('a.labs.corp.example:80').app).toBe('everything');
    expect(ask('wiki.corp.example:80').app).toBe('wiki');
    expect(ask('10.1.2.3:22').app).toBe('labs');
    expect(ask('10.2.2.3:22').app).toBe('everything');
    expect(ask('10.1.2.3').app).toBe('labs');
    expect(ask('nowhere.example:443')).toMatchObject({
      app: null,
      verdict: { action: 'block', rule: null },
      steps: [],
    });
  });

  it('shows every rule that was tried, up to the one that matched', () => {
    const { steps, verdict } = ask('labs', ['guests']);
    expect(steps.map(({ rule, matched }) => [rule, matched])).toEqual([['no-agents-in-labs', true]]);
    expect(verdict).toMatchObject({ action: 'block', rule: 'no-agents-in-labs', notify: 'Ask first.' });
    const refused = ask('wiki', []);
    expect(refused.steps).toHaveLength(4);
    expect(refused.steps.every((step) => !step.matched && step.why !== '')).toBe(true);
    expect(refused.verdict).toMatchObject({ action: 'block', rule: null });
    expect(refused.verdict.notify).toBeUndefined();
  });
});
