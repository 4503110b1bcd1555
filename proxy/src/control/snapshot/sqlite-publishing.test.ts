import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { makeControlFixture, type ControlFixture } from '../control-fixture.ts';
import { ANN, putApp, putRule } from '../objects/object-suite.ts';
import { sqlitePlace } from '../store/fixtures/store-place.ts';
import type { StorePlace } from '../store/fixtures/store-place.ts';
import { SnapshotCompiler } from './compiler.ts';
import { openTestPop, writeDeployment, type TestPop, ruleNames } from './pop-fixture.ts';
import { publishingSuite } from './publishing-suite.ts';

publishingSuite('SQLite', sqlitePlace);

describe('objects of the configuration file', () => {
  let fixture: ControlFixture;
  let file = '';
  let place: StorePlace;
  let pop: TestPop;
  const compiler = new SnapshotCompiler();
  afterAll(() => compiler.close());
  const OBJECTS = `publishers: [{ name: dc1 }]
apps: [{ name: wiki, hosts: [wiki.corp.example], ports: [tcp/443], publishers: [dc1] }]
rules:
  - { name: one, groups: [staff], apps: [wiki], action: allow }
  - { name: two, groups: [guests], action: block }
`;
  beforeEach(async () => {
    fixture = await makeControlFixture();
    file = join(fixture.dir, 'causeway.yaml');
    writeDeployment(file, OBJECTS);
    place = await sqlitePlace();
    pop = await openTestPop(compiler, place.location, file);
  });
  afterEach(async () => {
    await pop.close();
    await place.remove();
    fixture.remove();
  });

  const rules = (): string[] => ruleNames(pop.configuration.current());
  const working = async (): Promise<string[]> =>
    (await pop.objects.list('rules', { limit: 100 })).items.map(({ name }) => name);

  test('are in the store, in the file’s order and as its own, and follow it', async () => {
    expect(await working()).toEqual(['one', 'two']);
    expect(await pop.objects.get('apps', 'wiki')).toMatchObject({ managedBy: 'file', updatedBy: 'causeway.yaml' });
    await expect(pop.objects.apply([putRule('one')], ANN)).rejects.toMatchObject({ code: 'CW_MANAGED' });
    const zero = '  - { name: zero, users: [ann], action: allow }\n  - { name: one, groups: [staff], action: allow }\n';
    writeDeployment(file, `${OBJECTS.slice(0, OBJECTS.indexOf('  - '))}${zero}`);
    await pop.configuration.reload();
    expect(rules()).toEqual(['zero', 'one']);
    expect(await working()).toEqual(['zero', 'one']);
    expect((await pop.objects.history('rules', 'two', { limit: 1 })).items).toMatchObject([{ op: 'deleted' }]);
    expect((await pop.objects.history('rules', 'one', { limit: 9 })).items).toMatchObject([
      { op: 'updated', diff: [{ path: 'apps', before: ['wiki'] }] },
      { op: 'created' },
    ]);
    const { version } = await pop.objects.apply([], ANN);
    await pop.configuration.reload();
    expect(await pop.objects.workingVersion()).toBe(version);
  });

  test('go together with those of the API, whose drafts a reload does not publish', async () => {
    await pop.objects.apply([putApp('mail'), putRule('mine', { apps: ['mail', 'wiki'] })], ANN);
    writeDeployment(file, `${OBJECTS}  - { name: three, action: block }\n`);
    await pop.configuration.reload();
    expect(rules()).toEqual(['one', 'two', 'three']);
    await pop.snapshots.publish(ANN);
    expect(rules()).toEqual(['one', 'two', 'three', 'mine']);
    writeDeployment(file, `${OBJECTS}  - { name: three, apps: [mail], action: block }\n`);
    await pop.configuration.reload();
    expect(rules()).toEqual(['one', 'two', 'three', 'mine']);

    const { number } = pop.configuration.current().snapshot;
    writeDeployment(file, OBJECTS.replace('rules:', 'rules:\n  - { name: mine, action: allow }'));
    await expect(pop.configuration.reload()).rejects.toMatchObject({
      code: 'CW_SNAPSHOT_REFUSED',
      message: 'causeway.yaml:6:13 rules[0].name: "mine" was made with the API: delete it there or rename it here',
    });
    writeDeployment(file, OBJECTS.replaceAll('dc1', 'dc2'));
    await expect(pop.configuration.reload()).rejects.toMatchObject({
      message: 'apps "mail" publishers[0]: there is no publisher "dc1"; did you mean "dc2"?',
    });
    writeDeployment(file, OBJECTS.replace('[guests]', '[guests], apps: [maill]'));
    await expect(pop.configuration.reload()).rejects.toMatchObject({
      message: 'causeway.yaml:7:43 rules[1].apps[0]: there is no app "maill"; did you mean "mail"?',
    });
    expect(pop.configuration.current().snapshot.number).toBe(number);
    expect(await working()).toEqual(['one', 'two', 'three', 'mine']);
    expect(pop.health.degraded().join('\n')).toContain('CW_SNAPSHOT_REFUSED');
  });

  test('are left alone when an earlier snapshot is restored', async () => {
    const before = pop.snapshots.current;
    await pop.objects.apply([putRule('mine')], ANN);
    writeDeployment(file, OBJECTS.replace('[guests]', '[guests, others]'));
    await pop.configuration.reload();
    const restored = await pop.snapshots.restore(before, ANN);
    expect(restored.skipped).toEqual([{ kind: 'rules', name: 'two' }]);
    expect(await working()).toEqual(['one', 'two']);
  });

  test('a file that is no configuration keeps a PoP from starting, with the reason itself', async () => {
    writeFileSync(file, 'domains: none\n');
    await expect(openTestPop(compiler, place.location, file)).rejects.toMatchObject({ code: 'CW_CONFIG_INVALID' });
  });
});
