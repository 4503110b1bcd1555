import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { PolicyMatcher } from '@causeway/wasm-core';
import { publishWith } from '../control-fixture.ts';
import { ruleNames } from './pop-fixture.ts';
import type { Published } from '../published.ts';
import type { Database, StoreLocation } from '../store/database.ts';
import { openDatabase } from '../store/open-database.ts';
import { SnapshotCompiler } from './compiler.ts';
import { DeadRulesSearch } from './dead-rules-search.ts';

const GOOD = `domains: { access: apps.example, identity: id.example, tunnel: tunnel.example }
identityProvider: { metadata: idp.xml }
publishers: [{ name: dc1 }, { name: dc2 }]
apps:
  - name: wiki
    tags: [docs]
    hosts: [wiki.corp.example]
    ports: [tcp/80, tcp/443]
    publishers: [dc1]
  - { name: ssh, hosts: [10.0.0.0/8], ports: [tcp/22], publishers: [dc2] }
rules:
  - { name: no-agents, apps: [wiki], methods: [agent], action: block, notice: Use the browser. }
  - { name: staff, groups: [staff], tags: [docs], ports: [tcp/443], action: allow }
  - { name: ann, users: [ann], apps: [ssh], action: allow }
`;

const IDP = { entityId: 'idp', ssoUrl: 'https://idp.test/', certificates: [] };

let folder = '';
let file = '';
let database: Database;
let location: StoreLocation;
let compiler: SnapshotCompiler;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'causeway-snapshot-'));
  file = join(folder, 'causeway.yaml');
  await writeFile(join(folder, 'idp.xml'), '<x/>');
  location = { file: join(folder, 's.sqlite') };
  database = await openDatabase(location);
  compiler = new SnapshotCompiler();
});
beforeEach(() => writeFile(file, GOOD));
afterAll(async () => {
  await compiler.close();
  await database.close();
  await rm(folder, { recursive: true });
});

const publish = (): Promise<Published> => publishWith(database, location, compiler, file, IDP);
const compile = () => compiler.run(location, 'compile', { source: { from: 'file', configFile: file }, known: [] });

test('the image decides as the rules say', async () => {
  const published = await publish();
  const { snapshot, edges } = published;
  expect(snapshot).toMatchObject({
    accessDomain: 'apps.example',
    identityDomain: 'id.example',
    tunnelDomain: 'tunnel.example',
    loginOrigin: 'https://login.id.example:8443',
    publishers: ['dc1', 'dc2'],
    publicPort: 8443,
  });
  expect(snapshot.apps.map(({ name }) => name)).toEqual(['wiki', 'ssh']);
  expect(ruleNames(published)).toEqual(['no-agents', 'staff', 'ann']);

  const matcher = new PolicyMatcher(
    Buffer.concat(edges.manifest.image.map(({ hash }) => edges.piece(hash, 0) ?? Buffer.of())),
  );
  expect(matcher.apps).toEqual(['wiki', 'ssh']);
  const decide = (user: string, groups: string[], method: 'browser' | 'agent', app: number, port: number): number => {
    const session = matcher.open({ user, groups, method });
    const rule = matcher.decide(session, app, 'tcp', port);
    matcher.close(session);
    return rule;
  };
  expect(decide('bob', ['staff'], 'browser', 0, 443)).toBe(1);
  expect(decide('bob', ['staff'], 'browser', 0, 80)).toBe(-1);
  expect(decide('bob', ['staff'], 'agent', 0, 443)).toBe(0);
  expect(decide('bob', ['staff'], 'agent', 1, 22)).toBe(-1);
  expect(decide('ann', [], 'agent', 1, 22)).toBe(2);
});

test('what can never decide is found after the snapshot, in another thread', async () => {
  const dead =
    '  - { name: staff-too, users: [ann], groups: [staff], tags: [docs], ports: [tcp/443], action: block }\n';
  await writeFile(file, GOOD + dead);
  const { number } = (await publish()).snapshot;
  const search = new DeadRulesSearch(location, { number, configFile: file });
  const message = '"staff-too" never decides: rules[1] "staff" before it matches whatever it does';
  const shadowed = [{ rule: 3, by: 1 }];
  expect(await search.done).toEqual({ shadowed, warnings: [`causeway.yaml:15:5 rules[3]: ${message}`] });
  await writeFile(file, GOOD);
  const later = new DeadRulesSearch(location, { number, configFile: file });
  expect(await later.done).toEqual({ shadowed, warnings: [`rules "staff-too": ${message}`] });
  const stopped = new DeadRulesSearch(location, { number, configFile: file });
  await stopped.stop();
  expect(await stopped.done).toBeNull();
});

test('publishing numbers what changed and nothing else', async () => {
  const first = await publish();
  expect((await publish()).edges.manifest).toEqual(first.edges.manifest);
  await writeFile(file, `${GOOD}# only a remark\n`);
  expect((await publish()).snapshot.number).toBe(first.snapshot.number);
  await writeFile(file, GOOD.replace('users: [ann]', 'users: [bob]'));
  expect((await publish()).snapshot.number).toBe(first.snapshot.number + 1);
});

test('a configuration with a fault is refused whole, with its lines, and publishes nothing', async () => {
  const { number } = (await publish()).snapshot;
  await writeFile(file, GOOD.replace('[dc2]', '[dc3]').replace('apps: [ssh]', 'apps: [shh]'));
  await expect(publish()).rejects.toMatchObject({
    code: 'CW_SNAPSHOT_REFUSED',
    message: [
      'causeway.yaml:10:69 apps[1].publishers[0]: there is no publisher "dc3"; did you mean "dc1"?',
      'causeway.yaml:14:39 rules[2].apps[0]: there is no app "shh"; did you mean "ssh"?',
    ].join('\n'),
    problems: [
      { kind: 'apps', name: 'ssh', path: 'publishers[0]' },
      { kind: 'rules', name: 'ann', path: 'apps[0]' },
    ],
    cause: { code: 'CW_CONFIG_INVALID' },
  });
  await writeFile(file, GOOD);
  expect((await publish()).snapshot.number).toBe(number);
  await rm(file);
  await expect(compile()).rejects.toMatchObject({
    code: 'CW_SNAPSHOT_REFUSED',
    cause: { code: 'CW_CONFIG_MISSING' },
  });
});

test('the control loop goes on while a large policy compiles', async () => {
  const rules = Array.from(
    { length: 5_000 },
    (_, i) => `  - { name: r${i}, groups: [g${i}], apps: [wiki], action: allow }\n`,
  );
  await writeFile(file, GOOD + rules.join(''));
  let turns = 0;
  const timer = setInterval(() => turns++, 5);
  const { count } = await compile();
  clearInterval(timer);
  expect(count).toBe(5_007);
  expect(turns).toBeGreaterThan(10);
});
