import type { Kysely } from 'kysely';
import type { StoreTables } from '../schema.ts';

/** Never edited once released: what comes later is a migration of its own. */
export async function callers(db: Kysely<StoreTables>): Promise<void> {
  const { schema } = db;
  // A token is no more than the person who made it; of older ones nobody knows who that was.
  await schema.alterTable('api_token').addColumn('person', 'text').execute();
  // An administrator is signed in as long as the login is that it came from. Older ones sign in again.
  await schema.alterTable('admin_session').addColumn('login', 'text').execute();
  await db.deleteFrom('admin_session').execute();
  // Names of tokens may be equal, ids are not.
  await schema
    .alterTable('audit')
    .addColumn('actor_id', 'text', (c) => c.notNull().defaultTo(''))
    .execute();
}
