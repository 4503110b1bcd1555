import { describe, expect, test } from 'vitest';
import { assignedApp, policyRule, privateApp, type PolicyRule, type PrivateApp } from '@causeway/contract';
import { appsOfPublisher, SteeredApps } from './assigned-apps.ts';
import { factsOf } from './rule-facts.ts';
import { atOnce } from './steps.ts';

const wiki = privateApp.parse({
  name: 'wiki',
  hosts: ['wiki.corp.example', '*.wiki.corp.example'],
  ports: ['tcp/80', 'tcp/443'],
  publishers: ['dc1', 'dc2'],
  clientless: { urls: ['wiki.apps.example'], upstream: { host: '10.0.0.7', port: 8080 } },
});
const anything = privateApp.parse({ name: 'any', hosts: ['10.0.0.0/8'], ports: ['tcp/1-65535'], publishers: ['dc2'] });
const steeredApps = (apps: readonly PrivateApp[], rules: readonly PolicyRule[]): SteeredApps =>
  atOnce(SteeredApps.building(apps, factsOf(apps, rules)));
const rule = (ports: string[]): PolicyRule => policyRule.parse({ name: 'r', ports, action: 'allow' });

describe('a publisher', () => {
  test('is assigned its apps with every host, port and upstream', () => {
    expect(appsOfPublisher([wiki, anything], 'dc1')).toEqual([
      {
        name: 'wiki',
        targets: [
          { host: 'wiki.corp.example', ports: ['tcp/80', 'tcp/443'] },
          { host: '*.wiki.corp.example', ports: ['tcp/80', 'tcp/443'] },
          { host: '10.0.0.7', ports: ['tcp/8080'] },
        ],
      },
    ]);
    expect(appsOfPublisher([wiki, anything], 'dc2').map(({ name }) => name)).toEqual(['wiki', 'any']);
    expect(appsOfPublisher([wiki, anything], 'dc3')).toEqual([]);
  });

  test('gets what the control message’s schema accepts', () => {
    for (const app of appsOfPublisher([wiki, anything], 'dc2')) expect(assignedApp.parse(app)).toEqual(app);
  });
});

describe('an agent', () => {
  const steer = (apps: PrivateApp[], rules: PolicyRule[], allowed: (port: number) => boolean) => {
    const asked: number[] = [];
    const assigned = steeredApps(apps, rules).of((_app, { port }) => {
      asked.push(port);
      return allowed(port);
    });
    return { assigned, asked };
  };

  test('steers only what is decided for its person, and never the upstream', () => {
    const { assigned } = steer([wiki], [rule(['tcp/443'])], (port) => port === 443);
    expect(assigned).toEqual([
      {
        name: 'wiki',
        targets: [
          { host: 'wiki.corp.example', ports: ['tcp/443'] },
          { host: '*.wiki.corp.example', ports: ['tcp/443'] },
        ],
      },
    ]);
    expect(steer([wiki], [], () => false).assigned).toEqual([]);
  });

  test('cuts a wide range where the rules do, with few questions', () => {
    const rules = [rule(['tcp/22']), rule(['tcp/80-89', 'udp/53'])];
    const { assigned, asked } = steer([anything], rules, (port) => port !== 22);
    expect(assigned[0]?.targets).toEqual([{ host: '10.0.0.0/8', ports: ['tcp/1-21', 'tcp/23-65535'] }]);
    expect(asked).toEqual([1, 22, 23, 80, 90]);
  });

  test('is asked for each host, with the destinations within that rules tell apart', () => {
    const app = privateApp.parse({
      ...anything,
      hosts: ['10.0.0.0/8', '*.corp.example', 'db.corp.example', 'fd00::/8', '*.other.example'],
      ports: ['tcp/22'],
    });
    const destinations = ['10.1.0.0/16', '*.eu.corp.example', 'db.corp.example', '192.168.0.1', '::/0', 'corp.example'];
    const rules = [policyRule.parse({ name: 'd', destinations, action: 'allow' })];
    const asked: string[] = [];
    const assigned = steeredApps([app], rules).of((_app, { host }) => {
      const text =
        typeof host === 'string'
          ? host
          : Buffer.from(host)
              .toString('hex')
              .replace(/^0{20}ffff/, '');
      asked.push(text);
      return text === '0a010000' || text === 'x.eu.corp.example';
    });
    expect(asked).toEqual([
      '0a000000',
      '0a010000',
      'x.corp.example',
      'db.corp.example',
      'x.eu.corp.example',
      'db.corp.example',
      `fd${'0'.repeat(30)}`,
      'x.other.example',
    ]);
    expect(assigned).toEqual([
      {
        name: 'any',
        targets: [
          { host: '10.0.0.0/8', ports: ['tcp/22'] },
          { host: '*.corp.example', ports: ['tcp/22'] },
        ],
      },
    ]);
  });

  test('is asked for an address behind IPv4 in a network of IPv6 around it', () => {
    const app = privateApp.parse({ ...anything, hosts: ['::fffe:0:0-::1:0:0:1'], ports: ['tcp/22'] });
    const rules = [policyRule.parse({ name: 'd', destinations: ['10.0.0.0/8'], action: 'allow' })];
    const asked: string[] = [];
    steeredApps([app], rules).of((_app, { host }) => asked.push(Buffer.from(host).toString('hex')) < 0);
    expect(asked).toEqual([`${'0'.repeat(20)}fffe00000000`, `${'0'.repeat(19)}1000000000000`]);
  });

  test('agrees with asking for every port', () => {
    const rules = [rule(['tcp/5-9']), rule(['tcp/9-12', 'tcp/1']), rule(['tcp/30'])];
    const app = privateApp.parse({ ...anything, ports: ['tcp/1-40'] });
    const allowed = (port: number): boolean => (port >= 5 && port <= 12) || port === 30;
    const text = steer([app], rules, allowed).assigned[0]?.targets[0]?.ports;
    expect(text).toEqual(['tcp/5-12', 'tcp/30']);
  });
});
