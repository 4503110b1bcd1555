import { sql, type Kysely } from 'kysely';
import type { Database } from '../database.ts';
import type { StoreTables } from '../schema.ts';

const NEW_TEXT = ['device', 'session', 'rule', 'action', 'decision', 'address'] as const;
const SOUGHT = ['user', 'app', ...NEW_TEXT, 'kind', 'status'] as const;

/** Never edited once released: what comes later is a migration of its own. */
export async function events(db: Kysely<StoreTables>, dialect: Database['dialect']): Promise<void> {
  const { schema } = db;
  for (const name of NEW_TEXT) await schema.alterTable('event').addColumn(name, 'text').execute();
  await schema.alterTable('event').addColumn('status', 'integer').execute();
  await schema
    .alterTable('event')
    .addColumn('words', 'text', (c) => c.notNull().defaultTo(''))
    .execute();
  await fillFromRecords(db, dialect);
  await schema.dropIndex('event_by_time').execute();
  await schema.createIndex('event_by_time').on('event').columns(['at', 'seq']).execute();
  for (const name of SOUGHT) {
    const index = schema.createIndex(`event_by_${name}`).on('event').columns([name, 'at', 'seq']);
    await (name === 'kind' ? index : index.where(name, 'is not', null)).execute();
  }
}

/** PostgreSQL's text has no NUL, which a record may hold escaped: such a one is found by its time alone. */
async function fillFromRecords(db: Kysely<StoreTables>, dialect: Database['dialect']): Promise<void> {
  const part = (...path: string[]) =>
    dialect === 'sqlite'
      ? sql`json_extract(record, ${sql.lit(`$.${path.join('.')}`)})`
      : sql`(record::json #>> ${sql.lit(`{${path.join(',')}}`)})`;
  await sql`
    update event set
      ${sql.ref('user')} = lower(${sql.ref('user')}),
      app = lower(app),
      device = lower(${part('device')}),
      session = ${part('session')},
      rule = lower(${part('verdict', 'rule')}),
      action = ${part('verdict', 'action')},
      decision = ${part('decision')},
      address = lower(${part('address')}),
      status = cast(${part('status')} as integer),
      words = lower(concat_ws(' ', ${part('verb')}, ${part('path')}, ${part('verdict', 'why')}))
    where record not like ${sql.lit('%\\u0000%')} escape '!'
  `.execute(db);
}
