import { createHash, randomBytes } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { sendJson, type Exchange } from './http.ts';

const MAX_BYTES = 4 * 1024 ** 3;
const MAX_LISTED = 200;

/** What is left of a name when it can name one file of one folder and nothing else; `null` when nothing is. */
export function fileName(text: string | null): string | null {
  const name = (text ?? '')
    .replaceAll(/[^\p{L}\p{N}._ -]/gu, '_')
    .replace(/^[. ]+/, '')
    .slice(0, 100);
  return name === '' ? null : name;
}

/** The files of the intranet: one folder, each upload streamed to a draft and renamed when it is whole. */
export class Files {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** In order of their names; drafts are no files yet. */
  async list(): Promise<string[]> {
    await mkdir(this.#folder, { recursive: true });
    const names = await readdir(this.#folder);
    return names
      .filter((name) => !name.startsWith('.'))
      .toSorted((a, b) => a.localeCompare(b))
      .slice(0, MAX_LISTED);
  }

  /** `POST /files?name=N` with the bytes as the body → 201 `{name, bytes, sha256}`. */
  async receive(exchange: Exchange): Promise<void> {
    const name = fileName(exchange.url.searchParams.get('name'));
    if (name === null) return sendJson(exchange, 400, { error: 'the upload needs a name' });
    await mkdir(this.#folder, { recursive: true });
    const draft = join(this.#folder, `.${randomBytes(8).toString('hex')}`);
    const hash = createHash('sha256');
    let bytes = 0;
    const count = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        bytes += chunk.length;
        hash.update(chunk);
        done(bytes > MAX_BYTES ? new Error('the file is too large') : null, chunk);
      },
    });
    try {
      await pipeline(exchange.request, count, createWriteStream(draft));
      await rename(draft, join(this.#folder, name));
    } catch (error) {
      await rm(draft, { force: true });
      throw error;
    }
    sendJson(exchange, 201, { name, bytes, sha256: hash.digest('hex') });
  }

  /** `GET /files/:name` → the bytes, as an attachment. */
  async give(exchange: Exchange): Promise<void> {
    const { request, response, url } = exchange;
    const asked = decoded(url.pathname.slice('/files/'.length));
    const name = fileName(asked);
    const file = name === null || name !== asked ? null : await open(join(this.#folder, name)).catch(() => null);
    if (name === null || file === null) return sendJson(exchange, 404, { error: 'there is no such file' });
    const { size } = await file.stat();
    response.writeHead(200, {
      'content-type': 'application/octet-stream',
      'content-length': size,
      'content-disposition': `attachment; filename*=UTF-8''${encodeURIComponent(name)}`,
    });
    if (request.method === 'HEAD' || size === 0) {
      await file.close();
      response.end();
      return;
    }
    await pipeline(createReadStream('', { fd: file, end: size - 1 }), response);
  }
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}
