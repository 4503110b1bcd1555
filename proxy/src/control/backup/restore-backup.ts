import { existsSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { sql } from 'kysely';
import { CausewayError } from '@causeway/contract';
import { unfinishedRestore } from '../data-dir.ts';
import type { StoreLocation } from '../store/database.ts';
import { lockMigrations } from '../store/migrate.ts';
import { storeFailed } from '../store/open-database.ts';
import { openPostgres } from '../store/postgres-database.ts';
import { openSqlite } from '../store/sqlite-database.ts';
import { syncPath } from './backup-lines.ts';
import { restoreTables, type RestoreTablesOptions } from './restore-tables.ts';

/** Of one statement; those of a migration over every event take longest. */
const STATEMENT_MS = 600_000;

/** Pages of keys are touched in any order; what is not in memory is written again and again. Indexes are sorted in it. */
const CACHE_KIB = 128 * 1024;

export type RestoreOptions = Omit<RestoreTablesOptions, 'dialect'>;

/**
 * Makes a store of a backup where none is yet. Whatever ends it in the middle, nothing of it is there afterwards but a
 * file that the next restore removes, and that keeps a PoP from starting with an empty store instead.
 *
 * @returns how many rows each table got
 * @throws CausewayError `CW_RESTORE_NOT_EMPTY`, and as `restoreTables`
 */
export async function restoreBackup(
  location: StoreLocation,
  file: string,
  options: RestoreOptions,
): Promise<Record<string, number>> {
  try {
    return 'file' in location
      ? await intoFile(location.file, file, options)
      : await intoPostgres(location.url, file, options);
  } catch (error) {
    throw storeFailed(error);
  }
}

async function intoFile(target: string, file: string, options: RestoreOptions): Promise<Record<string, number>> {
  if (existsSync(target) || existsSync(`${target}-wal`)) {
    throw new CausewayError(
      'CW_RESTORE_NOT_EMPTY',
      `${target} is there: restore into another data folder, or move it away`,
    );
  }
  const unfinished = unfinishedRestore(target);
  const remove = async (suffixes: readonly string[]): Promise<void> => {
    for (const suffix of suffixes) await rm(unfinished + suffix, { force: true });
  };
  await remove(['', '-wal', '-shm']);
  let filled: Record<string, number>;
  const connections = await openSqlite(unfinished, { timeoutMs: STATEMENT_MS });
  try {
    await sql`pragma cache_size = ${sql.lit(-CACHE_KIB)}`.execute(connections.write);
    // Half of it is worth nothing, so that nothing has to be on the disk before all of it is.
    await sql`pragma synchronous = off`.execute(connections.write);
    filled = await connections.write
      .transaction()
      .execute((tx) => restoreTables(tx, file, { ...options, dialect: 'sqlite' }));
    // One file from now on: what it is renamed without would be lost.
    const { rows } = await sql<{ busy: number }>`pragma wal_checkpoint(truncate)`.execute(connections.write);
    if (rows[0]?.busy !== 0) throw new CausewayError('CW_STORE_FAILED', `${unfinished} is used by another process`);
  } catch (error) {
    await connections.close();
    await remove(['-wal', '-shm', '']);
    throw error;
  }
  await connections.close();
  await remove(['-wal', '-shm']);
  await syncPath(unfinished);
  await rename(unfinished, target);
  await syncPath(dirname(target));
  return filled;
}

async function intoPostgres(url: string, file: string, options: RestoreOptions): Promise<Record<string, number>> {
  const connections = await openPostgres(url, { statementMs: STATEMENT_MS });
  try {
    return await connections.write.transaction().execute(async (tx) => {
      await lockMigrations(tx, 'postgres');
      const { rows } = await sql<{ name: string }>`
        select table_name as name from information_schema.tables where table_schema = current_schema() limit 1
      `.execute(tx);
      const [table] = rows;
      if (table !== undefined) {
        throw new CausewayError(
          'CW_RESTORE_NOT_EMPTY',
          `the database has tables (${table.name}): restore into an empty one`,
        );
      }
      return restoreTables(tx, file, { ...options, dialect: 'postgres' });
    });
  } finally {
    await connections.close();
  }
}
