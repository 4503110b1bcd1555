import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openDatabase } from './open-database.ts';
import { lackingPostgres, startPostgres, type PostgresServer } from './fixtures/postgres-server.ts';
import { openStore } from './kysely-store.ts';
import { storeSuite } from './store-suite.ts';

describe.skipIf(lackingPostgres('the store'))('with a server', () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres();
  }, 60_000);
  afterAll(() => server.stop());

  storeSuite('PostgreSQL', () => server.database());

  describe('PostgreSQL', () => {
    test('of many that start at once one migrates and the others find it done', async () => {
      const place = await server.database();
      const stores = await Promise.all(Array.from({ length: 6 }, () => openStore(place.location)));
      expect(await Promise.all(stores.map((store) => store.epoch()))).toEqual([0, 0, 0, 0, 0, 0]);
      await Promise.all(stores.map((store) => store.close()));
      await place.remove();
    });

    test('what one control process moves the other hears of, also after its connections were lost', async () => {
      const place = await server.database();
      const [one, other] = await Promise.all([openStore(place.location), openDatabase(place.location)]);
      const seen = async (epoch: number): Promise<number> => {
        const { promise, resolve, reject } = Promise.withResolvers<number>();
        const stop = other.onMoved(() => {
          other.read
            .selectFrom('counter')
            .select('value')
            .where('name', '=', 'epoch')
            .executeTakeFirstOrThrow()
            .then(({ value }) => (value === epoch ? resolve(value) : undefined), reject);
        });
        return promise.finally(stop);
      };
      const device = { name: 'd', user: 'ann', createdAt: 1, revokedAt: null };
      await one.createDevice({ ...device, id: 'd1' });
      await one.createDevice({ ...device, id: 'd2' });
      const [first] = await Promise.all([seen(1), one.revokeDevice('d1', 1)]);
      expect(first).toBe(1);
      await server.dropConnections();
      const second = seen(2);
      await expect.poll(() => one.revokeDevice('d2', 2).catch(() => null)).toBe(true);
      expect(await second).toBe(2);
      await Promise.all([one.close(), other.close()]);
      await place.remove();
    });

    test('a server that is not there is said so', async () => {
      const opening = openStore({ url: 'postgres://nobody@127.0.0.1:9/none' });
      await expect(opening).rejects.toMatchObject({ code: 'CW_STORE_FAILED' });
    });
  });
});
