import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CausewayError, LIMITS } from '@causeway/contract';
import { loadConfig, parseConfig } from './load.ts';

const HEAD = `domains:
  access: apps.example
  identity: id.example
  tunnel: tunnel.example
identityProvider:
  metadata: idp.xml
`;
const WIKI = `publishers:
  - name: dc1
apps:
  - name: wiki
    hosts: [wiki.corp.example]
    ports: [tcp/80]
    publishers: [dc1]
    tags: [docs]
    clientless:
      urls: [wiki.apps.example]
      upstream: { host: wiki.corp.example, port: 80 }
`;

function problems(text: string): string[] {
  try {
    parseConfig(text, 'causeway.yaml');
  } catch (error) {
    if (error instanceof CausewayError && error.code === 'CW_CONFIG_INVALID') return error.message.split('\n');
    throw error;
  }
  return [];
}

describe('parseConfig', () => {
  test('fills in every default', () => {
    const { config, warnings } = parseConfig(HEAD + WIKI, 'causeway.yaml');
    expect(warnings).toEqual([]);
    expect(config).toMatchObject({
      listen: '127.0.0.1:8443',
      operations: '127.0.0.1:9464',
      workers: 1,
      session: { hours: LIMITS.sessionHours },
      certificates: {},
      identityProvider: { groupsAttribute: 'groups', displayNameAttribute: 'displayName' },
      rules: [],
    });
    expect(config.apps[0]).toMatchObject({
      description: '',
      clientless: { upstream: { scheme: 'http', verify: true } },
    });
  });

  test('names line and column of every problem, not only of the first', () => {
    const text = `${HEAD}${WIKI}    owner: me
rules:
  - name: all
    user: [ann]
    action: permit
workers: many
`;
    expect(problems(text)).toEqual([
      'causeway.yaml:18:5 apps[0].owner: unknown key',
      'causeway.yaml:21:5 rules[0].user: unknown key; did you mean "users"?',
      'causeway.yaml:22:13 rules[0].action: expected one of "allow"|"block"',
      'causeway.yaml:23:10 workers: expected number, received string',
    ]);
  });

  test('names the entry of a list', () => {
    expect(problems(HEAD + WIKI.replace('[tcp/80]', '[tcp/80, tcp/99999]'))).toEqual([
      'causeway.yaml:12:21 apps[0].ports[1]: ports lie between 1 and 65535',
    ]);
  });

  test('says what is missing, where it belongs', () => {
    expect(problems('publishers: []\n')).toEqual([
      'causeway.yaml:1:1 domains: is missing (object)',
      'causeway.yaml:1:1 identityProvider: is missing (object)',
    ]);
    expect(problems('')).toHaveLength(1);
  });

  test('reports broken YAML, keys written twice and alias bombs by line', () => {
    expect(problems('a: [1, 2\nb: 3\n')[0]).toMatch(/^causeway\.yaml:2:/);
    expect(problems('workers: 1\nworkers: 2\n')[0]).toMatch(/^causeway\.yaml:2:1 .*unique/);
    const bomb = ['a0: &a0 [x]', ...Array.from({ length: 9 }, (_, i) => bombLine(i + 1))].join('\n');
    expect(problems(bomb)[0]).toMatch(/alias/i);
  });

  test.each([
    [
      'an unknown publisher',
      '[dc1]',
      '[dc2]',
      '13:18 apps[0].publishers[0]: there is no publisher "dc2"; did you mean "dc1"?',
    ],
    [
      'a custom URL outside the access domain',
      '[wiki.apps.example]',
      '[wiki.corp.example]',
      '16:14 apps[0].clientless.urls[0]: wiki.corp.example is not below the access domain apps.example',
    ],
    [
      'the access domain itself as a custom URL',
      '[wiki.apps.example]',
      '[apps.example]',
      '16:14 apps[0].clientless.urls[0]: apps.example is not below the access domain apps.example',
    ],
  ])('refuses %s', (_what, from, to, message) => {
    expect(problems(HEAD + WIKI.replace(from, to))).toEqual([`causeway.yaml:${message}`]);
  });

  const second = (hosts: string, ports: string, url: string): string => `${HEAD}${WIKI}  - name: other
    hosts: [${hosts}]
    ports: [${ports}]
    publishers: [dc1]
    clientless: { urls: [${url}], upstream: { host: x.example, port: 80 } }
`;

  test('refuses a custom URL of two apps', () => {
    expect(problems(second('x.example', 'tcp/80', 'wiki.apps.example'))).toEqual([
      'causeway.yaml:22:26 apps[1].clientless.urls[0]: wiki.apps.example is a custom URL of wiki already',
    ]);
  });

  test('refuses two apps on the same host and port, however the ports are written', () => {
    expect(problems(second('wiki.corp.example', 'tcp/79-81', 'x.apps.example'))).toEqual([
      'causeway.yaml:19:13 apps[1].hosts[0]: wiki.corp.example with tcp/79-81 belongs to wiki already',
    ]);
    expect(problems(second('wiki.corp.example', 'tcp/443', 'x.apps.example'))).toEqual([]);
    expect(problems(second('wiki.corp.example', 'udp/80', 'x.apps.example'))).toEqual([]);
    expect(problems(second('"*.corp.example"', 'tcp/80', 'x.apps.example'))).toEqual([]);
  });

  test('refuses names used twice', () => {
    const text = `${HEAD}publishers: [{ name: a }, { name: a }]\nrules:\n  - { name: r, action: allow }\n  - { name: r, action: block }\n`;
    expect(problems(text)).toEqual([
      'causeway.yaml:7:35 publishers[1].name: "a" is the name of publishers[0] already',
      'causeway.yaml:10:13 rules[1].name: "r" is the name of rules[0] already',
    ]);
  });

  test('refuses a rule for an unknown app, and warns of a tag that no app has', () => {
    const rule = (condition: string): string => `${HEAD}${WIKI}rules:\n  - { name: r, action: allow, ${condition} }\n`;
    expect(problems(rule('apps: [wikki]'))).toEqual([
      'causeway.yaml:19:38 rules[0].apps[0]: there is no app "wikki"; did you mean "wiki"?',
    ]);
    expect(problems(rule('groups: []'))).toHaveLength(1);
    const { warnings, neverDeciding } = parseConfig(rule('tags: [dogs]'), 'causeway.yaml');
    expect(neverDeciding()).toEqual({ shadowed: [{ rule: 0, by: null }], warnings: [] });
    expect(warnings).toEqual(['causeway.yaml:19:38 rules[0].tags[0]: no app has the tag "dogs"; did you mean "docs"?']);
  });

  const rules = (...texts: string[]): string =>
    `${HEAD}${WIKI}rules:\n${texts.map((text) => `  - ${text}\n`).join('')}`;

  test('takes every condition that an edge can tell', () => {
    const text = rules(
      '{ name: r, action: allow, ous: [corp/sales], destinations: ["*.corp.example", 10.0.0.0/8, "fd00::1-fd00::9"], activities: [access], sources: [10.0.0.1, "::/0"], times: [{ days: [mon], from: 08:00, to: 18:00 }, { days: [sat] }, {}] }',
    ).replace('idp.xml', 'idp.xml\n  ouAttribute: orgUnitPath');
    const { config, warnings } = parseConfig(text, 'causeway.yaml');
    expect(warnings).toEqual([]);
    expect(config.timeZone).toBe('UTC');
    expect(config.rules[0]?.times).toEqual([
      { days: ['mon'], from: '08:00', to: '18:00' },
      { days: ['sat'], from: '00:00', to: '24:00' },
      { days: ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'], from: '00:00', to: '24:00' },
    ]);
  });

  test.each([
    [
      'activities: [upload]',
      'rules[0].activities[0]: upload cannot be told yet: a rule on it would promise what nothing keeps',
    ],
    ['activities: [read]', 'rules[0].activities[0]: expected "access"'],
    ['posture: [encrypted]', 'rules[0].posture: unknown key'],
    ['sources: [corp.example]', 'rules[0].sources[0]: an IP, CIDR or from-to range'],
    ['destinations: [10.0.0.0/08]', 'rules[0].destinations[0]: a name, *.name, IP, CIDR or from-to range'],
    ['times: [{ from: 8:00 }]', 'rules[0].times[0].from: a time of day in two digits each, 00:00 to 24:00'],
    ['times: []', 'rules[0].times: an empty list matches nothing; leave it out to match all'],
  ])('refuses the condition %s', (condition, message) => {
    expect(problems(rules(`{ name: r, action: allow, ${condition} }`))).toEqual([expect.stringContaining(message)]);
  });

  test('warns of units that no login says', () => {
    const { warnings } = parseConfig(rules('{ name: r, action: allow, ous: [corp] }'), 'causeway.yaml');
    const message = 'logins say no organisational unit, so only SCIM may: set identityProvider.ouAttribute';
    expect(warnings).toEqual([expect.stringMatching(new RegExp(`rules\\[0\\]\\.ous: ${message}$`))]);
  });

  test('refuses a time zone that nobody knows', () => {
    expect(problems(`${HEAD}timeZone: Europe/Atlantis\n`)).toEqual([
      'causeway.yaml:7:11 timeZone: a time zone of the IANA database, like Europe/Zurich',
    ]);
    expect(problems(`${HEAD}timeZone: Europe/Zurich\n`)).toEqual([]);
  });

  test('warns of rules that can never decide, and says what comes before them', () => {
    const loaded = parseConfig(
      rules(
        '{ name: staff, groups: [staff], action: allow }',
        '{ name: not-at-night, groups: [staff], times: [{ from: "22:00", to: "06:00" }], action: block }',
        '{ name: other, apps: [wiki], tags: [docs], action: allow }',
      ),
      'causeway.yaml',
    );
    expect(loaded.warnings).toEqual([]);
    const { shadowed, warnings } = loaded.neverDeciding();
    expect(shadowed).toEqual([{ rule: 1, by: 0 }]);
    expect(warnings).toEqual([
      'causeway.yaml:20:5 rules[1]: "not-at-night" never decides: rules[0] "staff" before it matches whatever it does',
    ]);
  });

  test('refuses domains inside each other and operations beyond loopback', () => {
    expect(problems(HEAD.replace('id.example', 'id.apps.example'))).toEqual([
      'causeway.yaml:3:13 domains.identity: must not be below the access domain apps.example',
    ]);
    expect(problems(HEAD.replace('id.example', 'apps.example'))).toHaveLength(1);
    expect(problems(`${HEAD}operations: 0.0.0.0:9464\n`)).toEqual([
      'causeway.yaml:7:13 operations: health and metrics stay on a loopback address',
    ]);
    expect(problems(`${HEAD}operations: '[::1]:9464'\nlisten: '[::]:443'\n`)).toEqual([]);
  });
});

function bombLine(i: number): string {
  return `a${i}: &a${i} [${Array.from({ length: 9 }, () => `*a${i - 1}`).join(', ')}]`;
}

describe('loadConfig', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'causeway-config-'));
  });
  afterAll(async () => {
    await rm(folder, { recursive: true });
  });

  test('resolves paths beside the file, and misses files that it names', async () => {
    const file = join(folder, 'causeway.yaml');
    await expect(loadConfig(file)).rejects.toMatchObject({ code: 'CW_CONFIG_MISSING' });
    await writeFile(file, HEAD);
    await expect(loadConfig(file)).rejects.toMatchObject({
      code: 'CW_CONFIG_MISSING',
      message: expect.stringContaining('identityProvider.metadata: '),
    });
    await writeFile(join(folder, 'idp.xml'), '<x/>');
    expect((await loadConfig(file)).identityProvider.metadata).toBe(join(folder, 'idp.xml'));
  });
});
