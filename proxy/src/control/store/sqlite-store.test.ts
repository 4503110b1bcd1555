import { stat, writeFile } from 'node:fs/promises';
import { Kysely, sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openDatabase } from './open-database.ts';
import { sqlitePlace } from './fixtures/store-place.ts';
import { migrate } from './migrate.ts';
import { foundation } from './migrations/0001-foundation.ts';
import { openStore } from './kysely-store.ts';
import type { StoreTables } from './schema.ts';
import { openSqlite } from './sqlite-database.ts';
import { storeSuite } from './store-suite.ts';

storeSuite('SQLite', sqlitePlace);

let place: Awaited<ReturnType<typeof sqlitePlace>>;
beforeEach(async () => {
  place = await sqlitePlace();
});
afterEach(() => place.remove());

describe('the file', () => {
  test('is for its owner alone', async () => {
    const store = await openStore(place.location);
    await store.close();
    expect((await stat(place.file)).mode & 0o777).toBe(0o600);
  });

  test('is refused where it is no store', async () => {
    await expect(openStore({ file: place.folder })).rejects.toMatchObject({ code: 'CW_STORE_FAILED' });
    await writeFile(place.file, 'this is not a database, whatever its name says'.repeat(100));
    await expect(openStore(place.location)).rejects.toMatchObject({ code: 'CW_STORE_FAILED' });
  });
});

describe('connections', () => {
  test('closing lets the writes under way end', async () => {
    const store = await openStore(place.location);
    const writes = Array.from({ length: 20 }, (_, i) => store.useOnce([`a${i}`], 1));
    await Promise.all([...writes, store.close()]);
    expect(await Promise.all(writes)).toEqual(writes.map(() => true));
    await expect(store.epoch()).rejects.toMatchObject({ code: 'CW_STORE_FAILED' });
  });

  test('reads go on while a transaction holds the writer, and see nothing of it until it commits', async () => {
    const database = await openDatabase(place.location);
    const read = () => database.read.selectFrom('secret').select('name').execute();
    await database.transaction(async (tx) => {
      await tx.insertInto('secret').values({ name: 'k', value: 'v' }).execute();
      expect(await read()).toEqual([]);
    });
    expect(await read()).toEqual([{ name: 'k' }]);
    await database.close();
  });

  test('what only reads cannot write', async () => {
    const database = await openDatabase(place.location);
    const write = database.read.insertInto('secret').values({ name: 'k', value: 'v' }).execute();
    await expect(write).rejects.toThrow(/readonly/);
    await database.close();
  });

  test('more writes than the bound are refused, and the others done', async () => {
    const database = await openDatabase(place.location, { maxPending: 5 });
    const names = Array.from({ length: 12 }, (_, i) => `k${i}`);
    const answers = await Promise.allSettled(
      names.map((name) => database.write.insertInto('secret').values({ name, value: '' }).execute()),
    );
    const refused = answers.filter(({ status }) => status === 'rejected');
    expect(refused.length).toBeGreaterThan(0);
    for (const answer of refused) expect(answer).toMatchObject({ reason: { code: 'CW_BUSY' } });
    const rows = await database.read.selectFrom('secret').select('name').execute();
    expect(rows).toHaveLength(names.length - refused.length);
    await database.close();
  });
});

describe('migrations', () => {
  const withDatabase = async (body: (db: Kysely<StoreTables>) => Promise<void>): Promise<void> => {
    const connections = await openSqlite(place.file, {});
    try {
      await body(connections.write);
    } finally {
      await connections.close();
    }
  };
  const step = (name: string, up: (db: Kysely<StoreTables>) => Promise<void> = async () => {}) => ({ name, up });

  test('of many that start at once one migrates and the others find it done', async () => {
    const stores = await Promise.all(Array.from({ length: 6 }, () => openStore(place.location)));
    expect(await Promise.all(stores.map((store) => store.epoch()))).toEqual([0, 0, 0, 0, 0, 0]);
    await Promise.all(stores.map((store) => store.close()));
  });

  test('a store of a newer version is refused and left alone', async () => {
    const store = await openStore(place.location);
    await store.close();
    await withDatabase(async (db) => {
      await sql`insert into migration (number, name) values (1000, 'later')`.execute(db);
    });
    await expect(openStore(place.location)).rejects.toMatchObject({
      code: 'CW_STORE_FAILED',
      message: expect.stringContaining('migration 1000 "later"'),
    });
  });

  test('sessions of before there were organisational units have none', async () => {
    await withDatabase(async (db) => {
      await migrate(db, 'sqlite', [step('foundation', (tx) => foundation(tx, 'sqlite'))]);
      await sql`insert into session values ('s_1', 'ann', 'Ann', '["staff"]', 'hash', 1, 9, '', 'ann', null)`.execute(
        db,
      );
    });
    const store = await openStore(place.location);
    expect(await store.session('s_1')).toMatchObject({ groups: ['staff'], ou: null });
    await store.close();
  });

  test('numbers of snapshots go on from those of the first schema', async () => {
    await withDatabase(async (db) => {
      await migrate(db, 'sqlite', [{ name: 'foundation', up: foundation }]);
      await sql`insert into snapshot (number, text, published_at) values (6, 'a', 1), (7, 'b', 2)`.execute(db);
      await migrate(db, 'sqlite');
      const query = db.selectFrom('counter').select('value').where('name', '=', 'snapshot');
      expect(await query.executeTakeFirst()).toEqual({ value: 7 });
      expect(await db.selectFrom('snapshot').selectAll().execute()).toEqual([]);
    });
  });

  test('a migration that fails leaves nothing of it behind', async () => {
    const half = step('half', async (db) => {
      await db.schema.createTable('half').addColumn('x', 'text').execute();
      throw new Error('out of luck');
    });
    await withDatabase(async (db) => {
      await expect(migrate(db, 'sqlite', [half])).rejects.toThrow('out of luck');
      const tables = await db.introspection.getTables();
      expect(tables.map(({ name }) => name)).toEqual([]);
    });
  });
});
