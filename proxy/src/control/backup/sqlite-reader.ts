import { DatabaseSync } from 'node:sqlite';
import type { BackupTable, Row } from './backup-format.ts';
import { quoted, type StoreReader } from './store-reader.ts';
import { tableOrder } from './table-order.ts';

const ROWS = 200;
const BUSY_MS = 10_000;

/** Reads a file of SQLite in one transaction, in this thread: for a process that does nothing else. */
export class SqliteReader implements StoreReader {
  readonly dialect = 'sqlite';
  readonly #database: DatabaseSync;

  constructor(file: string) {
    this.#database = new DatabaseSync(file, { readOnly: true, timeout: BUSY_MS });
    try {
      this.#database.exec('begin');
    } catch (error) {
      this.#database.close();
      throw error;
    }
  }

  async tables(): Promise<readonly BackupTable[]> {
    const names = this.#column(
      `select name from sqlite_master where type = 'table' and name not like 'sqlite@_%' escape '@'`,
    );
    const references = names.flatMap((name) =>
      this.#column(`select distinct "table" from pragma_foreign_key_list('${name}')`).map((to) => [name, to] as const),
    );
    const numbered = this.#column(`select name from sqlite_master where name = 'sqlite_sequence'`).length > 0;
    return tableOrder(names, references).map((table) => {
      const columns = this.#column(`select name from pragma_table_info('${table}') order by cid`);
      const last = numbered
        ? this.#database.prepare('select seq from sqlite_sequence where name = ?').get(table)
        : null;
      return { table, columns, sequence: typeof last?.['seq'] === 'number' ? last['seq'] : null };
    });
  }

  async *rows({ table, columns }: BackupTable): AsyncIterable<readonly Row[]> {
    const statement = this.#database.prepare(`select ${columns.map(quoted).join(', ')} from ${quoted(table)}`);
    statement.setReturnArrays(true);
    let some: Row[] = [];
    for (const row of statement.iterate()) {
      some.push(row as unknown as Row); // the tables hold texts and whole numbers
      if (some.length === ROWS) {
        yield some;
        some = [];
      }
    }
    yield some;
  }

  async close(): Promise<void> {
    this.#database.close();
  }

  #column(sql: string): string[] {
    return this.#database
      .prepare(sql)
      .all()
      .map((row) => String(Object.values(row)[0]));
  }
}
