import type { Kysely } from 'kysely';
import type { StoreTables } from '../schema.ts';

/** Single sign-on tickets, so that any PoP of this store redeems what another has issued. */
export async function signOnTickets(db: Kysely<StoreTables>): Promise<void> {
  await db.schema
    .createTable('sign_on_ticket')
    .addColumn('hash', 'text', (c) => c.primaryKey().notNull())
    .addColumn('session', 'text', (c) => c.notNull())
    .addColumn('host', 'text', (c) => c.notNull())
    .addColumn('path', 'text', (c) => c.notNull())
    .addColumn('nonce_hash', 'text', (c) => c.notNull())
    .addColumn('proved_at', 'bigint')
    .addColumn('expires_at', 'bigint', (c) => c.notNull())
    .execute();
  await db.schema.createIndex('sign_on_ticket_by_end').on('sign_on_ticket').column('expires_at').execute();
}
