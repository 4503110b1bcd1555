import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { CausewayError } from '@causeway/contract';
import type { MasterKeySource } from '../../rpc/supervision.ts';
import { commandOutput } from './key-command.ts';
import { newMasterKeyText, parseMasterKey, type MasterKey } from './master-key.ts';

const COMMAND_MS = 10_000;
const MAX_FILE = 4_096;

export interface SourceOptions {
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly commandMs?: number;
}

/** As people read it in messages. */
export function sourceName(source: MasterKeySource): string {
  if ('file' in source) return source.file;
  return 'env' in source ? `the environment variable ${source.env}` : `the command ${source.command[0] ?? ''}`;
}

/**
 * The master key, or `null` where the file or variable is not there.
 *
 * @throws CausewayError `CW_MASTER_KEY_INVALID` where what is there is no key, everybody may read it, or the command
 *   fails
 */
export async function readMasterKey(source: MasterKeySource, options: SourceOptions = {}): Promise<MasterKey | null> {
  const where = sourceName(source);
  if ('command' in source) {
    return parseMasterKey(await commandOutput(source.command, options.commandMs ?? COMMAND_MS), where);
  }
  const text = 'env' in source ? (options.environment ?? process.env)[source.env] : await fileText(source.file);
  return text === undefined || text === '' ? null : parseMasterKey(text, where);
}

async function fileText(file: string): Promise<string | undefined> {
  try {
    const { mode, size } = await stat(file);
    if ((mode & 0o007) !== 0) throw new Error('everybody on this machine may read it: chmod 600');
    if (size > MAX_FILE) throw new Error('it is too large to be a key');
    return await readFile(file, 'utf8');
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new CausewayError('CW_MASTER_KEY_INVALID', `${file}: ${why}`, { cause });
  }
}

/**
 * A new master key in a new file of mode 0600, on the disk when this returns: what it seals must never be there first.
 *
 * @throws CausewayError `CW_MASTER_KEY_INVALID` where the file is there or cannot be written
 */
export function makeMasterKeyFile(file: string): MasterKey {
  const text = newMasterKeyText();
  try {
    const fd = openSync(file, 'wx', 0o600);
    try {
      writeSync(fd, `${text}\n`);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    syncFolder(dirname(file));
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new CausewayError('CW_MASTER_KEY_INVALID', `${file} cannot be made: ${why}`, { cause });
  }
  return parseMasterKey(text, file);
}

function syncFolder(folder: string): void {
  const fd = openSync(folder, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
