import { CausewayError } from '@causeway/contract';
import type { KeyState } from '../../rpc/messages.ts';
import { newDataKey, storeDataKey, wrapDataKey, wrapsOf } from './data-keys.ts';
import { parseMasterKey } from './master-key.ts';
import { sealedRow, type SealedSecrets } from './sealed-secrets.ts';

/** What is sealed by which key. */
export async function keyState(secrets: SealedSecrets): Promise<KeyState> {
  return secrets.write(async (tx, { id }) => {
    const { created_at } = await tx
      .selectFrom('data_key')
      .select('created_at')
      .where('id', '=', id)
      .executeTakeFirstOrThrow();
    const { count } = await tx
      .selectFrom('secret')
      .select((e) => e.fn.countAll<number>().as('count'))
      .executeTakeFirstOrThrow();
    const wraps = await wrapsOf(tx, id);
    return {
      dataKey: id,
      dataKeySince: created_at,
      secrets: count,
      masterKeys: wraps.map(({ masterKey, createdAt }) => ({
        id: masterKey,
        since: createdAt,
        inUse: masterKey === secrets.master.id,
      })),
    };
  });
}

/**
 * Seals every secret anew under a new data key and forgets the old one, in one transaction: killed at any point the
 * store has either all of the old or all of the new. Other PoPs of the store go on and find the new key by themselves.
 *
 * @throws CausewayError `CW_CONFLICT` while the master key is being changed: the new data key would open for this
 *   PoP's master key alone; `CW_MASTER_KEY_WRONG` where this PoP still runs with one that was removed
 */
export async function rotateDataKey(secrets: SealedSecrets, now: number): Promise<void> {
  await secrets.write(async (tx, old) => {
    const wraps = await wrapsOf(tx, old.id);
    if (wraps.length > 1) {
      const ids = wraps.map(({ masterKey }) => masterKey).join(' and ');
      throw new CausewayError('CW_CONFLICT', `the master key is being changed (${ids}): remove the old one first`);
    }
    refuseRetired(secrets, wraps);
    const fresh = newDataKey();
    await storeDataKey(tx, fresh, secrets.master, now);
    for (const row of await tx.selectFrom('secret').selectAll().execute()) {
      const text = await secrets.opened(tx, row.name, row);
      await tx
        .updateTable('secret')
        .set(sealedRow(fresh, row.name, text))
        .where('name', '=', row.name)
        .execute();
    }
    await tx.deleteFrom('data_key_wrap').where('data_key', '=', old.id).execute();
    await tx.deleteFrom('data_key').where('id', '=', old.id).execute();
  });
}

/**
 * Lets another master key open the store too. Both do until the old one is removed, so that PoPs change over one after
 * the other and a step can be taken back.
 *
 * @throws CausewayError `CW_MASTER_KEY_INVALID`
 */
export async function addMasterKey(secrets: SealedSecrets, text: string, now: number): Promise<void> {
  const master = parseMasterKey(text, 'what was given');
  await secrets.write((tx, key) => wrapDataKey(tx, key, master, now));
}

/**
 * Takes from a master key what it could open.
 *
 * @throws CausewayError `CW_NOT_FOUND`, `CW_CONFLICT` of the one that this PoP itself runs with, `CW_MASTER_KEY_WRONG`
 *   where that one was removed: the other may be the last that opens the store
 */
export async function removeMasterKey(secrets: SealedSecrets, id: string): Promise<void> {
  await secrets.write(async (tx, key) => {
    if (id === secrets.master.id) {
      throw new CausewayError('CW_CONFLICT', `this PoP runs with ${id}: start it with the new master key first`);
    }
    refuseRetired(secrets, await wrapsOf(tx, key.id));
    const { numDeletedRows } = await tx
      .deleteFrom('data_key_wrap')
      .where('data_key', '=', key.id)
      .where('master_key', '=', id)
      .executeTakeFirstOrThrow();
    if (numDeletedRows === 0n) throw new CausewayError('CW_NOT_FOUND', `no master key ${id} opens this store`);
  });
}

/** A PoP keeps the data key in memory, and so goes on when its master key was removed at another PoP. */
function refuseRetired({ master }: SealedSecrets, wraps: readonly { readonly masterKey: string }[]): void {
  if (wraps.some(({ masterKey }) => masterKey === master.id)) return;
  throw new CausewayError(
    'CW_MASTER_KEY_WRONG',
    `this PoP runs with ${master.id}, which does not open the store any more: start it with the present master key first`,
  );
}
