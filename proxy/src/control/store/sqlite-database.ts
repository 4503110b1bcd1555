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
import { CausewayError } from '@causeway/contract';
import type { Connections } from './database.ts';
import type { StoreTables } from './schema.ts';
import { ThreadCalls, type ThreadOptions } from './thread-calls.ts';

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
  const writes = new WriterDriver(writer);
  const write = new Kysely<StoreTables>({ dialect: threadDialect(writes) });
  const read = new Kysely<StoreTables>({ dialect: threadDialect(new ReaderDriver(reader)) });
  return {
    dialect: 'sqlite',
    write,
    read,
    onMoved: () => () => {},
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
  readonly #generation: number;

  constructor(calls: ThreadCalls) {
    this.#calls = calls;
    this.#generation = calls.generation;
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    // In a new thread the rest of a transaction would run without its beginning.
    if (this.#calls.generation !== this.#generation) {
      throw new CausewayError('CW_STORE_FAILED', 'the store’s thread ended in the middle of a transaction');
    }
    const { rows, changes } = await this.#calls.query(query.sql, query.parameters);
    // kysely derives the row type from the query that produced this statement
    return { rows: rows as R[], numAffectedRows: BigInt(changes) };
  }

  // oxlint-disable-next-line require-yield
  async *streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    throw new Error('the store reads in pages, not in streams');
  }
}

/** One connection, so one transaction or statement after the other. */
class WriterDriver implements Driver {
  readonly #calls: ThreadCalls;
  /** Whoever has the connection; the next waits for it, so that transactions never mix. */
  #tail: Promise<void> = Promise.resolve();
  #waiting = 0;
  #ending = false;
  #release: () => void = () => {};

  constructor(calls: ThreadCalls) {
    this.#calls = calls;
  }

  async init(): Promise<void> {}

  /** Resolves when the writes that were asked for are done; later ones are refused. */
  async end(): Promise<void> {
    this.#ending = true;
    await this.#tail;
  }

  async acquireConnection(): Promise<DatabaseConnection> {
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
    return new ThreadConnection(this.#calls);
  }

  async releaseConnection(): Promise<void> {
    this.#release();
  }

  /** With the write lock from the start: a transaction that reads first and then writes could otherwise only fail. */
  async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('begin immediate'));
  }

  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('commit'));
  }

  async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('rollback'));
  }

  async destroy(): Promise<void> {}
}

/** Statements that only read may all be under way; a transaction of reads is none of the store's needs. */
class ReaderDriver implements Driver {
  readonly #calls: ThreadCalls;

  constructor(calls: ThreadCalls) {
    this.#calls = calls;
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<DatabaseConnection> {
    return new ThreadConnection(this.#calls);
  }

  async releaseConnection(): Promise<void> {}

  async beginTransaction(): Promise<void> {
    throw new Error('transactions begin on the connection that writes');
  }

  async commitTransaction(): Promise<void> {}

  async rollbackTransaction(): Promise<void> {}

  async destroy(): Promise<void> {}
}
