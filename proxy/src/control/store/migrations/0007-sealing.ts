import type { Kysely } from 'kysely';
import type { StoreTables } from '../schema.ts';

/** Never edited once released. What is there is sealed when the master key is at hand: `sealing/open-secrets.ts`. */
export async function sealing({ schema }: Kysely<StoreTables>): Promise<void> {
  await schema.alterTable('secret').addColumn('data_key', 'text').execute();
  await schema
    .createTable('data_key')
    .addColumn('id', 'text', (c) => c.primaryKey().notNull())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .execute();
  await schema
    .createTable('data_key_wrap')
    .addColumn('data_key', 'text', (c) => c.notNull().references('data_key.id').onDelete('cascade'))
    .addColumn('master_key', 'text', (c) => c.notNull())
    .addColumn('wrapped', 'text', (c) => c.notNull())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addPrimaryKeyConstraint('data_key_wrap_key', ['data_key', 'master_key'])
    .execute();
}
