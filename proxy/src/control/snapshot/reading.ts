import {
  Kysely,
  PostgresDialect,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
  CompiledQuery,
  type DatabaseConnection,
  type Driver,
  type QueryResult,
} from 'kysely';
import { CausewayError } from '@causeway/contract';
import type { StoreLocation } from '../store/database.ts';
import type { StoreTables } from '../store/schema.ts';
import { SqliteConnection } from '../store/sqlite-connection.ts';
import { isSqliteLoss } from '../store/sqlite-loss.ts';
import { StoreGate } from '../store/store-gate.ts';

const CONNECT_MS = 5_000;
const STATEMENT_MS = 30_000;

/**
 * Runs `body` in one transaction that sees the store as it is at one moment, on a connection of this thread's own: a
 * whole configuration need not pass through the control loop. For threads that may block; it never writes.
 */
export async function reading<T>(location: StoreLocation, body: (db: Kysely<StoreTables>) => Promise<T>): Promise<T> {
  const db = 'file' in location ? await sqliteReader(location.file) : await postgresReader(location.url);
  try {
    return await db.transaction().setIsolationLevel('repeatable read').execute(body);
  } finally {
    await db.destroy();
  }
}

async function postgresReader(url: string): Promise<Kysely<StoreTables>> {
  // Loaded where it is needed: most stores are files.
  const [{ GatedPool }, { numbers }] = await Promise.all([
    import('../store/postgres-pool.ts'),
    import('../store/postgres-database.ts'),
  ]);
  const config = {
    connectionString: url,
    max: 1,
    connectionTimeoutMillis: CONNECT_MS,
    statement_timeout: STATEMENT_MS,
    query_timeout: STATEMENT_MS + 1_000,
    application_name: 'causeway',
    types: numbers,
  };
  const pool = new GatedPool(config, new StoreGate());
  return new Kysely<StoreTables>({ dialect: new PostgresDialect({ pool }) });
}

async function sqliteReader(file: string): Promise<Kysely<StoreTables>> {
  const connection = await SqliteConnection.open(file, true);
  return new Kysely<StoreTables>({
    dialect: {
      createAdapter: () => new SqliteAdapter(),
      createDriver: () => new DirectDriver(connection),
      createIntrospector: (db) => new SqliteIntrospector(db),
      createQueryCompiler: () => new SqliteQueryCompiler(),
    },
  });
}

async function lostOrFailed<T>(statement: Promise<T>): Promise<T> {
  try {
    return await statement;
  } catch (error) {
    if (!isSqliteLoss(error)) throw error;
    throw new CausewayError('CW_STORE_LOST', error instanceof Error ? error.message : String(error), { cause: error });
  }
}

/** SQLite in this very thread. */
class DirectDriver implements Driver, DatabaseConnection {
  readonly #connection: SqliteConnection;

  constructor(connection: SqliteConnection) {
    this.#connection = connection;
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    const { rows, changes } = await lostOrFailed(this.#connection.query(query.sql, query.parameters));
    // kysely derives the row type from the query that produced this statement
    return { rows: rows as R[], numAffectedRows: BigInt(changes) };
  }

  // oxlint-disable-next-line require-yield
  async *streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    throw new Error('the store reads in pages, not in streams');
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<DatabaseConnection> {
    return this;
  }

  async beginTransaction(): Promise<void> {
    await this.#connection.query('begin', []);
  }

  async commitTransaction(): Promise<void> {
    await this.#connection.query('commit', []);
  }

  async rollbackTransaction(): Promise<void> {
    await this.#connection.query('rollback', []);
  }

  async releaseConnection(): Promise<void> {}

  async destroy(): Promise<void> {
    this.#connection.close();
  }
}
