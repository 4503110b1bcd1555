import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { CausewayError } from '@causeway/contract';
import type { BackupHeader } from '../control/backup/backup-format.ts';
import { checkBackup } from '../control/backup/backup-reader.ts';
import { restoreBackup } from '../control/backup/restore-backup.ts';
import { makeDataDir, storeFile } from '../control/data-dir.ts';
import { readMasterKey, sourceName } from '../control/sealing/master-key-source.ts';
import { lockDataFolder } from '../supervisor/data-lock.ts';
import { DATA_AND_JSON, parse } from './arguments.ts';
import { EXIT, say, warn } from './output.ts';
import { RESTORE_SNAPSHOT_OPTIONS, restoreSnapshot } from './snapshots.ts';
import { STORE_OPTIONS, storePlace, type StorePlace } from './store-place.ts';

const RESTORE_FILE_OPTIONS = {
  ...DATA_AND_JSON,
  ...STORE_OPTIONS,
  check: { type: 'boolean', default: false },
  'keep-sessions': { type: 'boolean', default: false },
} as const;

/** `restore NUMBER` is of a published configuration, `restore FILE` of a backup; `./12` is a file. */
export async function restore(args: string[]): Promise<number> {
  const { positionals } = parse(args, { ...RESTORE_SNAPSHOT_OPTIONS, ...RESTORE_FILE_OPTIONS });
  const [word] = positionals;
  return word === undefined || /^\d+$/.test(word) ? restoreSnapshot(args) : restoreFile(args);
}

async function restoreFile(args: string[]): Promise<number> {
  const { values, positionals } = parse(args, RESTORE_FILE_OPTIONS);
  const [word] = positionals;
  if (word === undefined || positionals.length > 1) throw new CausewayError('CW_USAGE', 'restore takes one backup');
  const file = resolve(word);
  if (!existsSync(file)) {
    throw new CausewayError(
      'CW_USAGE',
      `${file} is not there: restore takes the file of a backup, or a number of snapshots`,
    );
  }
  const header = await checkBackup(file);
  if (values.check) {
    if (values.json) say(JSON.stringify({ file, whole: true, ...header }));
    else say(`${file} is whole; ${described(header)}`);
    return EXIT.ok;
  }
  const place = await storePlace(values);
  const keyHere = await masterKeyIsHere(place, header);
  makeDataDir(place.data);
  const unlock = lockDataFolder(place.data);
  try {
    const location = place.url === null ? { file: storeFile(place.data) } : { url: place.url };
    const rows = await restoreBackup(location, file, { keepSessions: values['keep-sessions'], now: Date.now() });
    if (values.json) say(JSON.stringify({ ...header, rows, masterKeyPresent: keyHere }));
    else say(`restored; ${described(header)}`);
  } finally {
    unlock();
  }
  if (!keyHere) {
    const where = sourceName(place.masterKey.source);
    warn(`before the PoP starts, bring master key ${header.masterKeys.join(' or ')} to ${where}`);
  }
  warn('what was revoked or deactivated since the backup was made is not any more: look through it');
  return EXIT.ok;
}

/** @throws CausewayError `CW_MASTER_KEY_WRONG` where another is there: the PoP would not start */
async function masterKeyIsHere({ masterKey }: StorePlace, { masterKeys }: BackupHeader): Promise<boolean> {
  const present = await readMasterKey(masterKey.source);
  if (present === null) return false;
  if (masterKeys.length === 0 || masterKeys.includes(present.id)) return true;
  const where = sourceName(masterKey.source);
  throw new CausewayError(
    'CW_MASTER_KEY_WRONG',
    `${where} holds ${present.id}, and the backup is sealed with ${masterKeys.join(' or ')}; nothing was restored`,
  );
}

function described({ by, madeAt, dialect, events, masterKeys }: BackupHeader): string {
  const from = dialect === 'sqlite' ? 'SQLite' : 'PostgreSQL';
  return (
    `made by Causeway ${by} on ${new Date(madeAt).toISOString()} from ${from}` +
    `${events ? '' : ', without events'}; sealed with ${masterKeys.join(' or ') || 'nothing: it holds no key'}`
  );
}
