import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { CausewayError } from '@causeway/contract';

/**
 * One PoP per data folder. The lock is SQLite's own exclusive file lock on an empty database: the kernel drops it with
 * the process, however that ends, so there is never a stale one to judge by age or pid.
 *
 * @returns a function that gives the folder up. Throws `CW_DATA_LOCKED` or `CW_DATA_UNUSABLE`.
 */
export function lockDataFolder(dataDir: string): () => void {
  const runDir = join(dataDir, 'run');
  const holder = join(runDir, 'supervisor.pid');
  let lock: DatabaseSync;
  try {
    mkdirSync(runDir, { recursive: true, mode: 0o700 });
    chmodSync(dataDir, 0o700);
    lock = new DatabaseSync(join(runDir, 'lock'));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CausewayError('CW_DATA_UNUSABLE', `${dataDir}: ${reason}`, { cause: error });
  }
  try {
    lock.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    lock.close();
    let pid = 'unknown';
    try {
      pid = readFileSync(holder, 'utf8').trim();
    } catch {
      // the holder has not written it yet
    }
    throw new CausewayError('CW_DATA_LOCKED', `${dataDir} is in use by another PoP (pid ${pid})`, { cause: error });
  }
  writeFileSync(holder, `${process.pid}\n`);
  return () => lock.close();
}
