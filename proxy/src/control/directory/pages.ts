import type { Kysely } from 'kysely';
import type { StoreTables } from '../store/schema.ts';
import { toGroup } from './group-rows.ts';
import { nameKey, seqOf } from './names.ts';
import type { DirectoryGroup, DirectoryUser, GroupMember } from './records.ts';
import { membersPage } from './search.ts';
import { toUser } from './user-rows.ts';

type Db = Kysely<StoreTables>;

/** Lists for administrators: by name, from where the page before ended, with no total to count. */
export interface Page<T> {
  readonly items: readonly T[];
  /** Where the next page begins; `null` where this is the last. */
  readonly next: string | null;
}

export interface UserPageQuery {
  /** 1 to 500. */
  readonly limit: number;
  /** `next` of the page before; what is none begins anew. */
  readonly cursor: string | null;
  readonly idp?: string;
  /** The beginning of a user name or of a display name. */
  readonly q?: string;
  readonly active?: boolean;
  readonly ou?: string;
  /** Members of this group, by its id. */
  readonly group?: string;
}

export interface GroupPageQuery {
  readonly limit: number;
  readonly cursor: string | null;
  readonly idp?: string;
  /** The beginning of the name. */
  readonly q?: string;
}

const LAST = '\u{10ffff}';

/** Users by name, then by number. */
export async function usersPage(db: Db, query: UserPageQuery): Promise<Page<DirectoryUser>> {
  const { idp, q, active, ou, group, limit } = query;
  const after = readCursor(query.cursor);
  let rows = db.selectFrom('directory_user').selectAll();
  if (idp !== undefined) rows = rows.where('idp', '=', idp);
  if (active !== undefined) rows = rows.where('active', '=', active ? 1 : 0);
  if (ou !== undefined) rows = rows.where('ou', '=', ou);
  if (q !== undefined && q !== '') {
    const from = nameKey(q);
    rows = rows.where((e) =>
      e.or([
        e.and([e('user_key', '>=', from), e('user_key', '<', from + LAST)]),
        e.and([e('display_key', '>=', from), e('display_key', '<', from + LAST)]),
      ]),
    );
  }
  if (group !== undefined) {
    const members = db
      .selectFrom('directory_member')
      .select('user_seq')
      .where('group_seq', '=', seqOf('g', group) ?? 0);
    rows = rows.where('seq', 'in', members);
  }
  if (after !== null) {
    rows = rows.where((e) =>
      e.or([e('user_key', '>', after.key), e.and([e('user_key', '=', after.key), e('seq', '>', after.seq)])]),
    );
  }
  const found = await rows
    .orderBy('user_key')
    .orderBy('seq')
    .limit(limit + 1)
    .execute();
  return page(found, limit, toUser, ({ user_key: key, seq }) => ({ key, seq }));
}

/** Groups by name, then by number. */
export async function groupsPage(db: Db, query: GroupPageQuery): Promise<Page<DirectoryGroup>> {
  const { idp, q, limit } = query;
  const after = readCursor(query.cursor);
  let rows = db.selectFrom('directory_group').selectAll();
  if (idp !== undefined) rows = rows.where('idp', '=', idp);
  if (q !== undefined && q !== '') {
    const from = nameKey(q);
    rows = rows.where('name_key', '>=', from).where('name_key', '<', from + LAST);
  }
  if (after !== null) {
    rows = rows.where((e) =>
      e.or([e('name_key', '>', after.key), e.and([e('name_key', '=', after.key), e('seq', '>', after.seq)])]),
    );
  }
  const found = await rows
    .orderBy('name_key')
    .orderBy('seq')
    .limit(limit + 1)
    .execute();
  return page(found, limit, toGroup, ({ name_key: key, seq }) => ({ key, seq }));
}

/** Members of a group in the order of their ids. */
export async function groupMembers(
  db: Db,
  group: string,
  { limit, cursor }: { readonly limit: number; readonly cursor: string | null },
): Promise<Page<GroupMember>> {
  const found = await membersPage(db, group, cursor, limit + 1);
  const items = found.slice(0, limit);
  return { items, next: found.length > limit ? (items.at(-1)?.id ?? null) : null };
}

/** The organisational units that active people have, each with how many; so many at most. */
export async function unitsOf(db: Db, limit: number): Promise<{ ou: string; users: number }[]> {
  const rows = await db
    .selectFrom('directory_user')
    .select((e) => ['ou', e.fn.countAll<number>().as('users')])
    .where('ou', 'is not', null)
    .where('active', '=', 1)
    .groupBy('ou')
    .orderBy('ou')
    .limit(limit)
    .execute();
  return rows.flatMap(({ ou, users }) => (ou === null ? [] : [{ ou, users }]));
}

interface Cursor {
  readonly key: string;
  readonly seq: number;
}

function page<Row, T>(rows: readonly Row[], limit: number, to: (row: Row) => T, at: (row: Row) => Cursor): Page<T> {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  const next = rows.length > limit && last !== undefined ? writeCursor(at(last)) : null;
  return { items: shown.map(to), next };
}

function writeCursor({ key, seq }: Cursor): string {
  return Buffer.from(JSON.stringify([key, seq])).toString('base64url');
}

function readCursor(text: string | null): Cursor | null {
  if (text === null || text.length > 4_096) return null;
  try {
    const value: unknown = JSON.parse(Buffer.from(text, 'base64url').toString());
    if (!Array.isArray(value)) return null;
    const [key, seq] = value as readonly unknown[];
    return typeof key === 'string' && !key.includes('\0') && Number.isSafeInteger(seq)
      ? { key, seq: seq as number }
      : null;
  } catch {
    return null;
  }
}
