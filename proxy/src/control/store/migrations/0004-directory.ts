import { sql, type Kysely } from 'kysely';
import type { Database } from '../database.ts';
import type { StoreTables } from '../schema.ts';

/** Whose people those were that only their logins had made known. */
const FIRST_IDP = 'default';
const PAGE = 500;

/** Never edited once released: what comes later is a migration of its own. */
export async function directory(db: Kysely<StoreTables>, dialect: Database['dialect']): Promise<void> {
  const { schema } = db;
  // The order of a key is that of its bytes on every database, whatever the locale of a server.
  const key = dialect === 'postgres' ? sql`text collate "C"` : ('text' as const);
  const seq = dialect === 'sqlite' ? ('integer' as const) : ('bigserial' as const);
  await schema
    .createTable('directory_idp')
    .addColumn('idp', 'text', (c) => c.primaryKey().notNull())
    .addColumn('provisioned_at', 'bigint')
    .execute();
  await schema
    .createTable('directory_user')
    .addColumn('seq', seq, (c) => (dialect === 'sqlite' ? c.primaryKey().autoIncrement() : c.primaryKey()))
    .addColumn('idp', 'text', (c) => c.notNull())
    .addColumn('user_name', 'text', (c) => c.notNull())
    .addColumn('user_key', key, (c) => c.notNull())
    .addColumn('external_id', key)
    .addColumn('display_name', 'text', (c) => c.notNull())
    .addColumn('display_key', key, (c) => c.notNull())
    .addColumn('active', 'integer', (c) => c.notNull())
    .addColumn('ou', 'text')
    .addColumn('source', 'text', (c) => c.notNull())
    .addColumn('body', 'text', (c) => c.notNull())
    .addColumn('login_groups', 'text', (c) => c.notNull())
    .addColumn('seen_at', 'bigint')
    .addColumn('version', 'integer', (c) => c.notNull())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('updated_at', 'bigint', (c) => c.notNull())
    .execute();
  const users = (name: string) => schema.createIndex(name).on('directory_user');
  await users('directory_user_by_name').columns(['idp', 'user_key']).unique().execute();
  await users('directory_user_by_display').columns(['idp', 'display_key', 'seq']).execute();
  await users('directory_user_by_external').columns(['idp', 'external_id']).execute();
  await users('directory_user_by_seq').columns(['idp', 'seq']).execute();
  await schema
    .createTable('directory_value')
    .addColumn('user_seq', 'bigint', (c) => c.notNull().references('directory_user.seq').onDelete('cascade'))
    .addColumn('path', 'text', (c) => c.notNull())
    .addColumn('kind', 'text')
    .addColumn('main', 'integer', (c) => c.notNull())
    .addColumn('value_key', key, (c) => c.notNull())
    .execute();
  await schema.createIndex('directory_value_by_user').on('directory_value').column('user_seq').execute();
  await schema.createIndex('directory_value_by_value').on('directory_value').columns(['path', 'value_key']).execute();

  await schema
    .createTable('directory_group')
    .addColumn('seq', seq, (c) => (dialect === 'sqlite' ? c.primaryKey().autoIncrement() : c.primaryKey()))
    .addColumn('idp', 'text', (c) => c.notNull())
    .addColumn('name', 'text', (c) => c.notNull())
    .addColumn('name_key', key, (c) => c.notNull())
    .addColumn('external_id', key)
    .addColumn('version', 'integer', (c) => c.notNull())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('updated_at', 'bigint', (c) => c.notNull())
    .execute();
  const groups = (name: string) => schema.createIndex(name).on('directory_group');
  await groups('directory_group_by_name').columns(['idp', 'name_key']).unique().execute();
  await groups('directory_group_by_external').columns(['idp', 'external_id']).execute();
  await groups('directory_group_by_seq').columns(['idp', 'seq']).execute();
  await schema
    .createTable('directory_member')
    .addColumn('group_seq', 'bigint', (c) => c.notNull().references('directory_group.seq').onDelete('cascade'))
    .addColumn('user_seq', 'bigint', (c) => c.notNull().references('directory_user.seq').onDelete('cascade'))
    .addPrimaryKeyConstraint('directory_member_key', ['group_seq', 'user_seq'])
    .$call((table) => (dialect === 'sqlite' ? table.modifyEnd(sql`without rowid`) : table))
    .execute();
  await schema.createIndex('directory_member_by_user').on('directory_member').column('user_seq').execute();

  await schema
    .createTable('scim_token')
    .addColumn('hash', 'text', (c) => c.primaryKey().notNull())
    .addColumn('idp', 'text', (c) => c.notNull())
    .addColumn('label', 'text', (c) => c.notNull())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('expires_at', 'bigint')
    .execute();
  await schema.createIndex('scim_token_by_idp').on('scim_token').column('idp').execute();
  await takeOver(db);
  if (dialect === 'postgres') await dropTokensWithSession(db);
}

/** The table of before, which no later version knows. */
interface Before {
  person: { user: string; display_name: string; groups: string; ou: string | null; seen_at: number };
}

/** Whoever logged in before is a person of the directory; of two spellings of one name the later login counts. */
async function takeOver(db: Kysely<StoreTables>): Promise<void> {
  const before = db as unknown as Kysely<Before>;
  for (let offset = 0; ; offset += PAGE) {
    const people = await before
      .selectFrom('person')
      .selectAll()
      .orderBy('seen_at', 'desc')
      .orderBy('user')
      .limit(PAGE)
      .offset(offset)
      .execute();
    for (const person of people) {
      await db
        .insertInto('directory_user')
        .values({
          idp: FIRST_IDP,
          user_name: person.user,
          user_key: person.user.normalize('NFC').toLowerCase(),
          external_id: null,
          display_name: person.display_name,
          display_key: person.display_name.normalize('NFC').toLowerCase(),
          active: 1,
          ou: person.ou,
          source: 'saml',
          body: '{}',
          login_groups: person.groups,
          seen_at: person.seen_at,
          version: 1,
          created_at: person.seen_at,
          updated_at: person.seen_at,
        })
        .onConflict((c) => c.columns(['idp', 'user_key']).doNothing())
        .execute();
    }
    if (people.length < PAGE) break;
  }
  await db.schema.dropTable('person').execute();
}

/** A token that is made while its session ends goes with it: on SQLite, where writes never overlap, there is none. */
async function dropTokensWithSession(db: Kysely<StoreTables>): Promise<void> {
  await sql`alter table app_token drop constraint app_token_session_fkey`.execute(db);
  await sql`
    alter table app_token add constraint app_token_session_fkey
    foreign key (session) references session (id) on delete cascade
  `.execute(db);
}
