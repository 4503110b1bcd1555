import { sql, type Kysely } from 'kysely';
import type { StoreTables } from '../schema.ts';

/** People and groups that an administrator keeps. All groups of before are a provider's. */
export async function localPeople({ schema }: Kysely<StoreTables>): Promise<void> {
  await schema
    .alterTable('directory_group')
    .addColumn('source', 'text', (c) => c.notNull().defaultTo('scim'))
    .execute();
  // They are few among those whom a provider's lists go through, and are left out there.
  await schema
    .createIndex('directory_user_local')
    .on('directory_user')
    .columns(['idp', 'seq'])
    .where(sql.ref('source'), '=', sql.lit('local'))
    .execute();
}
