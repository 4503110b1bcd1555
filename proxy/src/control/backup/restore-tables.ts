import { sql, type Transaction } from 'kysely';
import { CausewayError } from '@causeway/contract';
import type { Database } from '../store/database.ts';
import { MIGRATIONS, migrateWithin } from '../store/migrate.ts';
import type { StoreTables } from '../store/schema.ts';
import type { BackupHeader, BackupTable } from './backup-format.ts';
import { readBackup } from './backup-reader.ts';
import { dropIndexes, makeIndexes } from './late-indexes.ts';
import { RowInserter } from './row-inserter.ts';

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
 * Fills an empty database from a backup within one transaction: the tables as they were when it was made, then their
 * indexes, then the migrations since.
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
  const inserter = new RowInserter(tx, dialect);
  let types = new Map<string, string>();
  let indexes: readonly string[] = [];
  for await (const part of readBackup(file)) {
    if (part.t === 'header') {
      await migrateWithin(tx, dialect, MIGRATIONS.slice(0, known(file, part.header)));
      indexes = await dropIndexes(tx, dialect);
    } else if (part.t === 'table') {
      await inserter.settled();
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
      await inserter.insert(part.table, part.rows, types);
      filled[part.table.table] = (filled[part.table.table] ?? 0) + part.rows.length;
    }
  }
  await inserter.settled();
  await makeIndexes(tx, dialect, indexes);
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
