import { CausewayError } from '@causeway/contract';
import { VERSION } from '../../version.ts';
import type { StoreLocation } from '../store/database.ts';
import { storeFailed } from '../store/open-database.ts';
import {
  FORMAT,
  FORMAT_VERSION,
  LINE_CHARS,
  LINE_ROWS,
  type BackupHeader,
  type BackupTable,
  type Row,
} from './backup-format.ts';
import { writeLines } from './backup-lines.ts';
import { PostgresReader } from './postgres-reader.ts';
import { SqliteReader } from './sqlite-reader.ts';
import type { StoreReader } from './store-reader.ts';

/** What the header says instead. */
const MIGRATIONS = 'migration';
const EVENTS = 'event';

export interface BackupOptions {
  /** Leaves the rows of events out, which are most of a store. */
  readonly withoutEvents: boolean;
  readonly now: number;
}

export interface BackupMade {
  readonly header: BackupHeader;
  readonly rows: Readonly<Record<string, number>>;
}

/**
 * Writes the store, as it is at one moment, into one file; whoever uses the store goes on.
 *
 * @throws CausewayError `CW_STORE_FAILED`, `CW_BACKUP_REFUSED` where the store still has secrets in the clear
 */
export async function takeBackup(location: StoreLocation, file: string, options: BackupOptions): Promise<BackupMade> {
  let reader: StoreReader | null = null;
  try {
    reader = 'file' in location ? new SqliteReader(location.file) : await PostgresReader.open(location.url);
    const tables = await reader.tables();
    const header = await headerOf(reader, tables, options);
    const rows: Record<string, number> = {};
    await writeLines(file, backupLines(reader, tables, header, rows));
    return { header, rows };
  } catch (error) {
    throw storeFailed(error);
  } finally {
    await reader?.close();
  }
}

async function headerOf(
  reader: StoreReader,
  tables: readonly BackupTable[],
  { withoutEvents, now }: BackupOptions,
): Promise<BackupHeader> {
  const column = async (table: string, name: string): Promise<Row[number][]> => {
    const columns = tables.find((one) => one.table === table)?.columns ?? [];
    if (!columns.includes(name)) return [null];
    const values: Row[number][] = [];
    for await (const rows of reader.rows({ table, columns: [name], sequence: null })) {
      values.push(...rows.map(([value = null]) => value));
    }
    return values;
  };
  if ((await column('secret', 'data_key')).includes(null)) {
    throw new CausewayError(
      'CW_BACKUP_REFUSED',
      'this is no store, or one whose keys are still in the clear: start a PoP of this version on it once',
    );
  }
  const numbered = (await column(MIGRATIONS, 'number')).map((number, i) => ({ number: Number(number), i }));
  const names = await column(MIGRATIONS, 'name');
  return {
    format: FORMAT,
    version: FORMAT_VERSION,
    madeAt: now,
    by: VERSION,
    dialect: reader.dialect,
    migrations: numbered.toSorted((a, b) => a.number - b.number).map(({ i }) => String(names[i])),
    masterKeys: [...new Set((await column('data_key_wrap', 'master_key')).map(String))],
    events: !withoutEvents,
  };
}

/** @param counts is filled with what was written */
async function* backupLines(
  reader: StoreReader,
  tables: readonly BackupTable[],
  header: BackupHeader,
  counts: Record<string, number>,
): AsyncIterable<string> {
  yield JSON.stringify(header);
  for (const table of tables) {
    if (table.table === MIGRATIONS) continue;
    yield JSON.stringify(table);
    counts[table.table] = 0;
    if (table.table === EVENTS && !header.events) continue;
    let texts: string[] = [];
    let chars = 0;
    const line = (): string => {
      const text = `[${texts.join(',')}]`;
      texts = [];
      chars = 0;
      return text;
    };
    for await (const rows of reader.rows(table)) {
      counts[table.table] = (counts[table.table] ?? 0) + rows.length;
      for (const row of rows) {
        const text = JSON.stringify(row);
        texts.push(text);
        chars += text.length;
        if (chars >= LINE_CHARS || texts.length === LINE_ROWS) yield line();
      }
    }
    if (texts.length > 0) yield line();
  }
  yield JSON.stringify({ end: counts });
}
