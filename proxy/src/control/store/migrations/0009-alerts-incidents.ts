import { sql, type Kysely } from 'kysely';
import type { Database } from '../database.ts';
import type { StoreTables } from '../schema.ts';

/** Alerts and incidents as objects, and the rest of what an event is found by. */
export async function alertsAndIncidents(db: Kysely<StoreTables>, dialect: Database['dialect']): Promise<void> {
  await eventColumns(db, dialect);
  const { schema } = db;
  await schema
    .createTable('alert')
    .addColumn('id', 'text', (c) => c.primaryKey().notNull())
    .addColumn('rule', 'text', (c) => c.notNull())
    .addColumn('subject', 'text', (c) => c.notNull())
    .addColumn('live', 'text', (c) => c.unique())
    .addColumn('severity', 'text', (c) => c.notNull())
    .addColumn('message', 'text', (c) => c.notNull())
    .addColumn('state', 'text', (c) => c.notNull())
    .addColumn('first_at', 'bigint', (c) => c.notNull())
    .addColumn('last_at', 'bigint', (c) => c.notNull())
    .addColumn('count', 'bigint', (c) => c.notNull())
    .addColumn('acknowledged_by', 'text')
    .addColumn('acknowledged_at', 'bigint')
    .addColumn('resolved_at', 'bigint')
    .addColumn('revision', 'integer', (c) => c.notNull())
    .execute();
  await schema.createIndex('alert_by_time').on('alert').columns(['last_at', 'id']).execute();
  await schema.createIndex('alert_by_state').on('alert').columns(['state', 'last_at', 'id']).execute();

  await schema
    .createTable('incident')
    .addColumn('id', 'text', (c) => c.primaryKey().notNull())
    .addColumn('at', 'bigint', (c) => c.notNull())
    .addColumn('decision', 'text', (c) => c.notNull())
    .addColumn('user', 'text')
    .addColumn('user_key', 'text')
    .addColumn('device', 'text')
    .addColumn('app', 'text')
    .addColumn('direction', 'text', (c) => c.notNull())
    .addColumn('profile', 'text', (c) => c.notNull())
    .addColumn('rule', 'text')
    .addColumn('action', 'text', (c) => c.notNull())
    .addColumn('severity', 'text', (c) => c.notNull())
    .addColumn('matches', 'text', (c) => c.notNull())
    .addColumn('file_name', 'text')
    .addColumn('file_type', 'text')
    .addColumn('file_size', 'bigint')
    .addColumn('file_hash', 'text')
    .addColumn('state', 'text', (c) => c.notNull())
    .addColumn('assignee', 'text')
    .addColumn('assignee_key', 'text')
    .addColumn('notes', 'text', (c) => c.notNull())
    .addColumn('evidence', 'text')
    .addColumn('updated_at', 'bigint', (c) => c.notNull())
    .addColumn('updated_by', 'text', (c) => c.notNull())
    .addColumn('revision', 'integer', (c) => c.notNull())
    .execute();
  await schema.createIndex('incident_by_time').on('incident').columns(['at', 'id']).execute();
  for (const column of ['decision', 'user_key', 'app', 'profile', 'state', 'assignee_key', 'severity'] as const) {
    await schema.createIndex(`incident_by_${column}`).on('incident').columns([column, 'at', 'id']).execute();
  }
}

async function eventColumns(db: Kysely<StoreTables>, dialect: Database['dialect']): Promise<void> {
  for (const name of ['method', 'verb', 'why'] as const) {
    await db.schema.alterTable('event').addColumn(name, 'text').execute();
  }
  for (const name of ['worker', 'ms', 'bytes'] as const) {
    await db.schema.alterTable('event').addColumn(name, 'bigint').execute();
  }
  const part = (...path: string[]) =>
    dialect === 'sqlite'
      ? sql`json_extract(record, ${sql.lit(`$.${path.join('.')}`)})`
      : sql`(record::json #>> ${sql.lit(`{${path.join(',')}}`)})`;
  const whole = (name: string) => sql`cast(${part(name)} as bigint)`;
  // PostgreSQL's text has no NUL, which a record may hold escaped: such a one is found by its time alone.
  await sql`
    update event set
      method = ${part('method')},
      verb = lower(${part('verb')}),
      why = lower(substr(${part('verdict', 'why')}, 1, 256)),
      worker = ${whole('worker')},
      ms = ${whole('ms')},
      bytes = ${whole('bytesUp')} + ${whole('bytesDown')}
    where record not like ${sql.lit('%\\u0000%')} escape '!'
  `.execute(db);
}
