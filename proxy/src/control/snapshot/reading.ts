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
import type { StoreLocation } from '../store/database.ts';
import type { StoreTables } from '../store/schema.ts';
import { SqliteConnection } from '../store/sqlite-connection.ts';

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
  const [{ Pool }, { numbers }] = await Promise.all([import('pg'), import('../store/postgres-database.ts')]);
  const pool = new Pool({
    connectionString: url,
    max: 1,
    connectionTimeoutMillis: CONNECT_MS,
    statement_timeout: STATEMENT_MS,
    application_name: 'causeway',
    types: numbers,
  });
  pool.on('error', () => {});
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

/** SQLite in this very thread. */
class DirectDriver implements Driver, DatabaseConnection {
  readonly #connection: SqliteConnection;

  constructor(connection: SqliteConnection) {
    this.#connection = connection;
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    const { rows, changes } = await this.#connection.query(query.sql, query.parameters);
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
