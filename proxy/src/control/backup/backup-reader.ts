import { CausewayError } from '@causeway/contract';
import {
  backupEnd,
  backupHeader,
  backupTable,
  FORMAT_VERSION,
  LINE_ROWS,
  type BackupHeader,
  type BackupTable,
  type Row,
  type Value,
} from './backup-format.ts';
import { damaged, jsonOf, readLines } from './backup-lines.ts';

export type BackupPart =
  | { readonly t: 'header'; readonly header: BackupHeader }
  | { readonly t: 'table'; readonly table: BackupTable }
  | { readonly t: 'rows'; readonly table: BackupTable; readonly rows: readonly Row[] };

/**
 * What a backup holds, in its order, checked as it comes; that it is whole is known only when the last part has come.
 *
 * @throws CausewayError `CW_BACKUP_DAMAGED`, `CW_BACKUP_REFUSED` of a later format
 */
export async function* readBackup(file: string): AsyncIterable<BackupPart> {
  const counts: Record<string, number> = {};
  let table: BackupTable | null = null;
  let state: 'header' | 'tables' | 'end' = 'header';
  for await (const line of readLines(file)) {
    const value = jsonOf(line);
    if (state === 'header') {
      yield { t: 'header', header: headerOf(file, value) };
      state = 'tables';
    } else if (state === 'end') {
      throw damaged(file, 'something follows its end');
    } else if (Array.isArray(value)) {
      if (table === null || !areRows(value, table.columns.length)) throw damaged(file, 'rows that are none');
      counts[table.table] = (counts[table.table] ?? 0) + value.length;
      yield { t: 'rows', table, rows: value };
    } else {
      const next = backupTable.safeParse(value);
      if (next.success) {
        table = next.data;
        if (Object.hasOwn(counts, table.table)) throw damaged(file, `${table.table} comes twice`);
        counts[table.table] = 0;
        yield { t: 'table', table };
      } else {
        const end = backupEnd.safeParse(value);
        if (!end.success || !sameCounts(end.data.end, counts)) throw damaged(file, 'its parts do not add up');
        state = 'end';
      }
    }
  }
  if (state !== 'end') throw damaged(file, 'its end is missing');
}

/** Reads it to its end. @throws as `readBackup` */
export async function checkBackup(file: string): Promise<BackupHeader> {
  let found: BackupHeader | null = null;
  for await (const part of readBackup(file)) if (part.t === 'header') found = part.header;
  if (found === null) throw damaged(file, 'it is empty');
  return found;
}

function headerOf(file: string, value: unknown): BackupHeader {
  const header = backupHeader.safeParse(value);
  if (!header.success) throw damaged(file, 'it is no backup of Causeway');
  if (header.data.version > FORMAT_VERSION) {
    throw new CausewayError(
      'CW_BACKUP_REFUSED',
      `${file}: Causeway ${header.data.by} made it, which this is older than`,
    );
  }
  return header.data;
}

function areRows(value: readonly unknown[], columns: number): value is Row[] {
  return (
    value.length <= LINE_ROWS &&
    value.every((row) => Array.isArray(row) && row.length === columns && row.every((cell) => isValue(cell)))
  );
}

function isValue(cell: unknown): cell is Value {
  return cell === null || typeof cell === 'string' || Number.isSafeInteger(cell);
}

function sameCounts(one: Readonly<Record<string, number>>, other: Readonly<Record<string, number>>): boolean {
  const names = Object.keys(one);
  return names.length === Object.keys(other).length && names.every((name) => one[name] === other[name]);
}
