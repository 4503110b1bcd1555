import { sql, type Transaction } from 'kysely';
import { CausewayError } from '@causeway/contract';
import type { Database } from '../store/database.ts';
import type { StoreTables } from '../store/schema.ts';

type Tx = Transaction<StoreTables>;

interface Write {
  readonly idp: string;
  /** Runs the body and keeps what came of it, to be told after the commit. */
  readonly run: (tx: Tx) => Promise<{ readonly failed: boolean }>;
  readonly committed: () => void;
  readonly failed: (error: unknown) => void;
}

/** Bodies that wait at most, and that share one commit. */
const MAX_WAITING = 1_000;
const BATCH = 32;

/**
 * Writes of the directory, one after the other. Those that came while another was under way share one transaction: a
 * disk takes milliseconds for each commit, and a first synchronisation is a hundred thousand of them. A body that fails
 * takes back what it did and nothing else; bodies may run twice, so they change nothing but the database. On PostgreSQL they also wait here and not in the database, each with a
 * connection that others need.
 */
export class WriteBatches {
  readonly #database: Database;
  readonly #waiting: Write[] = [];
  #running = false;

  constructor(database: Database) {
    this.#database = database;
  }

  /** @throws CausewayError `CW_BUSY`, or what the body or the commit throws */
  write<T>(idp: string, body: (tx: Tx) => Promise<T>): Promise<T> {
    if (this.#waiting.length >= MAX_WAITING) {
      return Promise.reject(new CausewayError('CW_BUSY', 'too many changes of the directory wait'));
    }
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    let tell = (): void => {};
    this.#waiting.push({
      idp,
      run: async (tx) => {
        try {
          const result = await body(tx);
          tell = () => resolve(result);
          return { failed: false };
        } catch (error) {
          tell = () => reject(error);
          return { failed: true };
        }
      },
      committed: () => tell(),
      failed: reject,
    });
    if (!this.#running) void this.#drain();
    return promise;
  }

  async #drain(): Promise<void> {
    this.#running = true;
    for (let batch = this.#take(); batch.length > 0; batch = this.#take()) {
      try {
        // Seldom does one fail, and a savepoint for each costs as much as the write itself.
        if (!(await this.#commit(batch, false))) await this.#commit(batch, true);
        for (const write of batch) write.committed();
      } catch (error) {
        for (const write of batch) write.failed(error);
      }
    }
    this.#running = false;
  }

  /** @returns false where a body failed and, without savepoints, nothing was kept of any */
  async #commit(batch: readonly Write[], savepoints: boolean): Promise<boolean> {
    const undone = new Error('a body failed');
    try {
      await this.#database.transaction(async (tx) => {
        // SQLite has one writer; elsewhere another control process may write the same provider's people.
        if (this.#database.dialect === 'postgres') await lock(tx, batch[0]?.idp ?? '');
        for (const write of batch) {
          if (savepoints) await sql`savepoint body`.execute(tx);
          const { failed } = await write.run(tx);
          if (failed && !savepoints) throw undone;
          if (failed) await sql`rollback to savepoint body`.execute(tx);
          if (savepoints) await sql`release savepoint body`.execute(tx);
        }
      });
      return true;
    } catch (error) {
      if (error !== undone) throw error;
      return batch.length === 1;
    }
  }

  /** Of one provider alone: two control processes would otherwise lock several in different orders. */
  #take(): Write[] {
    const [first] = this.#waiting;
    const other = this.#waiting.findIndex(({ idp }) => idp !== first?.idp);
    return this.#waiting.splice(0, Math.min(BATCH, other < 0 ? this.#waiting.length : other));
  }
}

/** Until the commit nobody else changes this provider's people, nor lets one of them in. */
async function lock(tx: Tx, idp: string): Promise<void> {
  await tx
    .insertInto('directory_idp')
    .values({ idp, provisioned_at: null })
    .onConflict((c) => c.column('idp').doUpdateSet((e) => ({ idp: e.ref('excluded.idp') })))
    .execute();
}
