import { describe, expect, it } from 'vitest';
import { policyRule, principal } from './policy.ts';
import { parsePortRange, portRange, privateApp } from './private-app.ts';

const rule = {
  name: 'staff-wiki',
  groups: ['staff'],
  tags: ['docs'],
  ports: ['tcp/443', 'udp/5000-5010'],
  action: 'allow',
};
const facts = {
  ous: ['corp/sales', 'Ärzte'],
  destinations: ['wiki.corp.example', '*.corp.example', '10.0.0.1', '10.0.0.0/8', 'fd00::1-fd00::9'],
  activities: ['access'],
  sources: ['10.0.0.1', '::/0', '10.0.0.1-10.0.0.9'],
  times: [{ days: ['mon'], from: '08:00', to: '18:00' }],
};
const app = {
  name: 'wiki',
  hosts: ['wiki.corp.example', '*.wiki.corp.example', '10.0.0.0/8'],
  ports: ['tcp/443'],
  publishers: ['hq'],
};

describe('policyRule', () => {
  it('takes rules as people write them', () => {
    expect(policyRule.parse(rule)).toEqual(rule);
    expect(policyRule.parse({ ...rule, ...facts })).toEqual({ ...rule, ...facts });
    expect(policyRule.parse({ name: 'all', action: 'block', notice: 'Closed.' })).toBeTruthy();
  });

  it.each<[string, Record<string, unknown>]>([
    ['no action', { action: undefined }],
    ['another action', { action: 'permit' }],
    ['a notice on an allow', { notice: 'hello' }],
    ['an empty notice', { action: 'block', notice: '' }],
    ['a long notice', { action: 'block', notice: 'x'.repeat(501) }],
    ['an unknown condition, which would otherwise be no condition', { group: ['staff'] }],
    ['an empty user', { users: [''] }],
    ['a method that is not one', { methods: ['ssh'] }],
    ['a port range that is not one', { ports: ['443'] }],
    ['a unit with a slash at its end', { ous: ['corp/'] }],
    ['a unit too deep', { ous: [Array.from({ length: 65 }, () => 'a').join('/')] }],
    ['the unit that stands for none', { ous: ['(unknown)'] }],
    ['a destination with a port', { destinations: ['wiki:80'] }],
    ['a source that is a name', { sources: ['corp.example'] }],
    ['a source that is a wildcard', { sources: ['*.corp.example'] }],
    ['a time that is none', { times: [{ from: '25:00' }] }],
    ['an activity that nobody can tell yet', { activities: ['access', 'download'] }],
    ['a name with capitals', { name: 'Staff' }],
    ['a name that ends in a dash', { name: 'staff-' }],
    ['a name of 64 characters', { name: 'a'.repeat(64) }],
  ])('refuses %s', (_, change) => expect(policyRule.safeParse({ ...rule, ...change }).success).toBe(false));
});

describe('portRange', () => {
  it.each([
    ['tcp/443', { protocol: 'tcp', from: 443, to: 443 }],
    ['udp/5000-5010', { protocol: 'udp', from: 5000, to: 5010 }],
    ['tcp/1-65535', { protocol: 'tcp', from: 1, to: 65_535 }],
  ])('reads %s', (text, range) => {
    expect(portRange.safeParse(text).success).toBe(true);
    expect(parsePortRange(text)).toEqual(range);
  });

  it.each([
    '',
    '443',
    'tcp',
    'tcp/',
    'tcp/0',
    'tcp/65536',
    'tcp/10-5',
    'tcp/1-65536',
    'tcp/-5',
    'tcp/5-',
    'sctp/5',
    'tcp/5/6',
    'tcp/5,6',
    'tcp/1e3',
    ' tcp/5',
    'TCP/5',
  ])('refuses %j', (text) => expect(portRange.safeParse(text).success).toBe(false));
});

describe('privateApp', () => {
  it('fills in what may be left out', () => {
    const upstream = { host: 'wiki.corp.example', port: 80 };
    expect(privateApp.parse({ ...app, clientless: { urls: ['wiki.causeway.localhost'], upstream } })).toMatchObject({
      description: '',
      tags: [],
      clientless: { upstream: { scheme: 'http', verify: true }, requestHeaders: {}, preserveHost: false, origins: [] },
    });
  });

  it.each<[string, Record<string, unknown>]>([
    ['no hosts', { hosts: [] }],
    ['a host with a port', { hosts: ['wiki:80'] }],
    ['no publishers', { publishers: [] }],
    ['no ports', { ports: [] }],
    ['an unknown field', { port: 443 }],
    [
      'a header with a line break',
      {
        clientless: { urls: ['a.example'], upstream: { host: 'a', port: 1 }, requestHeaders: { 'x-a': 'b\r\nx-c: d' } },
      },
    ],
    ['a custom URL in capitals', { clientless: { urls: ['A.example'], upstream: { host: 'a', port: 1 } } }],
    ['a custom URL that is an address', { clientless: { urls: ['10.0.0.1'], upstream: { host: 'a', port: 1 } } }],
  ])('refuses %s', (_, change) => expect(privateApp.safeParse({ ...app, ...change }).success).toBe(false));
});

describe('principal', () => {
  const alice = {
    user: 'alice',
    displayName: 'Alice',
    groups: [],
    method: 'browser',
    authenticatedAt: 1,
    session: 's_1',
  };

  it('names a person, a method and a session, and nothing unknown', () => {
    expect(principal.safeParse(alice).success).toBe(true);
    expect(principal.safeParse({ ...alice, ou: 'corp/sales' }).success).toBe(true);
    expect(principal.safeParse({ ...alice, device: { id: 'd', name: 'laptop' } }).success).toBe(true);
    expect(principal.safeParse({ ...alice, admin: true }).success).toBe(false);
    expect(principal.safeParse({ ...alice, session: undefined }).success).toBe(false);
    expect(principal.safeParse({ ...alice, method: 'any' }).success).toBe(false);
  });
});
