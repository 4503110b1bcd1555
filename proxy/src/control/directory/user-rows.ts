import type { Insertable, Kysely, Selectable, Transaction, Updateable } from 'kysely';
import { list } from '../store/rows.ts';
import type { StoreTables } from '../store/schema.ts';
import { withAccess } from './live-access.ts';
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

/** One row for each, in their order; `undefined` where the name is taken, also by one before among these. */
export async function insertUsers(
  tx: Tx,
  idp: string,
  inputs: readonly UserInput[],
  now: number,
): Promise<(UserRow | undefined)[]> {
  const fresh = { login_groups: '[]', seen_at: null, version: 1, created_at: now };
  const made = await tx
    .insertInto('directory_user')
    .values(inputs.map((input) => ({ idp, ...columns(input, now), ...fresh })))
    .onConflict((c) => c.columns(['idp', 'user_key']).doNothing())
    .returningAll()
    .execute();
  const byKey = new Map(made.map((row) => [row.user_key, row]));
  const rows = inputs.map(({ userName }) => {
    const row = byKey.get(nameKey(userName));
    byKey.delete(nameKey(userName));
    return row;
  });
  await insertValues(
    tx,
    inputs.flatMap(({ values }, i) => valueRows(rows[i]?.seq, values)),
  );
  return rows;
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
  await insertValues(tx, valueRows(seq, input.values));
  return row;
}

/** @returns the name, where a session or a device is theirs and belongs to nobody now */
export async function removeUser(tx: Tx, row: UserRow): Promise<string[]> {
  const own = await withAccess(tx, [row.seq]);
  const groups = tx.selectFrom('directory_member').select('group_seq').where('user_seq', '=', row.seq);
  await tx
    .updateTable('directory_group')
    .set((e) => ({ version: e('version', '+', 1) }))
    .where('seq', 'in', groups)
    .execute();
  await tx.deleteFrom('directory_user').where('seq', '=', row.seq).execute();
  return own.length === 0 ? [] : [row.user_name];
}

type ValueRow = Insertable<StoreTables['directory_value']>;

function valueRows(seq: number | undefined, values: UserInput['values']): ValueRow[] {
  if (seq === undefined) return [];
  return values.map(({ path, kind, main, value }) => ({
    user_seq: seq,
    path,
    kind,
    main: main ? 1 : 0,
    value_key: nameKey(value),
  }));
}

async function insertValues(tx: Tx, rows: readonly ValueRow[]): Promise<void> {
  if (rows.length > 0) await tx.insertInto('directory_value').values(rows).execute();
}

/** What the row's person has; the groups are read beside it. */
export async function accessOf(db: Db, row: UserRow): Promise<PersonAccess> {
  return toAccess(row, await groupNames(db, [row.seq]));
}

/** What people of these names have, by the name as it is given. At most a page of them. */
export async function accessByName(
  db: Db,
  idp: string,
  names: readonly string[],
): Promise<ReadonlyMap<string, PersonAccess>> {
  if (names.length === 0) return new Map();
  const keys = [...new Set(names.map(nameKey))];
  const rows = await db
    .selectFrom('directory_user')
    .selectAll()
    .where('idp', '=', idp)
    .where('user_key', 'in', keys)
    .execute();
  const groups = await groupNames(
    db,
    rows.map(({ seq }) => seq),
  );
  const byKey = new Map(rows.map((row) => [row.user_key, toAccess(row, groups)]));
  return new Map(
    names.flatMap((name) => {
      const access = byKey.get(nameKey(name));
      return access === undefined ? [] : [[name, access]];
    }),
  );
}

function toAccess(row: UserRow, names: ReadonlyMap<number, readonly string[]>): PersonAccess {
  return {
    user: row.user_name,
    displayName: row.display_name,
    groups: effectiveGroups(row.source, list(row.login_groups), names.get(row.seq) ?? []),
    ou: row.ou,
    active: row.active === 1,
    seenAt: row.seen_at,
  };
}
