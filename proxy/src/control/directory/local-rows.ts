import type { Transaction, Updateable } from 'kysely';
import { CausewayError } from '@causeway/contract';
import type { StoreTables } from '../store/schema.ts';
import type { GroupRow } from './group-rows.ts';
import { checkedName, nameKey, seqOf } from './names.ts';
import type { UserBody } from './records.ts';
import type { UserRow } from './user-rows.ts';

type Tx = Transaction<StoreTables>;

/** What an administrator says of a person. */
export interface LocalFields {
  readonly displayName: string;
  readonly email: string | null;
  readonly active: boolean;
  /** Path of the organisational unit. */
  readonly ou: string | null;
}

/** Somebody of any provider. @throws CausewayError `CW_NOT_FOUND`, `CW_MANAGED` where the provider keeps them */
export async function ownUser(tx: Tx, id: string): Promise<UserRow> {
  const seq = seqOf('u', id);
  const row = await tx
    .selectFrom('directory_user')
    .selectAll()
    .where('seq', '=', seq ?? 0)
    .executeTakeFirst();
  if (row === undefined) throw new CausewayError('CW_NOT_FOUND', `there is no user ${id}`);
  if (row.source === 'scim') throw new CausewayError('CW_MANAGED', 'the identity provider keeps this person by SCIM');
  if (row.source === 'saml' && (await isInProvidersGroup(tx, row.seq))) {
    throw new CausewayError('CW_MANAGED', 'the identity provider keeps groups that this person is in');
  }
  return row;
}

/** A group of any provider. @throws CausewayError `CW_NOT_FOUND`, `CW_MANAGED` where the provider keeps it */
export async function ownGroup(tx: Tx, id: string): Promise<GroupRow> {
  const seq = seqOf('g', id);
  const row = await tx
    .selectFrom('directory_group')
    .selectAll()
    .where('seq', '=', seq ?? 0)
    .executeTakeFirst();
  if (row === undefined) throw new CausewayError('CW_NOT_FOUND', `there is no group ${id}`);
  if (row.source !== 'local') throw new CausewayError('CW_MANAGED', 'the identity provider keeps this group by SCIM');
  return row;
}

/** Those that a provider's groups have are the provider's: none of them becomes a person it does not see. */
async function isInProvidersGroup(tx: Tx, user: number): Promise<boolean> {
  const row = await tx
    .selectFrom('directory_member as m')
    .innerJoin('directory_group as g', 'g.seq', 'm.group_seq')
    .select('g.seq')
    .where('m.user_seq', '=', user)
    .where('g.source', '=', 'scim')
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

/** As SCIM keeps it, so that one reader finds it whoever wrote it. */
function bodyOf(email: string | null): UserBody {
  return email === null ? {} : { emails: [{ value: email, primary: true }] };
}

/** The primary address of a person, or the first. */
export function emailOf(body: UserBody): string | null {
  const emails = Array.isArray(body['emails']) ? (body['emails'] as readonly Readonly<Record<string, unknown>>[]) : [];
  const value = (emails.find(({ primary }) => primary === true) ?? emails[0])?.['value'];
  return typeof value === 'string' ? value : null;
}

function columns({ displayName, email, active, ou }: LocalFields, now: number) {
  return {
    display_name: displayName,
    display_key: nameKey(displayName),
    active: active ? 1 : 0,
    ou,
    source: 'local',
    body: JSON.stringify(bodyOf(email)),
    updated_at: now,
  } satisfies Updateable<StoreTables['directory_user']>;
}

/** @throws CausewayError `CW_CONFLICT` where the name is taken, `CW_REQUEST_INVALID` where it is none */
export async function insertLocal(
  tx: Tx,
  { idp, userName, ...fields }: LocalFields & { readonly idp: string; readonly userName: string },
  now: number,
): Promise<UserRow> {
  const row = await tx
    .insertInto('directory_user')
    .values({
      idp,
      user_name: checkedName('a user name', userName),
      user_key: nameKey(userName),
      external_id: null,
      ...columns(fields, now),
      login_groups: '[]',
      seen_at: null,
      version: 1,
      created_at: now,
    })
    .onConflict((c) => c.columns(['idp', 'user_key']).doNothing())
    .returningAll()
    .executeTakeFirst();
  if (row === undefined) throw new CausewayError('CW_CONFLICT', 'another user has this name');
  await keepEmail(tx, row.seq, fields.email);
  return row;
}

/** @param forgetLogin what the login said of groups counts no longer */
export async function updateLocal(
  tx: Tx,
  seq: number,
  fields: LocalFields,
  forgetLogin: boolean,
  now: number,
): Promise<UserRow> {
  const row = await tx
    .updateTable('directory_user')
    .set((e) => ({
      ...columns(fields, now),
      ...(forgetLogin ? { login_groups: '[]' } : {}),
      version: e('version', '+', 1),
    }))
    .where('seq', '=', seq)
    .returningAll()
    .executeTakeFirstOrThrow();
  await tx.deleteFrom('directory_value').where('user_seq', '=', seq).execute();
  await keepEmail(tx, seq, fields.email);
  return row;
}

async function keepEmail(tx: Tx, seq: number, email: string | null): Promise<void> {
  if (email === null) return;
  const value = { user_seq: seq, path: 'emails', kind: null, main: 1, value_key: nameKey(email) };
  await tx.insertInto('directory_value').values(value).execute();
}

/** The directory says from now on who is in which group. @returns for whom that is other than before */
export async function forgetLogins(tx: Tx, idp: string): Promise<number[]> {
  const rows = await tx
    .updateTable('directory_user')
    .set({ login_groups: '[]' })
    .where('idp', '=', idp)
    .where('source', '=', 'local')
    .where('login_groups', '!=', '[]')
    .returning('seq')
    .execute();
  return rows.map(({ seq }) => seq);
}
