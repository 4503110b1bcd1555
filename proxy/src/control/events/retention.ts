import type { Kysely } from 'kysely';
import type { StoreTables } from '../store/schema.ts';

/** Rows that one statement deletes at most, so that no write waits long behind it. */
const SWEEP_ROWS = 1_000;
/** Statements of one sweep: what is left waits for the next. */
const SWEEP_STATEMENTS = 50;

export interface Retention {
  readonly days: number;
  /** Rows at most, the newest; counted by their numbers. */
  readonly maxEvents: number;
}

const DAY_MS = 24 * 3_600_000;

/** Forgets what is too old or too much. @returns how many */
export async function sweepEvents(db: Kysely<StoreTables>, retention: Retention, now: number): Promise<number> {
  const oldest = now - retention.days * DAY_MS;
  const newest = await db.selectFrom('event').select('seq').orderBy('seq', 'desc').limit(1).executeTakeFirst();
  if (newest === undefined) return 0;
  const old = db.selectFrom('event').select('seq').where('at', '<', oldest).orderBy('at').limit(SWEEP_ROWS);
  const surplus = db
    .selectFrom('event')
    .select('seq')
    .where('seq', '<=', newest.seq - retention.maxEvents)
    .orderBy('seq')
    .limit(SWEEP_ROWS);
  let swept = 0;
  for (let statements = 0; statements < SWEEP_STATEMENTS;) {
    let deleted = 0;
    for (const doomed of [old, surplus]) {
      const { numDeletedRows } = await db.deleteFrom('event').where('seq', 'in', doomed).executeTakeFirstOrThrow();
      deleted += Number(numDeletedRows);
      statements++;
    }
    swept += deleted;
    if (deleted === 0) break;
  }
  return swept;
}
