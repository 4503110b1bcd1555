import type { Kysely, Transaction } from 'kysely';
import { CausewayError, codeOf } from '@causeway/contract';
import type { Connections, Database, StoreLocation } from './database.ts';
import { raisedEpoch } from './epoch.ts';
import { migrate } from './migrate.ts';
import { OwnEpochs } from './own-epochs.ts';
import { openPostgres } from './postgres-database.ts';
import { isPostgresLoss } from './postgres-loss.ts';
import type { StoreGate } from './store-gate.ts';
import type { StoreTables } from './schema.ts';
import { openSqlite } from './sqlite-database.ts';
import type { ThreadOptions } from './thread-calls.ts';

/**
 * Opens the database and brings its tables to this version.
 *
 * @throws CausewayError `CW_STORE_FAILED` where it cannot be opened or was written by a newer version
 */
export async function openDatabase(location: StoreLocation, options: ThreadOptions = {}): Promise<Database> {
  let connections: Connections | null = null;
  try {
    connections = 'file' in location ? await openSqlite(location.file, options) : await openPostgres(location.url);
    await migrate(connections.write, connections.dialect);
    return new OpenDatabase(connections);
  } catch (error) {
    await connections?.close().catch(() => {});
    // What was never there is not lost: whoever starts is told what is wrong.
    const failed = storeFailed(error);
    throw failed.code === 'CW_STORE_LOST'
      ? new CausewayError('CW_STORE_FAILED', failed.message, { cause: error })
      : failed;
  }
}

/** Whether a start failed because the store was not there: that passes by itself, everything else has to be repaired. */
export function storeUnreachable(error: unknown): boolean {
  if (codeOf(error) === 'CW_STORE_LOST') return true;
  if (codeOf(error) !== 'CW_STORE_FAILED' || !(error instanceof Error)) return false;
  const { cause } = error;
  return cause instanceof CausewayError ? cause.code === 'CW_STORE_LOST' : isPostgresLoss(cause);
}

/** What any database says that went wrong, as our error; its own errors pass. */
export function storeFailed(error: unknown): CausewayError {
  if (error instanceof CausewayError) return error;
  return new CausewayError('CW_STORE_FAILED', error instanceof Error ? error.message : String(error), { cause: error });
}

class OpenDatabase implements Database {
  readonly ownEpochs = new OwnEpochs();
  readonly #connections: Connections;
  #closing: Promise<void> | null = null;

  constructor(connections: Connections) {
    this.#connections = connections;
  }

  get dialect(): Database['dialect'] {
    return this.#connections.dialect;
  }

  get write(): Kysely<StoreTables> {
    return this.#connections.write;
  }

  get read(): Kysely<StoreTables> {
    return this.#connections.read;
  }

  async transaction<T>(body: (tx: Transaction<StoreTables>) => Promise<T>): Promise<T> {
    const { value, epoch } = await this.#connections.write.transaction().execute(async (tx) => ({
      value: await body(tx),
      epoch: raisedEpoch(tx),
    }));
    if (epoch !== null) this.ownEpochs.add(epoch);
    return value;
  }

  get gate(): StoreGate {
    return this.#connections.gate;
  }

  probe(write: boolean): Promise<void> {
    return this.#connections.probe(write);
  }

  onMoved(listener: () => void): () => void {
    return this.#connections.onMoved(listener);
  }

  close(): Promise<void> {
    this.#closing ??= this.#connections.close();
    return this.#closing;
  }
}
