import type { Transaction } from 'kysely';
import type { StoreTables } from './schema.ts';

/** Rows that one sweep deletes from a table at most, so that no write waits long behind it. */
const SWEEP_ROWS = 1_000;

/** Forgets what has expired. */
export async function sweep(tx: Transaction<StoreTables>, now: number): Promise<void> {
  const sessions = await tx
    .selectFrom('session')
    .select('id')
    .where('expires_at', '<=', now)
    .limit(SWEEP_ROWS)
    .execute();
  if (sessions.length > 0) {
    const ids = sessions.map(({ id }) => id);
    await tx.deleteFrom('app_token').where('session', 'in', ids).execute();
    await tx.deleteFrom('session').where('id', 'in', ids).execute();
  }
  const tokens = tx.selectFrom('join_token').select('hash').where('expires_at', '<=', now).limit(SWEEP_ROWS);
  await tx.deleteFrom('join_token').where('hash', 'in', tokens).execute();
  const assertions = tx.selectFrom('assertion').select('id').where('expires_at', '<=', now).limit(SWEEP_ROWS);
  await tx.deleteFrom('assertion').where('id', 'in', assertions).execute();
  // There are never many of them.
  await tx.deleteFrom('sign_on_ticket').where('expires_at', '<=', now).execute();
}
