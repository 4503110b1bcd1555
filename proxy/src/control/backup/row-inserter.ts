import { CompiledQuery, type Transaction } from 'kysely';
import type { Database } from '../store/database.ts';
import type { StoreTables } from '../store/schema.ts';
import { LINE_ROWS, type BackupTable, type Row } from './backup-format.ts';
import { quoted } from './store-reader.ts';

/** Of one statement. SQLite takes 32,766 parameters, and a table has 200 columns at most. */
const STATEMENT_ROWS = { sqlite: 100, postgres: LINE_ROWS } as const;

/**
 * Inserts rows in order. One statement is under way while the rows of the next are read, so the database and whoever
 * reads the backup work at once; a failure is thrown by the call after it.
 */
export class RowInserter {
  readonly #tx: Transaction<StoreTables>;
  readonly #dialect: Database['dialect'];
  #underWay: Promise<unknown> = Promise.resolve();

  constructor(tx: Transaction<StoreTables>, dialect: Database['dialect']) {
    this.#tx = tx;
    this.#dialect = dialect;
  }

  /** @param types of the table's columns, as the database names them */
  async insert(table: BackupTable, rows: readonly Row[], types: ReadonlyMap<string, string>): Promise<void> {
    const size = STATEMENT_ROWS[this.#dialect];
    for (let from = 0; from < rows.length; from += size) {
      const some = rows.slice(from, from + size);
      const query = this.#dialect === 'sqlite' ? sqliteInsert(table, some) : postgresInsert(table, some, types);
      await this.#underWay;
      this.#underWay = this.#tx.executeQuery(query);
      // Whoever waits for it gets the failure; nobody may be waiting yet.
      this.#underWay.catch(() => {});
    }
  }

  /** Resolves when everything is inserted. */
  async settled(): Promise<void> {
    await this.#underWay;
  }
}

/** Compiled without kysely's tree, which takes longer than SQLite takes for the rows. */
function sqliteInsert({ table, columns }: BackupTable, rows: readonly Row[]): CompiledQuery {
  const row = `(${columns.map(() => '?').join(', ')})`;
  const text = `${into(table, columns)} values ${rows.map(() => row).join(', ')}`;
  return CompiledQuery.raw(text, rows.flat());
}

/**
 * All rows in one parameter, which the server takes apart: no limit of parameters, no plan for each. `jsonb` is parsed
 * once, `json` again for every column.
 */
function postgresInsert(
  { table, columns }: BackupTable,
  rows: readonly Row[],
  types: ReadonlyMap<string, string>,
): CompiledQuery {
  const values = columns.map((column, i) => `(one ->> ${i})::${types.get(column) ?? 'text'}`);
  const text = `${into(table, columns)} select ${values.join(', ')} from jsonb_array_elements($1::jsonb) one`;
  return CompiledQuery.raw(text, [withoutNul(rows)]);
}

const into = (table: string, columns: readonly string[]): string =>
  `insert into ${quoted(table)} (${columns.map(quoted).join(', ')})`;

/** PostgreSQL's text has no NUL. */
function withoutNul(rows: readonly Row[]): string {
  const text = JSON.stringify(rows);
  if (!text.includes('\\u0000')) return text;
  const plain = (value: Row[number]): Row[number] =>
    typeof value === 'string' ? value.replaceAll('\0', '\u{FFFD}') : value;
  return JSON.stringify(rows.map((row) => row.map(plain)));
}
