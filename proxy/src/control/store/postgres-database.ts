import { Kysely, PostgresDialect } from 'kysely';
import { Client, types, type ClientConfig } from 'pg';
import type { Connections } from './database.ts';
import { MovedFeed } from './moved-feed.ts';
import { GatedPool } from './postgres-pool.ts';
import { PostgresProbe } from './postgres-probe.ts';
import type { StoreTables } from './schema.ts';
import { StoreGate } from './store-gate.ts';

const CONNECT_MS = 5_000;
const STATEMENT_MS = 15_000;
/** A server that does not answer so simple a question within this time is taken for gone. */
const PROBE_MS = 3_000;
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
  const gate = new StoreGate();
  const pool = new GatedPool({ ...config, max: CONNECTIONS }, gate);
  const db = new Kysely<StoreTables>({ dialect: new PostgresDialect({ pool }) });
  const feed = new MovedFeed(() => new Client({ ...config, keepAlive: true }), gate);
  const probe = new PostgresProbe({
    ...config,
    connectionTimeoutMillis: PROBE_MS,
    statement_timeout: PROBE_MS,
    query_timeout: PROBE_MS,
    keepAlive: true,
  });
  try {
    await probe.ask(false);
  } catch (error) {
    await db.destroy();
    throw error;
  }
  feed.start();
  gate.onOpened(() => feed.renew());
  return {
    dialect: 'postgres',
    write: db,
    read: db,
    onMoved: (listener) => feed.subscribe(listener),
    gate,
    probe: (write) => probe.ask(write),
    close: async () => {
      probe.close();
      await feed.stop();
      await db.destroy();
    },
  };
}
