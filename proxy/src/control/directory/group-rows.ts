import type { Kysely, Selectable, Transaction } from 'kysely';
import { CausewayError } from '@causeway/contract';
import type { StoreTables } from '../store/schema.ts';
import { checkedName, idOf, nameKey, seqOf } from './names.ts';
import type { DirectoryGroup, GroupInput } from './records.ts';

export type GroupRow = Selectable<StoreTables['directory_group']>;
type Tx = Transaction<StoreTables>;
type Db = Kysely<StoreTables>;

/** Rows of one statement; a database limits the parameters of a statement. */
const PAGE = 500;

export function toGroup(row: GroupRow): DirectoryGroup {
  return {
    id: idOf('g', row.seq),
    idp: row.idp,
    name: row.name,
    externalId: row.external_id,
    source: row.source,
    version: row.version,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

export function groupBySeq(db: Db, idp: string, seq: number): Promise<GroupRow | undefined> {
  return db.selectFrom('directory_group').selectAll().where('idp', '=', idp).where('seq', '=', seq).executeTakeFirst();
}

function groupByName(db: Db, idp: string, name: string): Promise<GroupRow | undefined> {
  return db
    .selectFrom('directory_group')
    .selectAll()
    .where('idp', '=', idp)
    .where('name_key', '=', nameKey(name))
    .executeTakeFirst();
}

/** @throws CausewayError `CW_CONFLICT` where another group of the provider has the name */
async function freeName(tx: Tx, idp: string, name: string, own: number | null): Promise<string> {
  const other = await groupByName(tx, idp, checkedName('a group’s name', name));
  if (other !== undefined && other.seq !== own) throw new CausewayError('CW_CONFLICT', 'another group has this name');
  return name;
}

export async function insertGroup(
  tx: Tx,
  idp: string,
  input: GroupInput,
  now: number,
  source: 'scim' | 'local' = 'scim',
): Promise<GroupRow> {
  const name = await freeName(tx, idp, input.name, null);
  return tx
    .insertInto('directory_group')
    .values({
      idp,
      name,
      name_key: nameKey(name),
      external_id: input.externalId,
      source,
      version: 1,
      created_at: now,
      updated_at: now,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
}

export async function renameGroup(tx: Tx, group: GroupRow, name: string): Promise<void> {
  await freeName(tx, group.idp, name, group.seq);
  await tx
    .updateTable('directory_group')
    .set({ name, name_key: nameKey(name) })
    .where('seq', '=', group.seq)
    .execute();
}

export async function touchGroup(tx: Tx, seq: number, now: number): Promise<GroupRow> {
  return tx
    .updateTable('directory_group')
    .set((e) => ({ version: e('version', '+', 1), updated_at: now }))
    .where('seq', '=', seq)
    .returningAll()
    .executeTakeFirstOrThrow();
}

/**
 * The rows behind ids of members. A provider's groups have none of the people whom an administrator keeps.
 *
 * @throws CausewayError `CW_REQUEST_INVALID` where one is nobody of this provider
 */
export async function memberSeqs(tx: Tx, { idp, source }: GroupRow, ids: readonly string[]): Promise<number[]> {
  const wanted = new Set<number>();
  for (const id of ids) {
    const seq = seqOf('u', id);
    if (seq === null) throw new CausewayError('CW_REQUEST_INVALID', 'a member is no user of this provider');
    wanted.add(seq);
  }
  const seqs = [...wanted];
  for (let from = 0; from < seqs.length; from += PAGE) {
    const page = seqs.slice(from, from + PAGE);
    const { known } = await tx
      .selectFrom('directory_user')
      .select((e) => e.fn.countAll<number>().as('known'))
      .where('idp', '=', idp)
      .where('seq', 'in', page)
      .$if(source === 'scim', (q) => q.where('source', '!=', 'local'))
      .executeTakeFirstOrThrow();
    if (known !== page.length) {
      throw new CausewayError('CW_REQUEST_INVALID', 'a member is no user of this provider');
    }
  }
  return seqs;
}

/** @returns who was no member before */
export async function addMembers(tx: Tx, group: number, users: readonly number[]): Promise<number[]> {
  const added: number[] = [];
  for (let from = 0; from < users.length; from += PAGE) {
    const page = users.slice(from, from + PAGE);
    const rows = await tx
      .insertInto('directory_member')
      .values(page.map((user) => ({ group_seq: group, user_seq: user })))
      .onConflict((c) => c.columns(['group_seq', 'user_seq']).doNothing())
      .returning('user_seq')
      .execute();
    added.push(...rows.map((row) => row.user_seq));
  }
  return added;
}

/** @returns who was a member before */
export async function removeMembers(tx: Tx, group: number, users: readonly number[]): Promise<number[]> {
  const removed: number[] = [];
  for (let from = 0; from < users.length; from += PAGE) {
    const rows = await tx
      .deleteFrom('directory_member')
      .where('group_seq', '=', group)
      .where('user_seq', 'in', users.slice(from, from + PAGE))
      .returning('user_seq')
      .execute();
    removed.push(...rows.map((row) => row.user_seq));
  }
  return removed;
}

/** Who of a group is none of these; numbers alone, so that a large group costs little. */
export async function membersBeside(tx: Tx, group: number, keep: ReadonlySet<number>): Promise<number[]> {
  const others: number[] = [];
  for (let after = 0; ;) {
    const rows = await memberPage(tx, group, after, 10 * PAGE);
    for (const { user_seq: user } of rows) if (!keep.has(user)) others.push(user);
    const last = rows.at(-1);
    if (last === undefined) return others;
    after = last.user_seq;
  }
}

async function memberPage(db: Db, group: number, after: number, limit: number): Promise<{ user_seq: number }[]> {
  return db
    .selectFrom('directory_member')
    .select('user_seq')
    .where('group_seq', '=', group)
    .where('user_seq', '>', after)
    .orderBy('user_seq')
    .limit(limit)
    .execute();
}
