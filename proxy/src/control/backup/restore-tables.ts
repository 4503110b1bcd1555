import { sql, type Transaction } from 'kysely';
import { CausewayError } from '@causeway/contract';
import type { Database } from '../store/database.ts';
import { MIGRATIONS, migrateWithin } from '../store/migrate.ts';
import type { StoreTables } from '../store/schema.ts';
import type { BackupHeader, BackupTable, Row } from './backup-format.ts';
import { readBackup } from './backup-reader.ts';

type Tx = Transaction<StoreTables>;

/**
 * What was good when the backup was made and may have been ended since: a restore would bring it back to life. PoPs
 * report themselves anew.
 */
const ENDED = new Set(['session', 'app_token', 'admin_session', 'join_token', 'idempotency']);
const NEVER = new Set(['pop']);

export interface RestoreTablesOptions {
  readonly dialect: Database['dialect'];
  readonly keepSessions: boolean;
  readonly now: number;
}

/**
 * Fills an empty database from a backup within one transaction: the tables as they were when it was made, then the
 * migrations since.
 *
 * @returns how many rows each table got
 * @throws CausewayError `CW_BACKUP_REFUSED` where a newer version made it, `CW_BACKUP_DAMAGED`, `CW_STORE_FAILED`
 */
export async function restoreTables(
  tx: Tx,
  file: string,
  options: RestoreTablesOptions,
): Promise<Record<string, number>> {
  const { dialect } = options;
  const filled: Record<string, number> = {};
  let types = new Map<string, string>();
  for await (const part of readBackup(file)) {
    if (part.t === 'header') {
      await migrateWithin(tx, dialect, MIGRATIONS.slice(0, known(file, part.header)));
    } else if (part.t === 'table') {
      const { table } = part.table;
      types = await columnTypes(tx, dialect, table);
      const foreign = part.table.columns.find((column) => !types.has(column));
      if (foreign !== undefined) {
        throw new CausewayError('CW_BACKUP_DAMAGED', `${file}: no store of its version has ${table}.${foreign}`);
      }
      // What its migrations put there, as counters.
      await sql`delete from ${sql.table(table)}`.execute(tx);
      filled[table] = 0;
      if (part.table.sequence !== null) await setSequence(tx, dialect, part.table, part.table.sequence);
    } else if (!NEVER.has(part.table.table) && (options.keepSessions || !ENDED.has(part.table.table))) {
      await insertRows(tx, dialect, part.table, part.rows, types);
      filled[part.table.table] = (filled[part.table.table] ?? 0) + part.rows.length;
    }
  }
  await migrateWithin(tx, dialect);
  // Above every epoch that any PoP ever told: none counts so fast, and none takes an older one for news.
  await tx
    .updateTable('counter')
    .set((e) => ({
      value: e
        .case()
        .when('value', '<', options.now)
        .then(options.now)
        .else(e('value', '+', 1))
        .end(),
    }))
    .where('name', '=', 'epoch')
    .execute();
  return filled;
}

function known(file: string, { migrations, by }: BackupHeader): number {
  const unknown = migrations.find((name, i) => MIGRATIONS[i]?.name !== name);
  if (unknown === undefined) return migrations.length;
  throw new CausewayError(
    'CW_BACKUP_REFUSED',
    `${file}: Causeway ${by} made it, and this version does not know its migration "${unknown}": restore with that one`,
  );
}

async function columnTypes(tx: Tx, dialect: Database['dialect'], table: string): Promise<Map<string, string>> {
  const query =
    dialect === 'sqlite'
      ? sql<{ name: string; type: string }>`select name, type from pragma_table_info(${table})`
      : sql<{ name: string; type: string }>`
          select column_name as name, data_type as type from information_schema.columns
          where table_schema = current_schema() and table_name = ${table}`;
  const { rows } = await query.execute(tx);
  return new Map(rows.map(({ name, type }) => [name, type]));
}

/** All rows in one parameter, which both databases take apart themselves: no limit of parameters, no plan for each. */
async function insertRows(
  tx: Tx,
  dialect: Database['dialect'],
  { table, columns }: BackupTable,
  rows: readonly Row[],
  types: ReadonlyMap<string, string>,
): Promise<void> {
  const names = sql.join(columns.map((column) => sql.ref(column)));
  if (dialect === 'sqlite') {
    const values = sql.join(columns.map((_, i) => sql`value ->> ${sql.lit(i)}`));
    await sql`
      insert into ${sql.table(table)} (${names}) select ${values} from json_each(${JSON.stringify(rows)})
    `.execute(tx);
    return;
  }
  const values = sql.join(
    columns.map((column, i) => sql`(one ->> ${sql.lit(i)})::${sql.raw(types.get(column) ?? 'text')}`),
  );
  await sql`
    insert into ${sql.table(table)} (${names}) select ${values} from json_array_elements(${withoutNul(rows)}::json) one
  `.execute(tx);
}

/** PostgreSQL's text has no NUL. */
function withoutNul(rows: readonly Row[]): string {
  const text = JSON.stringify(rows);
  if (!text.includes('\\u0000')) return text;
  const plain = (value: Row[number]): Row[number] =>
    typeof value === 'string' ? value.replaceAll('\0', '\u{FFFD}') : value;
  return JSON.stringify(rows.map((row) => row.map(plain)));
}

/** A number that was given once is never given again, also where its row is gone. */
async function setSequence(tx: Tx, dialect: Database['dialect'], { table }: BackupTable, last: number): Promise<void> {
  if (dialect === 'sqlite') {
    await sql`delete from sqlite_sequence where name = ${table}`.execute(tx);
    await sql`insert into sqlite_sequence (name, seq) values (${table}, ${last})`.execute(tx);
  } else {
    await sql`
      select setval(sequence, ${last}) from (
        select pg_get_serial_sequence(quote_ident(table_name), column_name) as sequence
        from information_schema.columns where table_schema = current_schema() and table_name = ${table}
      ) columns where sequence is not null
    `.execute(tx);
  }
}
