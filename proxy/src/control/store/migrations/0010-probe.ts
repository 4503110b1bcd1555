import type { Kysely } from 'kysely';
import type { StoreTables } from '../schema.ts';

/** One row, written to learn whether the store takes writes. */
export async function probe(db: Kysely<StoreTables>): Promise<void> {
  await db.schema
    .createTable('probe')
    .addColumn('id', 'integer', (c) => c.primaryKey().notNull())
    .addColumn('filler', 'text', (c) => c.notNull())
    .execute();
}
