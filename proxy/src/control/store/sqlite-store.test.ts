import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Kysely, sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { migrate } from './migrate.ts';
import { foundation } from './migrations/0001-foundation.ts';
import type { StoreTables } from './schema.ts';
import { sqliteDialect } from './sqlite-dialect.ts';
import { openSqliteStore } from './sqlite-store.ts';
import { storeSuite } from './store-suite.ts';

storeSuite('SQLite in this thread', openSqliteStore);

describe('migrations', () => {
  let folder = '';
  let file = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'causeway-migrate-'));
    file = join(folder, 'causeway.sqlite');
  });
  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  const withDatabase = async (body: (db: Kysely<StoreTables>) => Promise<void>): Promise<void> => {
    const db = new Kysely<StoreTables>({ dialect: sqliteDialect(file) });
    try {
      await body(db);
    } finally {
      await db.destroy();
    }
  };
  const step = (name: string, up: (db: Kysely<StoreTables>) => Promise<void> = async () => {}) => ({ name, up });

  test('of many that start at once one migrates and the others find it done', async () => {
    const stores = await Promise.all(Array.from({ length: 6 }, () => openSqliteStore(file)));
    expect(await Promise.all(stores.map((store) => store.epoch()))).toEqual([0, 0, 0, 0, 0, 0]);
    await Promise.all(stores.map((store) => store.close()));
  });

  test('a store of a newer version is refused and left alone', async () => {
    await withDatabase((db) => migrate(db, [step('foundation'), step('later')]));
    await expect(openSqliteStore(file)).rejects.toMatchObject({
      code: 'CW_STORE_FAILED',
      message: expect.stringContaining('migration 2 "later"'),
    });
  });

  test('people and sessions of before there were organisational units have none', async () => {
    await withDatabase(async (db) => {
      await migrate(db, [step('foundation', foundation)]);
      await sql`insert into person ("user", display_name, groups, seen_at) values ('ann', 'Ann', '["staff"]', 1)`.execute(
        db,
      );
      await sql`insert into session values ('s_1', 'ann', 'Ann', '["staff"]', 'hash', 1, 9, '', 'ann', null)`.execute(
        db,
      );
    });
    const store = await openSqliteStore(file);
    expect(await store.user('ann')).toMatchObject({ groups: ['staff'], ou: null });
    expect(await store.session('s_1')).toMatchObject({ groups: ['staff'], ou: null });
    await store.close();
  });

  test('a migration that fails leaves nothing of it behind', async () => {
    const half = step('half', async (db) => {
      await db.schema.createTable('half').addColumn('x', 'text').execute();
      throw new Error('out of luck');
    });
    await withDatabase(async (db) => {
      await expect(migrate(db, [half])).rejects.toThrow('out of luck');
      const tables = await db.introspection.getTables();
      expect(tables.map(({ name }) => name)).toEqual([]);
    });
  });

  test('a file that is not SQLite is refused', async () => {
    await writeFile(file, 'this is not a database, whatever its name says'.repeat(100));
    await expect(openSqliteStore(file)).rejects.toMatchObject({ code: 'CW_STORE_FAILED' });
  });
});
