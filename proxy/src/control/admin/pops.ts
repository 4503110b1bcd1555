import type { Selectable } from 'kysely';
import type { EdgeStatus } from '../../rpc/messages.ts';
import type { Database } from '../store/database.ts';
import type { StoreTables } from '../store/schema.ts';
import { stored } from './stored.ts';

/** A worker of a PoP, as it reports itself. */
export interface PopWorker {
  readonly worker: number;
  readonly snapshot: number;
  readonly sessions: number;
  readonly streams: number;
  readonly publishers: EdgeStatus['publishers'];
  readonly agents: number;
}

export interface Pop {
  readonly id: string;
  readonly name: string;
  readonly version: string;
  readonly snapshot: number;
  readonly epoch: number;
  readonly workers: readonly PopWorker[];
  /** What is wrong there. */
  readonly degraded: readonly string[];
  readonly startedAt: number;
  readonly seenAt: number;
}

/** A PoP says so often that it is there, and is taken for gone after a few times of silence. */
export const POP_BEAT_MS = 5_000;
export const POP_GONE_MS = 4 * POP_BEAT_MS;
/** Then it is forgotten. */
const FORGET_MS = 7 * 24 * 3_600_000;
const MAX_POPS = 1_000;

/** The PoPs of a deployment. Each writes its own row; all read the others'. */
export class Pops {
  readonly #database: Database;
  readonly #now: () => number;

  constructor(database: Database, now: () => number) {
    this.#database = database;
    this.#now = now;
  }

  async report(pop: Omit<Pop, 'seenAt'>): Promise<void> {
    const now = this.#now();
    const row = {
      name: pop.name,
      version: pop.version,
      snapshot: pop.snapshot,
      epoch: pop.epoch,
      workers: JSON.stringify(pop.workers),
      degraded: JSON.stringify(pop.degraded),
      started_at: pop.startedAt,
      seen_at: now,
    };
    await stored(
      this.#database.transaction(async (tx) => {
        await tx
          .insertInto('pop')
          .values({ id: pop.id, ...row })
          .onConflict((c) => c.column('id').doUpdateSet(row))
          .execute();
        await tx
          .deleteFrom('pop')
          .where('seen_at', '<', now - FORGET_MS)
          .execute();
      }),
    );
  }

  async list(): Promise<Pop[]> {
    const rows = await stored(
      this.#database.read.selectFrom('pop').selectAll().orderBy('name').orderBy('id').limit(MAX_POPS).execute(),
    );
    return rows.map(toPop);
  }
}

export function workerOf(status: EdgeStatus): PopWorker {
  return {
    worker: status.worker,
    snapshot: status.snapshot,
    sessions: status.sessions,
    streams: status.openStreams,
    publishers: status.publishers,
    agents: status.agents.length,
  };
}

function toPop(row: Selectable<StoreTables['pop']>): Pop {
  return {
    id: row.id,
    name: row.name,
    version: row.version,
    snapshot: row.snapshot,
    epoch: row.epoch,
    workers: JSON.parse(row.workers) as PopWorker[],
    degraded: JSON.parse(row.degraded) as string[],
    startedAt: row.started_at,
    seenAt: row.seen_at,
  };
}
