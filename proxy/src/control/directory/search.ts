import { sql, type Expression, type ExpressionBuilder, type Kysely, type SqlBool } from 'kysely';
import type { StoreTables } from '../store/schema.ts';
import { toGroup } from './group-rows.ts';
import { idOf, seqOf } from './names.ts';
import type { DirectoryGroup, DirectoryUser, GroupMember } from './records.ts';
import { toUser } from './user-rows.ts';

type Db = Kysely<StoreTables>;

export type UserBuilder = ExpressionBuilder<StoreTables, 'directory_user'>;
export type GroupBuilder = ExpressionBuilder<StoreTables, 'directory_group'>;

/** Part of what meets a condition, in an order that does not change while nothing else does. */
export interface Search<Builder, Sort> {
  readonly idp: string;
  readonly where: ((e: Builder) => Expression<SqlBool>) | null;
  readonly sort: Sort;
  readonly descending: boolean;
  readonly offset: number;
  readonly limit: number;
}

export type UserSort = 'seq' | 'user_key' | 'display_key' | 'external_id' | 'created_at' | 'updated_at';
export type GroupSort = 'seq' | 'name_key' | 'external_id' | 'created_at' | 'updated_at';

/** An index has them, so that a list of a hundred thousand others looks at no row for it. */
function localPeople(db: Db, idp: string) {
  return db
    .selectFrom('directory_user')
    .select('seq')
    .where('idp', '=', idp)
    .where('source', '=', sql.lit<'local'>('local'));
}

/** People as their provider sees them: without those whom an administrator keeps. */
export async function searchUsers(
  db: Db,
  search: Search<UserBuilder, UserSort>,
): Promise<{ total: number; users: DirectoryUser[] }> {
  const { idp, where, sort, descending, offset, limit } = search;
  let matching = db.selectFrom('directory_user').where('idp', '=', idp).where('seq', 'not in', localPeople(db, idp));
  if (where !== null) matching = matching.where(where);
  const { total } = await matching.select((e) => e.fn.countAll<number>().as('total')).executeTakeFirstOrThrow();
  if (limit === 0 || offset >= total) return { total, users: [] };
  // First the numbers, which an index has, then only the rows that are answered: those before them are not read.
  const direction = descending ? 'desc' : 'asc';
  const seqs = await matching
    .select('seq')
    .orderBy(sort, direction)
    .orderBy('seq', direction)
    .limit(limit)
    .offset(offset)
    .execute();
  const order = seqs.map(({ seq }) => seq);
  if (order.length === 0) return { total, users: [] };
  const rows = await db.selectFrom('directory_user').selectAll().where('seq', 'in', order).execute();
  const bySeq = new Map(rows.map((row) => [row.seq, row]));
  const users = order.flatMap((seq) => {
    const row = bySeq.get(seq);
    return row === undefined ? [] : [toUser(row)];
  });
  return { total, users };
}

/** The provider's own groups. */
export async function searchGroups(
  db: Db,
  search: Search<GroupBuilder, GroupSort>,
): Promise<{ total: number; groups: DirectoryGroup[] }> {
  const { idp, where, sort, descending, offset, limit } = search;
  let matching = db.selectFrom('directory_group').where('idp', '=', idp).where('source', '=', 'scim');
  if (where !== null) matching = matching.where(where);
  const { total } = await matching.select((e) => e.fn.countAll<number>().as('total')).executeTakeFirstOrThrow();
  if (limit === 0) return { total, groups: [] };
  const direction = descending ? 'desc' : 'asc';
  const rows = await matching
    .selectAll()
    .orderBy(sort, direction)
    .orderBy('seq', direction)
    .limit(limit)
    .offset(offset)
    .execute();
  return { total, groups: rows.map(toGroup) };
}

/** Members in the order of their ids. @param after the last id of the page before; `null` for the first page */
export async function membersPage(db: Db, group: string, after: string | null, limit: number): Promise<GroupMember[]> {
  // In two steps, because a planner that does not know the sizes would join the whole directory for each page.
  const members = await db
    .selectFrom('directory_member')
    .select('user_seq')
    .where('group_seq', '=', seqOf('g', group) ?? 0)
    .where('user_seq', '>', (after === null ? null : seqOf('u', after)) ?? 0)
    .orderBy('user_seq')
    .limit(limit)
    .execute();
  if (members.length === 0) return [];
  const seqs = members.map(({ user_seq: user }) => user);
  const rows = await db
    .selectFrom('directory_user')
    .select(['seq', 'display_name'])
    .where('seq', 'in', seqs)
    .orderBy('seq')
    .execute();
  return rows.map((row) => ({ id: idOf('u', row.seq), displayName: row.display_name }));
}

/** The provider's own groups of these people, by their ids. */
export async function groupsOfUsers(
  db: Db,
  users: readonly string[],
): Promise<ReadonlyMap<string, readonly Pick<DirectoryGroup, 'id' | 'name'>[]>> {
  const groups = new Map<string, Pick<DirectoryGroup, 'id' | 'name'>[]>();
  const seqs = users.map((id) => seqOf('u', id) ?? 0);
  if (seqs.length === 0) return groups;
  const rows = await db
    .selectFrom('directory_member as m')
    .innerJoin('directory_group as g', 'g.seq', 'm.group_seq')
    .select(['m.user_seq', 'g.seq', 'g.name'])
    .where('m.user_seq', 'in', seqs)
    .where('g.source', '=', 'scim')
    .orderBy('g.seq')
    .execute();
  for (const { user_seq: user, seq, name } of rows) {
    const id = idOf('u', user);
    const group = { id: idOf('g', seq), name };
    const known = groups.get(id);
    if (known === undefined) groups.set(id, [group]);
    else known.push(group);
  }
  return groups;
}
