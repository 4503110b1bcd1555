import { mkdir, open, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { EventRecord } from '../../../rpc/messages.ts';
import { jsonLines, type Sink } from './sink.ts';

export interface FileSinkOptions {
  readonly path: string;
  /** A file that would grow larger is put aside first. */
  readonly maxBytes: number;
  /** Files put aside that are kept: `path.1` is the youngest. */
  readonly keep: number;
}

/** JSON lines in a file that only its owner reads. */
export class FileSink implements Sink {
  readonly #options: FileSinkOptions;
  #file: FileHandle | null = null;
  #bytes = 0;

  constructor(options: FileSinkOptions) {
    this.#options = options;
  }

  async send(events: readonly EventRecord[]): Promise<void> {
    const { path, maxBytes } = this.#options;
    const text = Buffer.from(jsonLines(events));
    // Moved or removed by somebody else: go on in a new one.
    const found = await stat(path).catch(() => null);
    if (found === null) await this.close();
    let file = this.#file ?? (await this.#open());
    if (this.#bytes > 0 && this.#bytes + text.length > maxBytes) {
      await this.#rotate();
      file = await this.#open();
    }
    await file.appendFile(text);
    this.#bytes += text.length;
  }

  async close(): Promise<void> {
    const file = this.#file;
    this.#file = null;
    await file?.close();
  }

  async #open(): Promise<FileHandle> {
    const { path } = this.#options;
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    this.#file = await open(path, 'a', 0o600);
    this.#bytes = (await this.#file.stat()).size;
    return this.#file;
  }

  async #rotate(): Promise<void> {
    const { path, keep } = this.#options;
    await this.close();
    await rm(`${path}.${keep}`, { force: true });
    for (let number = keep - 1; number >= 1; number--) {
      await rename(`${path}.${number}`, `${path}.${number + 1}`).catch(ignoreMissing);
    }
    await rename(path, `${path}.1`);
  }
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}
