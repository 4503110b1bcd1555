import { Client } from 'pg';
import { numbers } from '../store/postgres-database.ts';
import type { BackupTable, Row } from './backup-format.ts';
import { quoted, type StoreReader } from './store-reader.ts';
import { tableOrder } from './table-order.ts';

const CONNECT_MS = 5_000;
const STATEMENT_MS = 120_000;
/** Rows are fetched so that about so many characters come at once. */
const FETCH_CHARS = 1024 * 1024;
const MAX_ROWS = 2_000;

/** Reads a PostgreSQL database in one transaction that sees what was committed before it began. */
export class PostgresReader implements StoreReader {
  readonly dialect = 'postgres';
  readonly #client: Client;

  private constructor(client: Client) {
    this.#client = client;
  }

  static async open(url: string): Promise<PostgresReader> {
    const client = new Client({
      connectionString: url,
      types: numbers,
      connectionTimeoutMillis: CONNECT_MS,
      statement_timeout: STATEMENT_MS,
      query_timeout: STATEMENT_MS + 1_000,
      application_name: 'causeway backup',
    });
    // A connection that breaks fails the query under way, which says so.
    client.on('error', () => {});
    await client.connect();
    try {
      await client.query('begin isolation level repeatable read read only');
    } catch (error) {
      await client.end();
      throw error;
    }
    return new PostgresReader(client);
  }

  async tables(): Promise<readonly BackupTable[]> {
    const columns = await this.#rows(`
      select c.table_name, c.column_name, pg_get_serial_sequence(quote_ident(c.table_name), c.column_name)
      from information_schema.columns c join information_schema.tables t using (table_schema, table_name)
      where c.table_schema = current_schema() and t.table_type = 'BASE TABLE'
      order by c.table_name, c.ordinal_position`);
    const references = await this.#rows(`
      select f.relname, t.relname from pg_constraint r
      join pg_class f on f.oid = r.conrelid join pg_class t on t.oid = r.confrelid
      where r.contype = 'f' and r.connamespace = current_schema()::regnamespace`);
    const order = tableOrder(
      [...new Set(columns.map(([table]) => String(table)))],
      references.map(([from, to]) => [String(from), String(to)]),
    );
    const tables: BackupTable[] = [];
    for (const table of order) {
      const own = columns.filter(([name]) => name === table);
      const sequence = own.map(([, , name]) => name).find((name) => name !== null);
      tables.push({
        table,
        columns: own.map(([, name]) => String(name)),
        sequence: sequence === undefined ? null : await this.#last(String(sequence)),
      });
    }
    return tables;
  }

  async *rows({ table, columns }: BackupTable): AsyncIterable<readonly Row[]> {
    const select = `select ${columns.map(quoted).join(', ')} from ${quoted(table)}`;
    await this.#client.query(`declare backup no scroll cursor for ${select}`);
    for (let count = 50; ;) {
      const rows = await this.#rows(`fetch ${count} from backup`);
      if (rows.length === 0) break;
      yield rows;
      const chars = rows.reduce((sum, row) => sum + charsOf(row), 0);
      count = Math.max(1, Math.min(MAX_ROWS, Math.floor((FETCH_CHARS * rows.length) / chars)));
    }
    await this.#client.query('close backup');
  }

  async close(): Promise<void> {
    await this.#client.end();
  }

  /** @param sequence quoted by PostgreSQL itself */
  async #last(sequence: string): Promise<number | null> {
    const [row] = await this.#rows(`select case when is_called then last_value end from ${sequence}`);
    return typeof row?.[0] === 'number' ? row[0] : null;
  }

  async #rows(text: string): Promise<Row[]> {
    const { rows } = await this.#client.query<Value[]>({ text, rowMode: 'array' });
    return rows;
  }
}

type Value = Row[number];

function charsOf(row: Row): number {
  return row.reduce<number>((sum, value) => sum + (typeof value === 'string' ? value.length : 10), 1);
}
