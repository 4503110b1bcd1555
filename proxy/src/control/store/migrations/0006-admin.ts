import { sql, type Kysely } from 'kysely';
import type { Database } from '../database.ts';
import type { StoreTables } from '../schema.ts';

/** Tokens, roles and sessions of administrators; audit; access requests; states of devices; PoPs; hits of rules. */
export async function admin(db: Kysely<StoreTables>, dialect: Database['dialect']): Promise<void> {
  const { schema } = db;
  await schema
    .createTable('api_token')
    .addColumn('id', 'text', (c) => c.primaryKey().notNull())
    .addColumn('kind', 'text', (c) => c.notNull())
    .addColumn('name', 'text', (c) => c.notNull())
    .addColumn('name_key', 'text', (c) => c.notNull())
    .addColumn('hash', 'text', (c) => c.notNull().unique())
    .addColumn('role', 'text')
    .addColumn('permissions', 'text', (c) => c.notNull())
    .addColumn('apps', 'text', (c) => c.notNull())
    .addColumn('created_by', 'text', (c) => c.notNull())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('expires_at', 'bigint', (c) => c.notNull())
    .addColumn('last_used_at', 'bigint')
    .addColumn('revoked_at', 'bigint')
    .execute();
  await schema.createIndex('api_token_by_name').on('api_token').columns(['kind', 'name_key', 'id']).execute();

  await schema
    .createTable('admin_session')
    .addColumn('id', 'text', (c) => c.primaryKey().notNull())
    .addColumn('token_hash', 'text', (c) => c.notNull().unique())
    .addColumn('user', 'text', (c) => c.notNull())
    .addColumn('display_name', 'text', (c) => c.notNull())
    .addColumn('address', 'text', (c) => c.notNull())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('expires_at', 'bigint', (c) => c.notNull())
    .addColumn('proved_at', 'bigint', (c) => c.notNull())
    .execute();
  await schema.createIndex('admin_session_by_expiry').on('admin_session').column('expires_at').execute();

  await schema
    .createTable('admin_role')
    .addColumn('id', 'text', (c) => c.primaryKey().notNull())
    .addColumn('subject_kind', 'text', (c) => c.notNull())
    .addColumn('subject', 'text', (c) => c.notNull())
    .addColumn('subject_key', 'text', (c) => c.notNull())
    .addColumn('role', 'text', (c) => c.notNull())
    .addColumn('created_by', 'text', (c) => c.notNull())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addUniqueConstraint('admin_role_once', ['subject_kind', 'subject_key', 'role'])
    .execute();

  await schema
    .createTable('idempotency')
    .addColumn('key_hash', 'text', (c) => c.primaryKey().notNull())
    .addColumn('fingerprint', 'text', (c) => c.notNull())
    .addColumn('status', 'integer')
    .addColumn('headers', 'text')
    .addColumn('body', 'text')
    .addColumn('expires_at', 'bigint', (c) => c.notNull())
    .execute();
  await schema.createIndex('idempotency_by_expiry').on('idempotency').column('expires_at').execute();

  await schema
    .createTable('audit')
    .addColumn('seq', dialect === 'sqlite' ? 'integer' : 'bigserial', (c) =>
      dialect === 'sqlite' ? c.primaryKey().autoIncrement() : c.primaryKey(),
    )
    .addColumn('at', 'bigint', (c) => c.notNull())
    .addColumn('actor', 'text', (c) => c.notNull())
    .addColumn('actor_key', 'text', (c) => c.notNull())
    .addColumn('actor_kind', 'text', (c) => c.notNull())
    .addColumn('address', 'text', (c) => c.notNull())
    .addColumn('action', 'text', (c) => c.notNull())
    .addColumn('target', 'text', (c) => c.notNull())
    .addColumn('result', 'text', (c) => c.notNull())
    .addColumn('reference', 'text', (c) => c.notNull())
    .addColumn('detail', 'text', (c) => c.notNull())
    .execute();
  await schema.createIndex('audit_by_time').on('audit').columns(['at', 'seq']).execute();
  await schema.createIndex('audit_by_actor').on('audit').columns(['actor_key', 'at']).execute();

  await schema
    .createTable('access_request')
    .addColumn('id', 'text', (c) => c.primaryKey().notNull())
    .addColumn('user', 'text', (c) => c.notNull())
    .addColumn('user_key', 'text', (c) => c.notNull())
    .addColumn('app', 'text', (c) => c.notNull())
    .addColumn('reason', 'text', (c) => c.notNull())
    .addColumn('state', 'text', (c) => c.notNull())
    .addColumn('created_by', 'text', (c) => c.notNull())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('decided_by', 'text')
    .addColumn('decided_at', 'bigint')
    .addColumn('comment', 'text', (c) => c.notNull())
    .addColumn('expires_at', 'bigint')
    .addColumn('revision', 'integer', (c) => c.notNull())
    .execute();
  await schema.createIndex('access_request_by_time').on('access_request').columns(['created_at', 'id']).execute();
  await schema.createIndex('access_request_by_user').on('access_request').columns(['user_key', 'app']).execute();

  await schema
    .createTable('pop')
    .addColumn('id', 'text', (c) => c.primaryKey().notNull())
    .addColumn('name', 'text', (c) => c.notNull())
    .addColumn('version', 'text', (c) => c.notNull())
    .addColumn('snapshot', 'integer', (c) => c.notNull())
    .addColumn('epoch', 'bigint', (c) => c.notNull())
    .addColumn('workers', 'text', (c) => c.notNull())
    .addColumn('degraded', 'text', (c) => c.notNull())
    .addColumn('started_at', 'bigint', (c) => c.notNull())
    .addColumn('seen_at', 'bigint', (c) => c.notNull())
    .execute();

  await schema
    .createTable('rule_hit')
    .addColumn('rule', 'text', (c) => c.primaryKey().notNull())
    .addColumn('hits', 'bigint', (c) => c.notNull())
    .addColumn('last_at', 'bigint', (c) => c.notNull())
    .execute();
  await deviceStates(db);
  // Lists of who is signed in are read by time.
  await schema.createIndex('session_by_time').on('session').columns(['created_at', 'id']).execute();
}

async function deviceStates(db: Kysely<StoreTables>): Promise<void> {
  const texts = ['state_by', 'state_why', 'fingerprint', 'os', 'model', 'client_version', 'name_key', 'user_key'];
  for (const column of texts) {
    await db.schema
      .alterTable('device')
      .addColumn(column, 'text', (c) => c.notNull().defaultTo(''))
      .execute();
  }
  for (const column of ['state_at', 'seen_at']) {
    await db.schema
      .alterTable('device')
      .addColumn(column, 'bigint', (c) => c.notNull().defaultTo(0))
      .execute();
  }
  await db.schema
    .alterTable('device')
    .addColumn('state', 'text', (c) => c.notNull().defaultTo('registered'))
    .execute();
  await db.schema
    .alterTable('device')
    .addColumn('revision', 'integer', (c) => c.notNull().defaultTo(1))
    .execute();
  await db
    .updateTable('device')
    .set((e) => ({
      state: e
        .case()
        .when('revoked_at', 'is not', null)
        .then('removed' as const)
        .else('registered' as const)
        .end(),
      state_at: e.fn.coalesce('revoked_at', 'created_at'),
      name_key: sql<string>`lower(name)`,
      user_key: sql<string>`lower("user")`,
    }))
    .execute();
  for (const column of ['name_key', 'user_key', 'created_at', 'state_at'] as const) {
    await db.schema.createIndex(`device_by_${column}`).on('device').columns([column, 'id']).execute();
  }
  await db.schema.createIndex('device_by_fingerprint').on('device').column('fingerprint').execute();
}
