import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { makeControlFixture, type ControlFixture } from '../control-fixture.ts';
import { ANN, putRule } from '../objects/object-suite.ts';
import { lackingPostgres, startPostgres, type PostgresServer } from '../store/fixtures/postgres-server.ts';
import type { StorePlace } from '../store/fixtures/store-place.ts';
import { SnapshotCompiler } from './compiler.ts';
import { openTestPop, writeDeployment, type TestPop, ruleNames } from './pop-fixture.ts';
import { publishingSuite } from './publishing-suite.ts';

describe.skipIf(lackingPostgres('publishing'))('with a server', () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres();
  }, 60_000);
  afterAll(() => server.stop());

  publishingSuite('PostgreSQL', () => server.database());

  describe('PoPs on one PostgreSQL', () => {
    let fixture: ControlFixture;
    let file = '';
    let place: StorePlace;
    let pops: TestPop[];
    const compiler = new SnapshotCompiler();
    beforeAll(async () => {
      fixture = await makeControlFixture();
      file = join(fixture.dir, 'deployment.yaml');
      writeDeployment(file);
    });
    afterAll(async () => {
      await compiler.close();
      fixture.remove();
    });
    beforeEach(async () => {
      place = await server.database();
      pops = await Promise.all(Array.from({ length: 3 }, () => openTestPop(compiler, place.location, file)));
    });
    afterEach(async () => {
      await Promise.all(pops.map((pop) => pop.close()));
      await place.remove();
    });

    test('agree on the first snapshot, and follow what any of them publishes', async () => {
      expect(pops.map(({ snapshots }) => snapshots.current)).toEqual([1, 1, 1]);
      const [one, two] = pops;
      await one?.objects.apply([putRule('a')], ANN);
      await one?.snapshots.publish(ANN);
      const all = await Promise.all(pops.map((pop) => pop.inForce(2)));
      for (const published of all) expect(ruleNames(published)).toEqual(['a']);
      await two?.objects.apply([putRule('b')], ANN);
      await two?.snapshots.publish(ANN);
      await Promise.all(pops.map((pop) => pop.inForce(3)));
      expect(pops.map(({ published }) => published)).toEqual([
        [2, 3],
        [2, 3],
        [2, 3],
      ]);
    });

    test('follow within a second', async () => {
      const [one, two] = pops;
      const taken: number[] = [];
      for (let round = 0; round < 3; round++) {
        await one?.objects.apply([putRule(`r${round}`)], ANN);
        const number = (await one?.snapshots.publish(ANN))?.number ?? 0;
        const from = performance.now();
        await two?.inForce(number);
        taken.push(performance.now() - from);
      }
      // The quickest, because other tests run beside this one.
      expect(Math.min(...taken)).toBeLessThan(1_000);
    });

    test('follow also after their connections were lost', async () => {
      const [one] = pops;
      await server.dropConnections();
      await expect.poll(() => one?.objects.apply([putRule('a')], ANN).catch(() => null)).not.toBeNull();
      await one?.snapshots.publish(ANN);
      await Promise.all(pops.map((pop) => pop.inForce(2)));
    });

    test('that publish at once get numbers of their own, and end up with the last', async () => {
      for (let round = 0; round < 3; round++) {
        await Promise.all(
          pops.map(async (pop, i) => {
            await pop.objects.apply([putRule(`r-${round}-${i}`)], ANN);
            await pop.snapshots.publish(ANN);
          }),
        );
      }
      const { items } = await pops[0]!.snapshots.list({ limit: 100 });
      const last = items[0]?.number ?? 0;
      const all = await Promise.all(pops.map((pop) => pop.inForce(last)));
      for (const published of all) expect(ruleNames(published)).toHaveLength(9);
    });

    test('refuse a file with objects, which would be another truth', async () => {
      const other = join(fixture.dir, 'objects.yaml');
      writeDeployment(other, 'publishers: [{ name: dc1 }]\n');
      await expect(openTestPop(compiler, place.location, other)).rejects.toMatchObject({
        code: 'CW_CONFIG_INVALID',
        message: expect.stringMatching(/^objects\.yaml:3:13 publishers: the store is a PostgreSQL.*causeway apply -f/),
      });
    });
  });
});
