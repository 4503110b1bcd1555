import { closeSync, openSync } from 'node:fs';
import {
  CompiledQuery,
  Kysely,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type QueryResult,
} from 'kysely';
import { CausewayError, codeOf } from '@causeway/contract';
import type { Connections } from './database.ts';
import type { StoreTables } from './schema.ts';
import { StoreGate } from './store-gate.ts';
import type { RawResult } from './thread-protocol.ts';
import { ThreadCalls, type ThreadOptions } from './thread-calls.ts';
import { WRITE_PROBE, writeFiller } from './write-probe.ts';

/**
 * SQLite in two threads, because every statement blocks the thread that runs it: one writes, one only reads. Only one
 * control process has the file, so what moves a counter is told by whoever moved it here.
 */
export async function openSqlite(file: string, options: ThreadOptions): Promise<Connections> {
  // It holds the CA's key; SQLite gives its side files the same mode.
  closeSync(openSync(file, 'a', 0o600));
  const writer = new ThreadCalls({ file, readOnly: false }, options);
  await writer.open();
  const reader = new ThreadCalls({ file, readOnly: true }, options);
  try {
    await reader.open();
  } catch (error) {
    await writer.close();
    throw error;
  }
  const gate = new StoreGate();
  const writes = new WriterDriver(writer, gate);
  const write = new Kysely<StoreTables>({ dialect: threadDialect(writes) });
  const read = new Kysely<StoreTables>({ dialect: threadDialect(new ReaderDriver(reader, gate)) });
  return {
    dialect: 'sqlite',
    write,
    read,
    onMoved: () => () => {},
    gate,
    probe: async (mustWrite) => {
      await reader.query('select 1', []);
      if (mustWrite) await writes.probe();
    },
    close: async () => {
      await writes.end();
      await Promise.all([writer.close(), reader.close()]);
    },
  };
}

function threadDialect(driver: Driver): Dialect {
  return {
    createAdapter: () => new PooledSqliteAdapter(),
    createDriver: () => driver,
    createIntrospector: (db) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  };
}

/** Whose connections are handed out by the driver, which knows the bound; kysely would queue without one. */
class PooledSqliteAdapter extends SqliteAdapter {
  override get supportsMultipleConnections(): boolean {
    return true;
  }
}

/** A thread's connection as it was when a statement or a transaction took it. */
class ThreadConnection implements DatabaseConnection {
  readonly #calls: ThreadCalls;
  readonly #gate: StoreGate;
  readonly #generation: number;

  constructor(calls: ThreadCalls, gate: StoreGate) {
    this.#calls = calls;
    this.#gate = gate;
    this.#generation = calls.generation;
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    this.#gate.pass();
    const { rows, changes } = await this.#ask(query.sql, query.parameters);
    // kysely derives the row type from the query that produced this statement
    return { rows: rows as R[], numAffectedRows: BigInt(changes) };
  }

  /** Past the gate: what was begun is taken back whether or not the store is lost. SQLite may have done so itself. */
  rollback(): void {
    this.#calls.reset();
  }

  async #ask(sql: string, parameters: readonly unknown[]): Promise<RawResult> {
    // In a new thread the rest of a transaction would run without its beginning.
    if (this.#calls.generation !== this.#generation) {
      throw new CausewayError('CW_STORE_LOST', 'the store’s thread ended in the middle of a transaction');
    }
    try {
      return await this.#calls.query(sql, parameters);
    } catch (error) {
      if (codeOf(error) === 'CW_STORE_LOST') this.#gate.suspect();
      throw error;
    }
  }

  // oxlint-disable-next-line require-yield
  async *streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    throw new Error('the store reads in pages, not in streams');
  }
}

/** One connection, so one transaction or statement after the other. */
class WriterDriver implements Driver {
  readonly #calls: ThreadCalls;
  readonly #gate: StoreGate;
  /** Whoever has the connection; the next waits for it, so that transactions never mix. */
  #tail: Promise<void> = Promise.resolve();
  #waiting = 0;
  #ending = false;
  #release: () => void = () => {};

  constructor(calls: ThreadCalls, gate: StoreGate) {
    this.#calls = calls;
    this.#gate = gate;
  }

  async init(): Promise<void> {}

  /** Resolves when the writes that were asked for are done; later ones are refused. */
  async end(): Promise<void> {
    this.#ending = true;
    await this.#tail;
  }

  async acquireConnection(): Promise<ThreadConnection> {
    this.#gate.pass();
    return this.#acquire();
  }

  async #acquire(): Promise<ThreadConnection> {
    if (this.#ending) throw new CausewayError('CW_STORE_FAILED', 'the store is closed');
    if (this.#waiting >= this.#calls.maxPending) {
      throw new CausewayError('CW_BUSY', `${this.#waiting} writes wait for the store`);
    }
    const before = this.#tail;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#tail = promise;
    this.#waiting++;
    await before;
    this.#waiting--;
    this.#release = resolve;
    return new ThreadConnection(this.#calls, this.#gate);
  }

  async releaseConnection(): Promise<void> {
    this.#release();
  }

  /** Writes past the gate, when nobody else has the connection. */
  async probe(): Promise<void> {
    await this.#acquire();
    try {
      await this.#calls.query(WRITE_PROBE.sqlite, [writeFiller()]);
    } finally {
      this.#release();
    }
  }

  /** With the write lock from the start: a transaction that reads first and then writes could otherwise only fail. */
  async beginTransaction(connection: ThreadConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('begin immediate'));
  }

  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('commit'));
  }

  async rollbackTransaction(connection: ThreadConnection): Promise<void> {
    connection.rollback();
  }

  async destroy(): Promise<void> {}
}

/** Statements that only read may all be under way; a transaction of reads is none of the store's needs. */
class ReaderDriver implements Driver {
  readonly #calls: ThreadCalls;
  readonly #gate: StoreGate;

  constructor(calls: ThreadCalls, gate: StoreGate) {
    this.#calls = calls;
    this.#gate = gate;
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<DatabaseConnection> {
    return new ThreadConnection(this.#calls, this.#gate);
  }

  async releaseConnection(): Promise<void> {}

  async beginTransaction(): Promise<void> {
    throw new Error('transactions begin on the connection that writes');
  }

  async commitTransaction(): Promise<void> {}

  async rollbackTransaction(): Promise<void> {}

  async destroy(): Promise<void> {}
}
