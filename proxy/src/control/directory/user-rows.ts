import type { Insertable, Kysely, Selectable, Transaction, Updateable } from 'kysely';
import { list } from '../store/rows.ts';
import type { StoreTables } from '../store/schema.ts';
import { effectiveGroups, groupNames } from './membership.ts';
import { checkedName, idOf, nameKey } from './names.ts';
import type { DirectoryUser, PersonAccess, UserBody, UserInput } from './records.ts';

export type UserRow = Selectable<StoreTables['directory_user']>;
type Tx = Transaction<StoreTables>;
type Db = Kysely<StoreTables>;

export function toUser(row: UserRow): DirectoryUser {
  return {
    id: idOf('u', row.seq),
    idp: row.idp,
    userName: row.user_name,
    externalId: row.external_id,
    displayName: row.display_name,
    active: row.active === 1,
    ou: row.ou,
    source: row.source,
    body: JSON.parse(row.body) as UserBody,
    seenAt: row.seen_at,
    version: row.version,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

/** @throws CausewayError `CW_REQUEST_INVALID` where a name is none */
function columns(input: UserInput, now: number) {
  return {
    user_name: checkedName('a user name', input.userName),
    user_key: nameKey(input.userName),
    external_id: input.externalId,
    display_name: input.displayName,
    display_key: nameKey(input.displayName),
    active: input.active ? 1 : 0,
    ou: input.ou,
    source: 'scim',
    body: JSON.stringify(input.body),
    updated_at: now,
  } satisfies Updateable<StoreTables['directory_user']>;
}

export function userByName(db: Db, idp: string, name: string): Promise<UserRow | undefined> {
  return db
    .selectFrom('directory_user')
    .selectAll()
    .where('idp', '=', idp)
    .where('user_key', '=', nameKey(name))
    .executeTakeFirst();
}

export function userBySeq(db: Db, idp: string, seq: number): Promise<UserRow | undefined> {
  return db.selectFrom('directory_user').selectAll().where('idp', '=', idp).where('seq', '=', seq).executeTakeFirst();
}

/** `null` where the name is taken. */
export async function insertUser(tx: Tx, idp: string, input: UserInput, now: number): Promise<UserRow | null> {
  const row = await tx
    .insertInto('directory_user')
    .values({ idp, ...columns(input, now), login_groups: '[]', seen_at: null, version: 1, created_at: now })
    .onConflict((c) => c.columns(['idp', 'user_key']).doNothing())
    .returningAll()
    .executeTakeFirst();
  if (row === undefined) return null;
  await insertValues(tx, row.seq, input);
  return row;
}

/** What was kept of the logins stays. */
export async function updateUser(tx: Tx, seq: number, input: UserInput, now: number): Promise<UserRow> {
  const row = await tx
    .updateTable('directory_user')
    .set((e) => ({ ...columns(input, now), version: e('version', '+', 1) }))
    .where('seq', '=', seq)
    .returningAll()
    .executeTakeFirstOrThrow();
  await tx.deleteFrom('directory_value').where('user_seq', '=', seq).execute();
  await insertValues(tx, seq, input);
  return row;
}

async function insertValues(tx: Tx, seq: number, { values }: UserInput): Promise<void> {
  if (values.length === 0) return;
  const rows: Insertable<StoreTables['directory_value']>[] = values.map(({ path, kind, main, value }) => ({
    user_seq: seq,
    path,
    kind,
    main: main ? 1 : 0,
    value_key: nameKey(value),
  }));
  await tx.insertInto('directory_value').values(rows).execute();
}

/** What the row's person has; the groups are read beside it. */
export async function accessOf(db: Db, row: UserRow): Promise<PersonAccess> {
  const names = await groupNames(db, [row.seq]);
  return {
    user: row.user_name,
    displayName: row.display_name,
    groups: effectiveGroups(row.source, list(row.login_groups), names.get(row.seq) ?? []),
    ou: row.ou,
    active: row.active === 1,
    seenAt: row.seen_at,
  };
}
