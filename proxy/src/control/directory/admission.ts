import type { Kysely, Transaction } from 'kysely';
import { CausewayError } from '@causeway/contract';
import { list } from '../store/rows.ts';
import type { StoreTables } from '../store/schema.ts';
import { checkedName, nameKey } from './names.ts';
import type { PersonAccess } from './records.ts';
import { accessOf, userByName, type UserRow } from './user-rows.ts';

/** Who somebody is by their login. */
export interface Login {
  readonly user: string;
  readonly displayName: string;
  readonly groups: readonly string[];
  /** Path of the organisational unit, where the login names one. */
  readonly ou: string | null;
}

export interface SignedIn {
  readonly seq: number;
  readonly person: PersonAccess;
  /** The login says other groups or another unit than the last one did. */
  readonly regrouped: boolean;
}

/**
 * Who may come in: anybody who is active, and, as long as the provider does not keep its people here, anybody whom it
 * confirms. When it does, those whom an administrator keeps here come in beside its own.
 */
export async function signIn(tx: Transaction<StoreTables>, idp: string, login: Login, now: number): Promise<SignedIn> {
  const known = await userByName(tx, idp, login.user);
  const provisioned = await isProvisioned(tx, idp);
  const refused = refusal(known, provisioned);
  if (refused !== null) throw new CausewayError(refused);
  // Once the directory says who is in which group, a login says it of nobody, whoever keeps them here.
  const told = known?.source === 'local' && provisioned ? { ...login, groups: [] } : login;
  const row = known === undefined ? await insert(tx, idp, told, now) : await update(tx, known, told, now);
  const regrouped = known !== undefined && (!sameSet(list(known.login_groups), told.groups) || known.ou !== row.ou);
  return { seq: row.seq, person: await accessOf(tx, row), regrouped };
}

/** Who would come in under a name, and what keeps them out; `person` is `null` where nobody is known under it. */
export interface Admission {
  readonly person: PersonAccess | null;
  readonly refused: 'CW_PERSON_INACTIVE' | 'CW_PERSON_UNKNOWN' | null;
}

export async function admissionOf(db: Kysely<StoreTables>, idp: string, user: string): Promise<Admission> {
  const known = await userByName(db, idp, user);
  return {
    person: known === undefined ? null : await accessOf(db, known),
    refused: refusal(known, await isProvisioned(db, idp)),
  };
}

function refusal(known: UserRow | undefined, provisioned: boolean): Admission['refused'] {
  if (known?.active === 0) return 'CW_PERSON_INACTIVE';
  return provisioned && (known === undefined || known.source === 'saml') ? 'CW_PERSON_UNKNOWN' : null;
}

export async function isProvisioned(tx: Kysely<StoreTables>, idp: string): Promise<boolean> {
  const row = await tx.selectFrom('directory_idp').select('provisioned_at').where('idp', '=', idp).executeTakeFirst();
  return row !== undefined && row.provisioned_at !== null;
}

function insert(tx: Transaction<StoreTables>, idp: string, login: Login, now: number): Promise<UserRow> {
  const { user, displayName, groups, ou } = login;
  return tx
    .insertInto('directory_user')
    .values({
      idp,
      user_name: checkedName('a user name', user),
      user_key: nameKey(user),
      external_id: null,
      display_name: displayName,
      display_key: nameKey(displayName),
      active: 1,
      ou,
      source: 'saml',
      body: '{}',
      login_groups: JSON.stringify(groups),
      seen_at: now,
      version: 1,
      created_at: now,
      updated_at: now,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
}

/** Of somebody who is kept here the login says no name and no unit. */
function update(tx: Transaction<StoreTables>, known: UserRow, login: Login, now: number): Promise<UserRow> {
  const { displayName, groups, ou } = login;
  const told = known.source !== 'saml' ? {} : { display_name: displayName, display_key: nameKey(displayName), ou };
  return tx
    .updateTable('directory_user')
    .set({ ...told, login_groups: JSON.stringify(groups), seen_at: now })
    .where('seq', '=', known.seq)
    .returningAll()
    .executeTakeFirstOrThrow();
}

function sameSet(a: readonly string[], b: readonly string[]): boolean {
  const left = new Set(a);
  const right = new Set(b);
  return left.size === right.size && [...left].every((entry) => right.has(entry));
}
