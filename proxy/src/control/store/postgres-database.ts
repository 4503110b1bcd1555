import { Kysely, PostgresDialect } from 'kysely';
import { Client, Pool, types, type ClientConfig } from 'pg';
import type { Connections } from './database.ts';
import { MovedFeed } from './moved-feed.ts';
import type { StoreTables } from './schema.ts';

const CONNECT_MS = 5_000;
const STATEMENT_MS = 15_000;
const CONNECTIONS = 8;
const INT8 = types.builtins.INT8;

/** Times and counters fit a number; text for everything else is what the driver does anyway. */
export const numbers: NonNullable<ClientConfig['types']> = {
  getTypeParser: (oid, format) => (oid === INT8 && format !== 'binary' ? Number : types.getTypeParser(oid, format)),
};

export interface PostgresOptions {
  /** How long a statement, or a transaction between two, may take. */
  readonly statementMs?: number;
}

/** PostgreSQL: a pool for statements, and one connection that listens for what another control process moved. */
export async function openPostgres(
  url: string,
  { statementMs = STATEMENT_MS }: PostgresOptions = {},
): Promise<Connections> {
  const config: ClientConfig = {
    connectionString: url,
    types: numbers,
    connectionTimeoutMillis: CONNECT_MS,
    statement_timeout: statementMs,
    query_timeout: statementMs + 1_000,
    idle_in_transaction_session_timeout: statementMs,
    application_name: 'causeway',
  };
  const pool = new Pool({ ...config, max: CONNECTIONS });
  // A connection that ends while nobody uses it is replaced by the next statement; that one says what is wrong.
  pool.on('error', () => {});
  const db = new Kysely<StoreTables>({ dialect: new PostgresDialect({ pool }) });
  const feed = new MovedFeed(() => new Client({ ...config, keepAlive: true }));
  try {
    await pool.query('select 1');
  } catch (error) {
    await db.destroy();
    throw error;
  }
  feed.start();
  return {
    dialect: 'postgres',
    write: db,
    read: db,
    onMoved: (listener) => feed.subscribe(listener),
    close: async () => {
      await feed.stop();
      await db.destroy();
    },
  };
}
