import type { Transaction } from 'kysely';
import type { StoreTables } from './schema.ts';

/** What was raised within a transaction that is not committed yet. */
const raised = new WeakMap<Transaction<StoreTables>, number>();

/** Counts that access ended or changed with this transaction: every control process hears of it and reads again. */
export async function raiseEpoch(tx: Transaction<StoreTables>): Promise<void> {
  const { value } = await tx
    .updateTable('counter')
    .set((e) => ({ value: e('value', '+', 1) }))
    .where('name', '=', 'epoch')
    .returning('value')
    .executeTakeFirstOrThrow();
  raised.set(tx, value);
}

/** To which epoch a transaction raises it, when it commits; `null` where it does not. */
export function raisedEpoch(tx: Transaction<StoreTables>): number | null {
  return raised.get(tx) ?? null;
}
