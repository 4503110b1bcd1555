import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { CausewayError } from '@causeway/contract';

/** Makes the data folder, for its owner alone, where it is not there. Throws `CW_DATA_UNUSABLE`. */
export function makeDataDir(dir: string): void {
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new CausewayError('CW_DATA_UNUSABLE', `${dir}: ${message}`, { cause });
  }
}

/** Where SQLite's file is. */
export const storeFile = (dir: string): string => join(dir, 'causeway.sqlite');

/** What a restore fills before it gets the store's name. */
export const unfinishedRestore = (file: string): string => `${file}.restoring`;

/**
 * The store's file, to be opened or made.
 *
 * @throws CausewayError `CW_DATA_UNUSABLE` where a restore ended in the middle: who starts a PoP then expects what is
 *   in the backup, and would get an empty one with another CA
 */
export function usableStoreFile(dir: string): string {
  const file = storeFile(dir);
  const unfinished = unfinishedRestore(file);
  if (existsSync(unfinished) && !existsSync(file)) {
    throw new CausewayError(
      'CW_DATA_UNUSABLE',
      `a restore ended before its end: run causeway restore again, or remove ${unfinished} to begin anew`,
    );
  }
  return file;
}
