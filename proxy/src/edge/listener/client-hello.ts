import { LIMITS } from '@causeway/contract';

/**
 * Reads server name (RFC 6066 §3) and ALPN list (RFC 7301) from the first bytes of a TLS connection. Sans-I/O: the
 * caller feeds whatever has come and stops at the first result that is not `null`.
 *
 *     record     | 22 | 3 | minor | length u16 | fragment … |            RFC 8446 §5.1, any number of them
 *     handshake  | 1 | length u24 | version | random 32 | session u8+ | suites u16+ | compression u8+ | extensions u16+ |
 *
 * A hello may span records and segments (a post-quantum key share makes it about 1.6 KB). Only complete records are
 * looked at, and every length is checked against the limit before its bytes are waited for.
 */
export type HelloResult =
  | { readonly t: 'hello'; readonly serverName: string | null; readonly alpn: readonly string[] }
  | { readonly t: 'refused'; readonly reason: HelloRefusal };

export type HelloRefusal = 'not-tls' | 'too-large' | 'malformed';

const RECORD_HEAD = 5;
const HANDSHAKE_HEAD = 4;
const HANDSHAKE = 22;
const CLIENT_HELLO = 1;
const MAX_RECORD = 16 * 1024;
const SERVER_NAME = 0;
const ALPN = 16;

class Malformed extends Error {}

/** Each byte and each record is looked at once, however small the pieces are in which they come. */
export class ClientHelloReader {
  #buffer: Buffer = Buffer.alloc(0);
  #length = 0;
  /** Where the next record begins. */
  #at = 0;
  readonly #fragments: Buffer[] = [];
  #have = 0;

  /** Everything that was pushed, for whoever goes on with the connection. */
  get bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }

  /** @returns `null` while the hello is incomplete; not to be called again after anything else */
  push(chunk: Buffer): HelloResult | null {
    this.#append(chunk);
    for (;;) {
      const record = this.#nextRecord();
      if (record === null || 't' in record) return record;
      this.#fragments.push(record);
      this.#have += record.length;
      if (this.#have < HANDSHAKE_HEAD) continue;
      const head = this.#handshakeHead();
      if (head[0] !== CLIENT_HELLO) return refuse('malformed');
      const need = HANDSHAKE_HEAD + head.readUIntBE(1, 3);
      if (need > LIMITS.clientHelloBytes) return refuse('too-large');
      if (this.#have < need) continue;
      try {
        return parseBody(Buffer.concat(this.#fragments).subarray(HANDSHAKE_HEAD, need));
      } catch (error) {
        if (error instanceof Malformed) return refuse('malformed');
        throw error;
      }
    }
  }

  #append(chunk: Buffer): void {
    const length = this.#length + chunk.length;
    if (length > this.#buffer.length) {
      const grown = Buffer.allocUnsafe(Math.max(length, 2 * this.#buffer.length));
      this.#buffer.copy(grown, 0, 0, this.#length);
      this.#buffer = grown;
    }
    chunk.copy(this.#buffer, this.#length);
    this.#length = length;
  }

  /** The fragment of the next complete record, what is wrong with it, or `null` while it is incomplete. */
  #nextRecord(): Buffer | HelloResult | null {
    const bytes = this.bytes;
    const at = this.#at;
    const wrong = at === 0 ? 'not-tls' : 'malformed';
    if (at < bytes.length && bytes[at] !== HANDSHAKE) return refuse(wrong);
    if (at + 1 < bytes.length && bytes[at + 1] !== 3) return refuse(wrong);
    if (at + RECORD_HEAD > bytes.length) return at >= LIMITS.clientHelloBytes ? refuse('too-large') : null;
    const length = bytes.readUInt16BE(at + 3);
    if (length === 0) return refuse('malformed');
    const end = at + RECORD_HEAD + length;
    if (length > MAX_RECORD || end > LIMITS.clientHelloBytes) return refuse('too-large');
    if (end > bytes.length) return null;
    this.#at = end;
    return Buffer.from(bytes.subarray(at + RECORD_HEAD, end));
  }

  #handshakeHead(): Buffer {
    if ((this.#fragments[0]?.length ?? 0) >= HANDSHAKE_HEAD) return this.#fragments[0] ?? Buffer.alloc(HANDSHAKE_HEAD);
    const first = Buffer.concat(this.#fragments.splice(0));
    this.#fragments.push(first);
    return first;
  }
}

function refuse(reason: HelloRefusal): HelloResult {
  return { t: 'refused', reason };
}

class Cursor {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get ended(): boolean {
    return this.#at >= this.#bytes.length;
  }

  take(length: number): Buffer {
    if (this.#at + length > this.#bytes.length) throw new Malformed();
    const part = this.#bytes.subarray(this.#at, this.#at + length);
    this.#at += length;
    return part;
  }

  number(size: 1 | 2): number {
    return this.take(size).readUIntBE(0, size);
  }

  /** A vector with its length in front. */
  vector(size: 1 | 2): Buffer {
    return this.take(this.number(size));
  }
}

function parseBody(body: Buffer): HelloResult {
  const hello = new Cursor(body);
  hello.take(2 + 32); // legacy version and random
  if (hello.vector(1).length > 32) throw new Malformed();
  hello.vector(2); // cipher suites
  hello.vector(1); // compression methods
  let serverName: string | null = null;
  let alpn: readonly string[] = [];
  if (hello.ended) return { t: 'hello', serverName, alpn };
  const extensions = new Cursor(hello.vector(2));
  if (!hello.ended) throw new Malformed();
  const seen = new Set<number>();
  while (!extensions.ended) {
    const type = extensions.number(2);
    const data = extensions.vector(2);
    if (type !== SERVER_NAME && type !== ALPN) continue;
    if (seen.has(type)) throw new Malformed(); // RFC 8446 §4.2: not more than one of a type
    seen.add(type);
    if (type === SERVER_NAME) serverName = parseServerName(data);
    else alpn = parseAlpn(data);
  }
  return { t: 'hello', serverName, alpn };
}

function parseServerName(data: Buffer): string {
  const outer = new Cursor(data);
  const list = new Cursor(outer.vector(2));
  if (list.number(1) !== 0) throw new Malformed();
  const name = list.vector(2).toString('latin1').toLowerCase();
  if (!outer.ended || !list.ended || !/^[a-z0-9._-]{1,253}$/.test(name)) throw new Malformed();
  return name;
}

function parseAlpn(data: Buffer): string[] {
  const outer = new Cursor(data);
  const list = new Cursor(outer.vector(2));
  const names: string[] = [];
  while (!list.ended) {
    const name = list.vector(1);
    if (name.length === 0) throw new Malformed();
    names.push(name.toString('latin1'));
  }
  if (names.length === 0 || !outer.ended) throw new Malformed();
  return names;
}
