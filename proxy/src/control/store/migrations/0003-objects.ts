import { sql, type Kysely } from 'kysely';
import type { StoreTables } from '../schema.ts';

/** Never edited once released: what comes later is a migration of its own. */
export async function objects(db: Kysely<StoreTables>): Promise<void> {
  const { schema } = db;
  await schema
    .createTable('object')
    .addColumn('kind', 'text', (c) => c.notNull())
    .addColumn('name', 'text', (c) => c.notNull())
    .addColumn('revision', 'bigint', (c) => c.notNull())
    .addColumn('position', 'bigint', (c) => c.notNull())
    .addColumn('managed_by', 'text', (c) => c.notNull())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('updated_at', 'bigint', (c) => c.notNull())
    .addColumn('updated_by', 'text', (c) => c.notNull())
    .addColumn('digest', 'text', (c) => c.notNull())
    .addColumn('words', 'text', (c) => c.notNull())
    .addColumn('terms', 'text', (c) => c.notNull())
    .addColumn('body', 'text', (c) => c.notNull())
    .addPrimaryKeyConstraint('object_key', ['kind', 'name'])
    .execute();
  await schema.createIndex('object_by_position').on('object').columns(['kind', 'position', 'name']).execute();
  await schema.createIndex('object_by_update').on('object').columns(['kind', 'updated_at', 'name']).execute();
  await schema
    .createTable('object_change')
    .addColumn('number', 'bigint', (c) => c.primaryKey().notNull())
    .addColumn('at', 'bigint', (c) => c.notNull())
    .addColumn('actor', 'text', (c) => c.notNull())
    .addColumn('source', 'text', (c) => c.notNull())
    .addColumn('comment', 'text', (c) => c.notNull())
    .execute();
  await schema
    .createTable('object_revision')
    .addColumn('kind', 'text', (c) => c.notNull())
    .addColumn('name', 'text', (c) => c.notNull())
    .addColumn('revision', 'bigint', (c) => c.notNull())
    .addColumn('change', 'bigint', (c) => c.notNull().references('object_change.number'))
    .addColumn('op', 'text', (c) => c.notNull())
    .addColumn('position', 'bigint', (c) => c.notNull())
    .addColumn('body', 'text', (c) => c.notNull())
    .addPrimaryKeyConstraint('object_revision_key', ['kind', 'name', 'revision'])
    .execute();
  await schema.createIndex('object_revision_by_change').on('object_revision').column('change').execute();
  await snapshots(db);
}

/** What was published before holds no objects that could be restored, but its numbers are known to people. */
async function snapshots(db: Kysely<StoreTables>): Promise<void> {
  const { schema } = db;
  const { rows } = await sql<{ last: number | null }>`select max(number) as last from snapshot`.execute(db);
  await schema.dropTable('snapshot').execute();
  await db
    .insertInto('counter')
    .values([
      { name: 'working', value: 0 },
      { name: 'snapshot', value: rows[0]?.last ?? 0 },
    ])
    .execute();
  await schema
    .createTable('snapshot')
    .addColumn('number', 'bigint', (c) => c.primaryKey().notNull())
    .addColumn('published_at', 'bigint', (c) => c.notNull())
    .addColumn('published_by', 'text', (c) => c.notNull())
    .addColumn('comment', 'text', (c) => c.notNull())
    .addColumn('working', 'bigint', (c) => c.notNull())
    .addColumn('digest', 'text', (c) => c.notNull())
    .addColumn('objects', 'integer', (c) => c.notNull())
    .execute();
  await schema
    .createTable('snapshot_chunk')
    .addColumn('hash', 'text', (c) => c.primaryKey().notNull())
    .addColumn('text', 'text', (c) => c.notNull())
    .execute();
  await schema
    .createTable('snapshot_part')
    .addColumn('snapshot', 'bigint', (c) => c.notNull().references('snapshot.number'))
    .addColumn('kind', 'text', (c) => c.notNull())
    .addColumn('place', 'integer', (c) => c.notNull())
    .addColumn('chunk', 'text', (c) => c.notNull().references('snapshot_chunk.hash'))
    .addPrimaryKeyConstraint('snapshot_part_key', ['snapshot', 'kind', 'place'])
    .execute();
  await schema.createIndex('snapshot_part_by_chunk').on('snapshot_part').column('chunk').execute();
}
