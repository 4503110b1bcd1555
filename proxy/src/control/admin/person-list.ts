import { sql, type Selectable, type SqlBool } from 'kysely';
import { people, type Person } from '../directory/membership.ts';
import { idOf, nameKey, seqOf } from '../directory/names.ts';
import { emailOf } from '../directory/local-rows.ts';
import type { PersonSource, UserBody } from '../directory/records.ts';
import type { Database } from '../store/database.ts';
import type { StoreTables } from '../store/schema.ts';
import { beyond, keyset, pageOf } from './page.ts';
import { stored } from './stored.ts';

/** People, groups and units as lists that administrators look through. */

export interface PersonRow {
  readonly id: string;
  readonly idp: string;
  readonly userName: string;
  readonly displayName: string;
  readonly active: boolean;
  readonly ou: string | null;
  readonly source: PersonSource;
  readonly seenAt: number | null;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly revision: number;
}

interface ListQuery {
  readonly limit: number;
  readonly cursor?: string | undefined;
  readonly sort: string;
  readonly q?: string | undefined;
  readonly idp: string;
}

const SEQ = { column: 'seq', type: 'number' } as const;
const USER_SORTS = {
  userName: { column: 'user_key', type: 'string' },
  displayName: { column: 'display_key', type: 'string' },
  id: SEQ,
} as const;
const GROUP_SORTS = { name: { column: 'name_key', type: 'string' }, id: SEQ } as const;
const MAX_WORDS = 8;
const COLUMNS = [
  'seq',
  'idp',
  'user_name',
  'user_key',
  'display_name',
  'display_key',
  'active',
  'ou',
  'source',
  'seen_at',
  'created_at',
  'updated_at',
  'version',
] as const;

export async function listPeople(
  { read }: Database,
  query: ListQuery & {
    readonly active?: boolean | undefined;
    readonly ou?: string | undefined;
    readonly userName?: string | undefined;
    readonly group?: string | undefined;
  },
): Promise<{ items: PersonRow[]; next: string | null }> {
  const keys = keyset(query, USER_SORTS, SEQ);
  const direction = keys.descending ? 'desc' : 'asc';
  let rows = read.selectFrom('directory_user').select(COLUMNS).where('idp', '=', query.idp).where(beyond(keys));
  if (query.active !== undefined) rows = rows.where('active', '=', query.active ? 1 : 0);
  if (query.ou !== undefined) rows = rows.where('ou', '=', query.ou);
  if (query.userName !== undefined) rows = rows.where('user_key', '=', nameKey(query.userName));
  if (query.group !== undefined) {
    const group = seqOf('g', query.group) ?? 0;
    rows = rows.where((e) =>
      e('seq', 'in', e.selectFrom('directory_member').select('user_seq').where('group_seq', '=', group)),
    );
  }
  for (const word of wordsOf(query.q)) rows = rows.where(contains(word, 'user_key', 'display_key'));
  const column = keys.column as 'user_key';
  const found = await stored(
    rows
      .orderBy(column, direction)
      .orderBy('seq', direction)
      .limit(query.limit + 1)
      .execute(),
  );
  return pageOf(found, query, toPerson, (row) => ({ value: row[column], id: row.seq }));
}

/** Somebody of any provider, with their address and the groups that count for them now. */
export async function findPerson(
  { read }: Database,
  id: string,
): Promise<(PersonRow & { readonly email: string | null; readonly groups: readonly string[] }) | null> {
  const seq = seqOf('u', id);
  if (seq === null) return null;
  const row = await stored(
    read
      .selectFrom('directory_user')
      .select([...COLUMNS, 'body'])
      .where('seq', '=', seq)
      .executeTakeFirst(),
  );
  if (row === undefined) return null;
  const [person] = await stored(people(read, [seq]));
  return { ...toPerson(row), email: emailOf(JSON.parse(row.body) as UserBody), groups: person?.groups ?? [] };
}

/** The first people of a provider who have access, with their groups. */
export async function peopleWithGroups({ read }: Database, idp: string, most: number): Promise<Person[]> {
  const all: Person[] = [];
  let after = 0;
  while (all.length < most) {
    const rows = await stored(
      read
        .selectFrom('directory_user')
        .select('seq')
        .where('idp', '=', idp)
        .where('active', '=', 1)
        .where('seq', '>', after)
        .orderBy('seq')
        .limit(Math.min(500, most - all.length))
        .execute(),
    );
    const last = rows.at(-1);
    if (last === undefined) break;
    after = last.seq;
    const seqs = rows.map(({ seq }) => seq);
    all.push(...(await stored(people(read, seqs))));
  }
  return all;
}

export interface GroupRow {
  readonly id: string;
  readonly idp: string;
  readonly name: string;
  readonly source: 'scim' | 'local';
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly revision: number;
}

export async function listGroups(
  { read }: Database,
  query: ListQuery,
): Promise<{ items: GroupRow[]; next: string | null }> {
  const keys = keyset(query, GROUP_SORTS, SEQ);
  const direction = keys.descending ? 'desc' : 'asc';
  let rows = read.selectFrom('directory_group').selectAll().where('idp', '=', query.idp).where(beyond(keys));
  for (const word of wordsOf(query.q)) rows = rows.where(contains(word, 'name_key'));
  const column = keys.column as 'name_key';
  const found = await stored(
    rows
      .orderBy(column, direction)
      .orderBy('seq', direction)
      .limit(query.limit + 1)
      .execute(),
  );
  return pageOf(found, query, toGroup, (row) => ({ value: row[column], id: row.seq }));
}

export async function findGroup({ read }: Database, id: string): Promise<GroupRow | null> {
  const seq = seqOf('g', id);
  if (seq === null) return null;
  const row = await stored(read.selectFrom('directory_group').selectAll().where('seq', '=', seq).executeTakeFirst());
  return row === undefined ? null : toGroup(row);
}

/** Units that somebody is in, with how many people. At most 1,000. */
export async function listUnits({ read }: Database, idp: string): Promise<{ ou: string; people: number }[]> {
  const rows = await stored(
    read
      .selectFrom('directory_user')
      .select(['ou', (e) => e.fn.countAll<number>().as('people')])
      .where('idp', '=', idp)
      .where('ou', 'is not', null)
      .groupBy('ou')
      .orderBy('ou')
      .limit(1_000)
      .execute(),
  );
  return rows.map(({ ou, people: count }) => ({ ou: ou ?? '', people: count }));
}

function wordsOf(q: string | undefined): string[] {
  return (q ?? '').split(/\s+/).filter(Boolean).slice(0, MAX_WORDS).map(nameKey);
}

/** With an escape of our own, because only one of the databases has one by itself. */
function contains(word: string, ...columns: string[]) {
  const pattern = `%${word.replaceAll(/[\\%_]/g, String.raw`\$&`)}%`;
  const parts = columns.map((column) => sql`${sql.ref(column)} like ${pattern} escape '\\'`);
  return sql<SqlBool>`(${sql.join(parts, sql` or `)})`;
}

type Columns = (typeof COLUMNS)[number];

function toPerson(row: Pick<Selectable<StoreTables['directory_user']>, Columns>): PersonRow {
  return {
    id: idOf('u', row.seq),
    idp: row.idp,
    userName: row.user_name,
    displayName: row.display_name,
    active: row.active === 1,
    ou: row.ou,
    source: row.source,
    seenAt: row.seen_at,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    revision: row.version,
  };
}

function toGroup(row: Selectable<StoreTables['directory_group']>): GroupRow {
  return {
    id: idOf('g', row.seq),
    idp: row.idp,
    name: row.name,
    source: row.source,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    revision: row.version,
  };
}
