import type { Kysely } from 'kysely';
import type { StoreTables } from '../schema.ts';

/** What devices and publishers report of themselves. */
export async function reports(db: Kysely<StoreTables>): Promise<void> {
  for (const column of ['os_version', 'host_name', 'key_fingerprint']) {
    await db.schema
      .alterTable('device')
      .addColumn(column, 'text', (c) => c.notNull().defaultTo(''))
      .execute();
  }
  await db.schema.createIndex('device_by_key').on('device').column('key_fingerprint').execute();
  await db.schema
    .createTable('publisher_report')
    .addColumn('id', 'text', (c) => c.primaryKey().notNull())
    .addColumn('seen_at', 'bigint', (c) => c.notNull())
    .addColumn('report', 'text', (c) => c.notNull())
    .execute();
}
