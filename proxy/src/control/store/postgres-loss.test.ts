import { sql } from 'kysely';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { StoreWatch } from '../store-watch.ts';
import type { Database } from './database.ts';
import { lackingPostgres, startPostgres, type PostgresServer } from './fixtures/postgres-server.ts';
import type { StorePlace } from './fixtures/store-place.ts';
import { openDatabase } from './open-database.ts';

describe.skipIf(lackingPostgres('the loss of the store'))('a server that is lost', () => {
  let server: PostgresServer;
  let place: StorePlace;
  let database: Database;
  let watch: StoreWatch;
  let said: string[];

  beforeAll(async () => {
    server = await startPostgres();
  }, 60_000);
  afterAll(() => server.stop());

  beforeEach(async () => {
    place = await server.database();
    database = await openDatabase(place.location);
    said = [];
    watch = new StoreWatch({
      database,
      reread: async () => void (await count()),
      onLost: () => said.push('lost'),
      onBack: async () => void said.push('back'),
      clock: () => performance.now(),
    });
    watch.start();
  });
  afterEach(async () => {
    await watch.stop();
    await database.close();
    await place.remove();
  });

  const count = async (): Promise<number> => (await database.read.selectFrom('counter').selectAll().execute()).length;
  const move = sql`update counter set value = value + 1 where name = 'epoch'`;
  const epoch = async (): Promise<number> => {
    const query = database.read.selectFrom('counter').select('value').where('name', '=', 'epoch');
    return (await query.executeTakeFirstOrThrow()).value;
  };

  test('one that hangs keeps nobody waiting, and answers again by itself', { timeout: 30_000 }, async () => {
    const answered = await count();
    server.hang();
    try {
      const askedAt = performance.now();
      const asked = await Promise.allSettled(Array.from({ length: 20 }, () => count()));
      expect(asked.map((one) => one.status === 'rejected' && (one.reason as { code?: string }).code)).toEqual(
        Array.from({ length: 20 }, () => 'CW_STORE_LOST'),
      );
      // two looks of 3 s each, not the quarter of a minute that a statement may take
      expect(performance.now() - askedAt).toBeLessThan(10_000);
      expect(said).toEqual(['lost']);
      const refusedAt = performance.now();
      await expect(count()).rejects.toMatchObject({ code: 'CW_STORE_LOST' });
      expect(performance.now() - refusedAt).toBeLessThan(100);
    } finally {
      server.resume();
    }
    await expect.poll(() => said, { timeout: 10_000 }).toEqual(['lost', 'back']);
    expect(await count()).toBe(answered);
  });

  test('one that ends our connection within a transaction leaves nothing half-written, and is no loss', async () => {
    const before = await epoch();
    const broken = database.transaction(async (tx) => {
      await move.execute(tx);
      await server.dropConnections();
      await move.execute(tx);
    });
    await expect(broken).rejects.toMatchObject({ code: 'CW_STORE_LOST' });
    await expect.poll(() => epoch().catch(() => null)).toBe(before);
    await expect.poll(() => database.transaction((tx) => move.execute(tx)).then(epoch, () => null)).toBe(before + 1);
    expect([said, watch.loss]).toEqual([[], null]);
  });
});
