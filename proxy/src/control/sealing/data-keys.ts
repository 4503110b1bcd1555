import { createSecretKey, randomBytes, type KeyObject } from 'node:crypto';
import { sql, type Kysely, type Transaction } from 'kysely';
import { CausewayError } from '@causeway/contract';
import type { Database } from '../store/database.ts';
import type { StoreTables } from '../store/schema.ts';
import type { MasterKey } from './master-key.ts';

/** What seals secrets: 32 random bytes that are stored only as a master key wraps them. */
export interface DataKey {
  /** `dk_` and 16 hex digits. */
  readonly id: string;
  readonly key: KeyObject;
}

export type Tx = Transaction<StoreTables>;

/** Any number that nobody else locks in this database. */
const SECRETS_LOCK = 0x6361_7365;

/**
 * Whoever seals holds this until its transaction ends: a secret sealed by a key that a rotation is just removing would
 * be lost. SQLite's transactions have the write lock from the start.
 */
export async function lockSecrets(tx: Tx, dialect: Database['dialect']): Promise<void> {
  if (dialect === 'postgres') await sql`select pg_advisory_xact_lock(${sql.lit(SECRETS_LOCK)})`.execute(tx);
}

export function newDataKey(): DataKey {
  return { id: `dk_${randomBytes(8).toString('hex')}`, key: createSecretKey(randomBytes(32)) };
}

/** The id of the key that seals now; `null` in a store that nobody has sealed yet. */
export async function sealingKeyId(db: Kysely<StoreTables>): Promise<string | null> {
  const row = await db.selectFrom('data_key').select('id').executeTakeFirst();
  return row?.id ?? null;
}

export async function storeDataKey(tx: Tx, key: DataKey, master: MasterKey, now: number): Promise<void> {
  await tx.insertInto('data_key').values({ id: key.id, created_at: now }).execute();
  await wrapDataKey(tx, key, master, now);
}

/** Idempotent. */
export async function wrapDataKey(tx: Tx, { id, key }: DataKey, master: MasterKey, now: number): Promise<void> {
  await tx
    .insertInto('data_key_wrap')
    .values({ data_key: id, master_key: master.id, wrapped: master.wrap(id, key), created_at: now })
    .onConflict((c) => c.columns(['data_key', 'master_key']).doNothing())
    .execute();
}

/** The master keys that open a data key, oldest first. */
export async function wrapsOf(
  db: Kysely<StoreTables>,
  dataKey: string,
): Promise<{ masterKey: string; wrapped: string; createdAt: number }[]> {
  const rows = await db
    .selectFrom('data_key_wrap')
    .selectAll()
    .where('data_key', '=', dataKey)
    .orderBy('created_at')
    .orderBy('master_key')
    .execute();
  return rows.map((row) => ({ masterKey: row.master_key, wrapped: row.wrapped, createdAt: row.created_at }));
}

/** @throws CausewayError `CW_MASTER_KEY_WRONG` naming the keys that would open it, `CW_SECRET_DAMAGED` */
export async function unwrapDataKey(
  db: Kysely<StoreTables>,
  id: string,
  master: MasterKey,
  where: string,
): Promise<DataKey> {
  const wraps = await wrapsOf(db, id);
  const wrap = wraps.find(({ masterKey }) => masterKey === master.id);
  if (wrap === undefined) {
    const needed = wraps.map(({ masterKey }) => masterKey).join(' or ');
    throw new CausewayError(
      'CW_MASTER_KEY_WRONG',
      `${where} holds master key ${master.id}, and the store is sealed with ${needed === '' ? 'one that is gone' : needed}; ` +
        'bring that one back (PoPs of one database share it); nothing was changed',
    );
  }
  return { id, key: master.unwrap(id, wrap.wrapped) };
}
