import { CausewayError } from '@causeway/contract';
import type { PostgresCursor, PostgresPool, PostgresPoolClient, PostgresQueryResult } from 'kysely';
import { Pool, type PoolClient, type PoolConfig } from 'pg';
import { isPostgresLoss } from './postgres-loss.ts';
import type { StoreGate } from './store-gate.ts';

/** Statements that wait for a connection; one more is refused. */
const MAX_WAITING = 4_096;

/**
 * The driver's pool behind the gate. A connection whose statement failed as when the server is lost is not used again: the
 * driver would give it to the next one while it still waits for an answer that never comes.
 */
export class GatedPool implements PostgresPool {
  readonly #pool: Pool;
  readonly #gate: StoreGate;
  readonly options: object;
  /** Statements that the server has answered. */
  #answers = 0;

  constructor(config: PoolConfig, gate: StoreGate) {
    this.options = config;
    this.#pool = new Pool(config);
    this.#gate = gate;
    // A connection that ends while nobody uses it is replaced by the next statement; that one says what is wrong.
    this.#pool.on('error', () => {});
    // The pool listens only while nobody uses it: between two statements of a transaction its end would end us.
    this.#pool.on('connect', (client) => client.on('error', () => {}));
  }

  /** @throws CausewayError `CW_STORE_LOST`, `CW_BUSY` */
  async connect(): Promise<PostgresPoolClient> {
    this.#gate.pass();
    if (this.#pool.waitingCount >= MAX_WAITING) {
      throw new CausewayError('CW_BUSY', `${this.#pool.waitingCount} statements wait for the store`);
    }
    const before = this.#answers;
    try {
      return new GatedClient(await this.#connection(), this.#gate, () => this.#answers++);
    } catch (error) {
      throw this.#exhausted(error) && this.#answers > before
        ? new CausewayError('CW_BUSY', 'every connection is in use')
        : lost(error, this.#gate);
    }
  }

  end(): Promise<void> {
    return this.#pool.end();
  }

  /** One that comes after it was given up goes back. */
  #connection(): Promise<PoolClient> {
    const connecting = this.#pool.connect();
    const taken = this.#gate.through(connecting);
    taken.catch(() => void connecting.then((client) => client.release(true)).catch(() => {}));
    return taken;
  }

  /** The driver says it with the same words of a server that does not answer; that one answers nobody else meanwhile. */
  #exhausted(error: unknown): boolean {
    return error instanceof Error && error.message === 'timeout exceeded when trying to connect';
  }
}

class GatedClient implements PostgresPoolClient {
  readonly #client: PoolClient;
  readonly #gate: StoreGate;
  readonly #answered: () => void;
  #broken = false;

  constructor(client: PoolClient, gate: StoreGate, answered: () => void) {
    this.#client = client;
    this.#gate = gate;
    this.#answered = answered;
  }

  query<R>(sql: string, parameters: readonly unknown[]): Promise<PostgresQueryResult<R>>;
  query<R>(cursor: PostgresCursor<R>): PostgresCursor<R>;
  query<R>(
    sql: string | PostgresCursor<R>,
    parameters: readonly unknown[] = [],
  ): Promise<PostgresQueryResult<R>> | PostgresCursor<R> {
    if (typeof sql !== 'string') throw new Error('the store reads in pages, not with cursors');
    return this.#query<R>(sql, parameters);
  }

  release(): void {
    this.#client.release(this.#broken);
  }

  async #query<R>(sql: string, parameters: readonly unknown[]): Promise<PostgresQueryResult<R>> {
    try {
      this.#gate.pass();
      const result = await this.#gate.through(this.#client.query(sql, [...parameters]));
      this.#answered();
      // the driver and kysely describe the same object, each in its words
      return result as unknown as PostgresQueryResult<R>;
    } catch (error) {
      const told = lost(error, this.#gate);
      if (told !== error || told instanceof CausewayError) this.#broken = true;
      throw told;
    }
  }
}

/** A loss as our error, and somebody looks at it; everything else as it is. */
function lost(error: unknown, gate: StoreGate): unknown {
  if (error instanceof CausewayError || !isPostgresLoss(error)) return error;
  gate.suspect();
  return new CausewayError('CW_STORE_LOST', error instanceof Error ? error.message : String(error), { cause: error });
}
