import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';
import type { RawResult } from './thread-protocol.ts';

/** How long a statement waits for another connection that holds the write lock. */
const BUSY_MS = 10_000;
/**
 * How long SQLite itself waits, blocking the thread. Short: the holder may be a connection of this very thread, which
 * cannot go on meanwhile. After that the wait goes on without blocking.
 */
const BLOCKING_BUSY_MS = 10;
/** Statements are compiled once; most queries of the store are a fixed, small set. */
const STATEMENT_LIMIT = 200;

/** One connection to one file by Node's own SQLite, which blocks the thread that calls it. */
export class SqliteConnection {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  private constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /** @param readOnly a connection whose statements cannot write; the file must be there already */
  static async open(file: string, readOnly: boolean): Promise<SqliteConnection> {
    const database = new DatabaseSync(file, { readOnly, timeout: BLOCKING_BUSY_MS, enableForeignKeyConstraints: true });
    try {
      if (!readOnly) {
        await whileBusy(() => database.exec('pragma journal_mode = wal'));
        // WAL with NORMAL would survive a killed process; FULL also survives a lost power supply: a revocation that
        // was acknowledged must not come undone, and writes are few because events come in batches.
        database.exec('pragma synchronous = full');
      }
    } catch (error) {
      database.close();
      throw error;
    }
    return new SqliteConnection(database);
  }

  async query(sql: string, parameters: readonly unknown[]): Promise<RawResult> {
    const statement = this.#prepare(sql);
    const values = parameters.map(sqlValue);
    if (statement.columns().length > 0) {
      return { rows: await whileBusy(() => statement.all(...values)), changes: 0 };
    }
    const { changes } = await whileBusy(() => statement.run(...values));
    return { rows: [], changes: Number(changes) };
  }

  /** Takes a transaction back that is open. */
  reset(): void {
    if (this.#database.isTransaction) this.#database.exec('rollback');
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
