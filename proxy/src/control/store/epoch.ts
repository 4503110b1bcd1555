import type { Transaction } from 'kysely';
import type { StoreTables } from './schema.ts';

/** Counts that access ended or changed with this transaction: every control process hears of it and reads again. */
export async function raiseEpoch(tx: Transaction<StoreTables>): Promise<void> {
  await tx
    .updateTable('counter')
    .set((e) => ({ value: e('value', '+', 1) }))
    .where('name', '=', 'epoch')
    .execute();
}
