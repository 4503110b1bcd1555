import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';
import {
  CompiledQuery,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type QueryResult,
} from 'kysely';

/** How long a statement waits for another connection that holds the write lock. */
const BUSY_MS = 10_000;
/**
 * How long SQLite itself waits, blocking the thread. Short: the holder may be a connection of this very thread, which
 * cannot go on meanwhile. After that the wait goes on without blocking.
 */
const BLOCKING_BUSY_MS = 10;

/** Kysely over Node's own SQLite: one connection to one file, which blocks the thread that calls it. */
export function sqliteDialect(file: string): Dialect {
  return {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => new NodeSqliteDriver(file),
    createIntrospector: (db) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  };
}

class NodeSqliteDriver implements Driver {
  readonly #file: string;
  #connection: NodeSqliteConnection | null = null;
  /** Who has the connection; the next waits for it, so that transactions never mix. */
  #tail: Promise<void> = Promise.resolve();
  #release: () => void = () => {};

  constructor(file: string) {
    this.#file = file;
  }

  async init(): Promise<void> {
    const database = new DatabaseSync(this.#file, { timeout: BLOCKING_BUSY_MS, enableForeignKeyConstraints: true });
    try {
      await whileBusy(() => database.exec('pragma journal_mode = wal'));
      // WAL with NORMAL would survive a killed process; FULL also survives a lost power supply: a revocation that was
      // acknowledged must not come undone, and writes are few because events come in batches.
      database.exec('pragma synchronous = full');
    } catch (error) {
      database.close();
      throw error;
    }
    this.#connection = new NodeSqliteConnection(database);
  }

  async acquireConnection(): Promise<DatabaseConnection> {
    const before = this.#tail;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#tail = promise;
    await before;
    this.#release = resolve;
    if (this.#connection === null) {
      resolve();
      throw new Error('the database is closed');
    }
    return this.#connection;
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

  async destroy(): Promise<void> {
    this.#connection?.close();
    this.#connection = null;
  }
}

/** Statements are compiled once; the queries of the store are a fixed, small set. */
const STATEMENT_LIMIT = 200;

class NodeSqliteConnection implements DatabaseConnection {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    const statement = this.#prepare(query.sql);
    const parameters = query.parameters.map(sqlValue);
    if (statement.columns().length > 0) {
      // kysely derives the row type from the query that produced this statement.
      return { rows: await whileBusy(() => statement.all(...parameters) as R[]) };
    }
    const { changes, lastInsertRowid } = await whileBusy(() => statement.run(...parameters));
    return { rows: [], numAffectedRows: BigInt(changes), insertId: BigInt(lastInsertRowid) };
  }

  // oxlint-disable-next-line require-yield
  async *streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    throw new Error('the store reads in pages, not in streams');
  }

  close(): void {
    this.#statements.clear();
    this.#database.close();
  }

  #prepare(sql: string): StatementSync {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const statement = this.#database.prepare(sql);
    if (this.#statements.size >= STATEMENT_LIMIT) this.#statements.clear();
    this.#statements.set(sql, statement);
    return statement;
  }
}

function sqlValue(value: unknown): SQLInputValue {
  switch (typeof value) {
    case 'string':
    case 'number':
    case 'bigint':
      return value;
    default:
      if (value === null || value instanceof Uint8Array) return value;
      throw new TypeError(`SQLite has no value for ${typeof value}`);
  }
}

const SQLITE_BUSY = 5;

/** A statement that found the lock taken did nothing, so it may be tried again. */
async function whileBusy<T>(statement: () => T): Promise<T> {
  const deadline = performance.now() + BUSY_MS;
  for (let pause = 1; ; pause = Math.min(pause * 2, 50)) {
    try {
      return statement();
    } catch (error) {
      const busy = error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY;
      if (!busy || performance.now() > deadline) throw error;
    }
    await delay(pause * (0.5 + Math.random()));
  }
}
