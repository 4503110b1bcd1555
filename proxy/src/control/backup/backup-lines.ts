import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import { CausewayError } from '@causeway/contract';
import { backupHash, MAX_LINE } from './backup-format.ts';

const GZIP_LEVEL = 3;

/**
 * Lines into a new file of mode 0600, with their hash behind them. It has its name only when it is whole and on the
 * disk.
 */
export async function writeLines(file: string, lines: AsyncIterable<string>): Promise<void> {
  const partial = `${file}.partial`;
  const hash = createHash('sha256');
  const bytes = async function* (): AsyncIterable<Buffer> {
    for await (const line of lines) {
      const buffer = Buffer.from(`${line}\n`);
      hash.update(buffer);
      yield buffer;
    }
    yield Buffer.from(`${JSON.stringify({ sha256: hash.digest('hex') })}\n`);
  };
  try {
    // Never into what is there: that may be somebody else's, readable to them, or lead elsewhere.
    await rm(partial, { force: true });
    const out = createWriteStream(partial, { flags: 'wx', mode: 0o600, flush: true });
    await pipeline(Readable.from(bytes(), { objectMode: false }), createGzip({ level: GZIP_LEVEL }), out);
    await rename(partial, file);
    await syncPath(dirname(file));
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
}

/** Of a file what it holds, of a folder which files it has. */
export async function syncPath(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * The lines of a backup without the hash, which was compared when the last one has come.
 *
 * @throws CausewayError `CW_BACKUP_DAMAGED`
 */
export async function* readLines(file: string): AsyncIterable<string> {
  const hash = createHash('sha256');
  let previous: string | null = null;
  for await (const line of unhashedLines(file)) {
    if (previous !== null) {
      hash.update(previous).update('\n');
      yield previous;
    }
    previous = line;
  }
  const last = backupHash.safeParse(jsonOf(previous ?? ''));
  if (!last.success) throw damaged(file, 'its end is missing');
  if (last.data.sha256 !== hash.digest('hex')) throw damaged(file, 'its hash is another');
}

export function damaged(file: string, why: string, cause?: unknown): CausewayError {
  return new CausewayError('CW_BACKUP_DAMAGED', `${file}: ${why}; nothing of it was used`, { cause });
}

/** `undefined` where it is no JSON. */
export function jsonOf(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

async function* unhashedLines(file: string): AsyncIterable<string> {
  const source = createReadStream(file);
  const plain = createGunzip();
  // An error of the file reaches the reader of what it is unpacked to.
  source.on('error', (error) => plain.destroy(error));
  let parts: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of source.pipe(plain) as AsyncIterable<Buffer>) {
      let from = 0;
      for (let to = chunk.indexOf(10); to !== -1; to = chunk.indexOf(10, from)) {
        yield Buffer.concat([...parts, chunk.subarray(from, to)]).toString('utf8');
        parts = [];
        length = 0;
        from = to + 1;
      }
      length += chunk.length - from;
      if (length > MAX_LINE) throw damaged(file, `a line of more than ${MAX_LINE} bytes`);
      parts.push(chunk.subarray(from));
    }
  } catch (error) {
    if (error instanceof CausewayError) throw error;
    throw damaged(file, error instanceof Error ? error.message : String(error), error);
  } finally {
    source.destroy();
  }
  if (length > 0) throw damaged(file, 'it ends within a line');
}
