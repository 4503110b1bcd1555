import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { PolicyMatcher } from '@causeway/wasm-core';
import { openStore } from '../store/kysely-store.ts';
import type { Store } from '../store/store.ts';
import { compileSnapshot, publishSnapshot } from './compiler.ts';

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

let folder = '';
let file = '';
let store: Store;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'causeway-snapshot-'));
  file = join(folder, 'causeway.yaml');
  await writeFile(join(folder, 'idp.xml'), '<x/>');
  store = await openStore({ file: join(folder, 's.sqlite') });
});
beforeEach(() => writeFile(file, GOOD));
afterAll(async () => {
  await store.close();
  await rm(folder, { recursive: true });
});

test('the image decides as the rules say', async () => {
  const { snapshot, config } = await compileSnapshot(file);
  expect(snapshot).toMatchObject({
    accessDomain: 'apps.example',
    identityDomain: 'id.example',
    tunnelDomain: 'tunnel.example',
    loginOrigin: 'https://login.id.example:8443',
    publishers: ['dc1', 'dc2'],
    publicPort: 8443,
  });
  expect(snapshot.apps).toEqual(config.apps);
  expect(snapshot.rules).toEqual(config.rules);

  const matcher = new PolicyMatcher(Buffer.from(snapshot.policyImage, 'base64'));
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

test('what can never decide is found after the snapshot, in the same thread', async () => {
  const dead =
    '  - { name: staff-too, users: [ann], groups: [staff], tags: [docs], ports: [tcp/443], action: block }\n';
  await writeFile(file, GOOD + dead);
  const { analysis, warnings } = await compileSnapshot(file);
  expect(warnings).toEqual([]);
  expect(await analysis.done).toEqual({
    shadowed: [{ rule: 3, by: 1 }],
    warnings: [
      'causeway.yaml:15:5 rules[3]: "staff-too" never decides: rules[1] "staff" before it matches whatever it does',
    ],
  });
  const stopped = await compileSnapshot(file);
  stopped.analysis.stop();
  expect(await stopped.analysis.done).toBeNull();
});

test('publishing numbers what changed and nothing else', async () => {
  const first = await publishSnapshot(store, file, 1);
  expect(first.snapshot.number).toBe(1);
  expect((await publishSnapshot(store, file, 2)).snapshot).toEqual(first.snapshot);
  await writeFile(file, `${GOOD}# only a remark\n`);
  expect((await publishSnapshot(store, file, 3)).snapshot.number).toBe(1);
  await writeFile(file, GOOD.replace('users: [ann]', 'users: [bob]'));
  expect((await publishSnapshot(store, file, 4)).snapshot.number).toBe(2);
});

test('a configuration with a fault is refused whole, with its lines, and publishes nothing', async () => {
  const { number } = (await publishSnapshot(store, file, 5)).snapshot;
  await writeFile(file, GOOD.replace('[dc2]', '[dc3]').replace('apps: [ssh]', 'apps: [shh]'));
  await expect(publishSnapshot(store, file, 6)).rejects.toMatchObject({
    code: 'CW_SNAPSHOT_REFUSED',
    message: [
      'causeway.yaml:10:69 apps[1].publishers[0]: there is no publisher "dc3"; did you mean "dc1"?',
      'causeway.yaml:14:39 rules[2].apps[0]: there is no app "shh"; did you mean "ssh"?',
    ].join('\n'),
    cause: { code: 'CW_CONFIG_INVALID' },
  });
  await writeFile(file, GOOD);
  expect((await publishSnapshot(store, file, 7)).snapshot.number).toBe(number);
  await rm(file);
  await expect(compileSnapshot(file)).rejects.toMatchObject({
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
  const { snapshot } = await compileSnapshot(file);
  clearInterval(timer);
  expect(snapshot.rules).toHaveLength(5_003);
  expect(turns).toBeGreaterThan(10);
});
