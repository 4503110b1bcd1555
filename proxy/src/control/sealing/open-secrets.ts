import { join } from 'node:path';
import { sql } from 'kysely';
import { CausewayError } from '@causeway/contract';
import type { MasterKeySource } from '../../rpc/supervision.ts';
import type { Database } from '../store/database.ts';
import { storeFailed } from '../store/open-database.ts';
import { lockSecrets, newDataKey, sealingKeyId, storeDataKey, unwrapDataKey, type Tx } from './data-keys.ts';
import { makeMasterKeyFile, readMasterKey, sourceName } from './master-key-source.ts';
import type { MasterKey } from './master-key.ts';
import { SealedSecrets, sealedRow } from './sealed-secrets.ts';

/** Where the master key is, and whether a first start may put one there. */
export interface MasterKeyPlace {
  readonly source: MasterKeySource;
  readonly mayMake: boolean;
}

/** What the configuration says; else `master.key` in the data folder, made on first start. */
export function masterKeyPlace(dataDir: string, source: MasterKeySource | undefined): MasterKeyPlace {
  return source === undefined
    ? { source: { file: join(dataDir, 'master.key') }, mayMake: true }
    : { source, mayMake: false };
}

export interface OpenSecretsOptions {
  readonly database: Database;
  readonly place: MasterKeyPlace;
  readonly now: () => number;
}

/**
 * The secrets of a store. On the first start a data key is made and everything sealed that an earlier version left in
 * the clear, in one transaction; of PoPs that start at once, one does it and the others use its key.
 *
 * @throws CausewayError `CW_MASTER_KEY_MISSING`, `CW_MASTER_KEY_INVALID`, `CW_MASTER_KEY_WRONG`, `CW_SECRET_DAMAGED`,
 *   `CW_STORE_FAILED`; the store is as it was then
 */
export async function openSecrets({ database, place, now }: OpenSecretsOptions): Promise<SealedSecrets> {
  const where = sourceName(place.source);
  let master = await readMasterKey(place.source);
  try {
    let id = await sealingKeyId(database.write);
    if (id === null) ({ id, master } = await firstSealing(database, master, place, now()));
    master ??= await missing(database, id, where);
    const dataKey = await unwrapDataKey(database.write, id, master, where);
    const reread = async (): Promise<{ master: MasterKey; where: string }> => ({
      master: (await readMasterKey(place.source)) ?? (await missing(database, id, where)),
      where,
    });
    return new SealedSecrets({ database, dataKey, master, reread });
  } catch (error) {
    throw storeFailed(error);
  }
}

async function missing(database: Database, id: string, where: string): Promise<never> {
  const wraps = await database.write
    .selectFrom('data_key_wrap')
    .select('master_key')
    .where('data_key', '=', id)
    .orderBy('created_at')
    .execute();
  const keys = wraps.map((wrap) => wrap.master_key).join(' or ');
  throw new CausewayError(
    'CW_MASTER_KEY_MISSING',
    `${where} does not exist, and the store is sealed with master key ${keys}: bring it there, ` +
      'from the PoP that made it or from where you keep it, or say with masterKey in the configuration where it is',
  );
}

/** Only whoever has the lock makes a master key: the others would make one that opens nothing. */
async function firstSealing(
  database: Database,
  given: MasterKey | null,
  place: MasterKeyPlace,
  now: number,
): Promise<{ id: string; master: MasterKey | null }> {
  const sealed = async (tx: Tx): Promise<{ id: string; master: MasterKey | null }> => {
    await lockSecrets(tx, database.dialect);
    const present = await sealingKeyId(tx);
    if (present !== null) return { id: present, master: given };
    const rows = await tx.selectFrom('secret').selectAll().execute();
    const lost = rows.find((row) => row.data_key !== null);
    if (lost !== undefined) {
      throw new CausewayError('CW_SECRET_DAMAGED', `secret ${lost.name}: the data key that sealed it is gone`);
    }
    const master = given ?? makeMaster(place);
    const key = newDataKey();
    await storeDataKey(tx, key, master, now);
    for (const { name, value } of rows) {
      await tx
        .updateTable('secret')
        .set(sealedRow(key, name, value))
        .where('name', '=', name)
        .execute();
    }
    return { id: key.id, master };
  };
  if (database.dialect === 'postgres') return database.transaction(sealed);
  // What was in the clear is overwritten, in the file and in its log, not only unlinked.
  await sql`pragma secure_delete = on`.execute(database.write);
  try {
    return await database.transaction(sealed);
  } finally {
    await sql`pragma secure_delete = off`.execute(database.write);
    await sql`pragma wal_checkpoint(truncate)`.execute(database.write);
  }
}

function makeMaster({ source, mayMake }: MasterKeyPlace): MasterKey {
  if (mayMake && 'file' in source) return makeMasterKeyFile(source.file);
  throw new CausewayError(
    'CW_MASTER_KEY_MISSING',
    `${sourceName(source)} does not exist: make a master key with openssl rand -base64 32, put it there and keep a copy elsewhere`,
  );
}
