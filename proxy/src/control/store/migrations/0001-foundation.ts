import { sql, type Kysely } from 'kysely';
import type { Database } from '../database.ts';
import type { StoreTables } from '../schema.ts';

/** Never edited once released: what comes later is a migration of its own. */
export async function foundation(db: Kysely<StoreTables>, dialect: Database['dialect']): Promise<void> {
  const { schema } = db;
  await schema
    .createTable('secret')
    .addColumn('name', 'text', (c) => c.primaryKey().notNull())
    .addColumn('value', 'text', (c) => c.notNull())
    .execute();
  await schema
    .createTable('counter')
    .addColumn('name', 'text', (c) => c.primaryKey().notNull())
    .addColumn('value', 'bigint', (c) => c.notNull())
    .execute();
  await db.insertInto('counter').values({ name: 'epoch', value: 0 }).execute();

  await schema
    .createTable('person')
    .addColumn('user', 'text', (c) => c.primaryKey().notNull())
    .addColumn('display_name', 'text', (c) => c.notNull())
    .addColumn('groups', 'text', (c) => c.notNull())
    .addColumn('seen_at', 'bigint', (c) => c.notNull())
    .execute();
  await schema
    .createTable('session')
    .addColumn('id', 'text', (c) => c.primaryKey().notNull())
    .addColumn('user', 'text', (c) => c.notNull())
    .addColumn('display_name', 'text', (c) => c.notNull())
    .addColumn('groups', 'text', (c) => c.notNull())
    .addColumn('login_hash', 'text', (c) => c.notNull().unique())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('expires_at', 'bigint', (c) => c.notNull())
    .addColumn('address', 'text', (c) => c.notNull())
    .addColumn('name_id', 'text', (c) => c.notNull())
    .addColumn('session_index', 'text')
    .execute();
  await schema.createIndex('session_by_user').on('session').column('user').execute();
  await schema.createIndex('session_by_expiry').on('session').column('expires_at').execute();
  await schema
    .createTable('app_token')
    .addColumn('token_hash', 'text', (c) => c.primaryKey().notNull())
    .addColumn('session', 'text', (c) => c.notNull().references('session.id'))
    .addColumn('host', 'text', (c) => c.notNull())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .execute();
  await schema.createIndex('app_token_by_session').on('app_token').column('session').execute();

  await schema
    .createTable('join_token')
    .addColumn('hash', 'text', (c) => c.primaryKey().notNull())
    .addColumn('kind', 'text', (c) => c.notNull())
    .addColumn('owner', 'text', (c) => c.notNull())
    .addColumn('expires_at', 'bigint', (c) => c.notNull())
    .execute();
  await schema.createIndex('join_token_by_expiry').on('join_token').column('expires_at').execute();
  await schema
    .createTable('publisher')
    .addColumn('id', 'text', (c) => c.primaryKey().notNull())
    .addColumn('name', 'text', (c) => c.notNull())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('revoked_at', 'bigint')
    .execute();
  await schema
    .createTable('device')
    .addColumn('id', 'text', (c) => c.primaryKey().notNull())
    .addColumn('name', 'text', (c) => c.notNull())
    .addColumn('user', 'text', (c) => c.notNull())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('revoked_at', 'bigint')
    .execute();
  await schema.createIndex('device_by_user').on('device').column('user').execute();
  await schema
    .createTable('certificate')
    .addColumn('fingerprint', 'text', (c) => c.primaryKey().notNull())
    .addColumn('kind', 'text', (c) => c.notNull())
    .addColumn('owner', 'text', (c) => c.notNull())
    .addColumn('not_after', 'bigint', (c) => c.notNull())
    .execute();

  await schema
    .createTable('assertion')
    .addColumn('id', 'text', (c) => c.primaryKey().notNull())
    .addColumn('expires_at', 'bigint', (c) => c.notNull())
    .execute();
  await schema.createIndex('assertion_by_expiry').on('assertion').column('expires_at').execute();
  await schema
    .createTable('event')
    .addColumn('seq', dialect === 'sqlite' ? 'integer' : 'bigserial', (c) =>
      dialect === 'sqlite' ? c.primaryKey().autoIncrement() : c.primaryKey(),
    )
    .addColumn('at', 'bigint', (c) => c.notNull())
    .addColumn('kind', 'text', (c) => c.notNull())
    .addColumn('user', 'text')
    .addColumn('app', 'text')
    .addColumn('record', 'text', (c) => c.notNull())
    .execute();
  await schema.createIndex('event_by_time').on('event').column('at').execute();
  await schema
    .createTable('snapshot')
    .addColumn('number', 'integer', (c) => c.primaryKey().notNull())
    .addColumn('text', 'text', (c) => c.notNull())
    .addColumn('published_at', 'bigint', (c) => c.notNull())
    .execute();
  if (dialect === 'postgres') await tellWhenCountersMove(db);
}

/** Every commit that moved a counter is told to the control processes that listen, by the database itself. */
async function tellWhenCountersMove(db: Kysely<StoreTables>): Promise<void> {
  await sql`
    create function causeway_tell_moved() returns trigger language plpgsql as $$
    begin perform pg_notify('causeway_moved', ''); return null; end $$
  `.execute(db);
  await sql`
    create trigger counter_moved after update on counter
    for each statement execute function causeway_tell_moved()
  `.execute(db);
}
