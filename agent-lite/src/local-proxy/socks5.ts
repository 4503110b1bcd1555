import type { ErrorCode } from '@causeway/contract';

/**
 * The server's side of SOCKS version 5 without authentication (RFC 1928), bytes in and steps out:
 *
 *     greeting: | 5 | n | n methods |                        answered | 5 | method |
 *     request:  | 5 | command | 0 | type | address | port |  answered | 5 | reply | 0 | 1 | 0.0.0.0 | 0 |
 */
export type SocksStep =
  | { readonly t: 'more' }
  | { readonly t: 'greeted'; readonly answer: Uint8Array }
  | { readonly t: 'request'; readonly host: string; readonly port: number; readonly rest: Uint8Array }
  /** Send the answer, if any, and close. */
  | { readonly t: 'failed'; readonly answer: Uint8Array; readonly why: string };

const VERSION = 5;
const NO_AUTHENTICATION = 0;
const NO_ACCEPTABLE_METHOD = 0xff;
const CONNECT = 1;
const IPV4 = 1;
const NAME = 3;
const IPV6 = 4;

export const REPLY = {
  ok: 0,
  general: 1,
  notAllowed: 2,
  networkUnreachable: 3,
  hostUnreachable: 4,
  refused: 5,
  timedOut: 6,
  command: 7,
  addressType: 8,
} as const;

export function socksReply(code: number): Uint8Array {
  return Uint8Array.of(VERSION, code, 0, IPV4, 0, 0, 0, 0, 0, 0);
}

/** What a client is told of a refusal; the protocol has no room for more. */
export function replyFor(code: ErrorCode): number {
  switch (code) {
    case 'CW_POLICY_BLOCKED':
    case 'CW_ACCESS_ENDED':
      return REPLY.notAllowed;
    case 'CW_APP_UNKNOWN':
    case 'CW_DNS_FAILED':
    case 'CW_APP_UNREACHABLE':
    case 'CW_PUBLISHER_REFUSED':
      return REPLY.hostUnreachable;
    case 'CW_APP_REFUSED':
      return REPLY.refused;
    case 'CW_APP_TIMEOUT':
    case 'CW_OPEN_TIMEOUT':
      return REPLY.timedOut;
    case 'CW_AGENT_OFFLINE':
    case 'CW_NO_PUBLISHER':
      return REPLY.networkUnreachable;
    default:
      return REPLY.general;
  }
}

export class Socks5Handshake {
  #state: 'greeting' | 'request' | 'done' = 'greeting';
  #bytes: Uint8Array = new Uint8Array(0);

  /** Call again with no bytes after `greeted`: a client may send its request at once. */
  push(chunk: Uint8Array): SocksStep {
    // Both messages are shorter than 300 bytes, and what is complete is taken out at once.
    this.#bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk]);
    switch (this.#state) {
      case 'greeting':
        return this.#greeting();
      case 'request':
        return this.#request();
      case 'done':
        return this.#fail(REPLY.general, 'bytes after the end of the handshake');
    }
  }

  #greeting(): SocksStep {
    const [version, count = 0] = this.#bytes;
    if (version !== undefined && version !== VERSION) return this.#close('not SOCKS version 5');
    if (this.#bytes.length < 2 || this.#bytes.length < 2 + count) return { t: 'more' };
    const methods = this.#bytes.subarray(2, 2 + count);
    this.#bytes = this.#bytes.subarray(2 + count);
    if (!methods.includes(NO_AUTHENTICATION)) {
      this.#state = 'done';
      const answer = Uint8Array.of(VERSION, NO_ACCEPTABLE_METHOD);
      return { t: 'failed', answer, why: 'the client wants authentication' };
    }
    this.#state = 'request';
    return { t: 'greeted', answer: Uint8Array.of(VERSION, NO_AUTHENTICATION) };
  }

  #request(): SocksStep {
    const bytes = this.#bytes;
    const [version, command, , type, first = 0] = bytes;
    if (version !== undefined && version !== VERSION) return this.#close('not SOCKS version 5');
    if (bytes.length < 5) return { t: 'more' };
    if (command !== CONNECT) return this.#fail(REPLY.command, `command ${command} is not CONNECT`);
    if (type !== IPV4 && type !== NAME && type !== IPV6) return this.#fail(REPLY.addressType, `address type ${type}`);
    const from = type === NAME ? 5 : 4;
    const length = type === NAME ? first : type === IPV4 ? 4 : 16;
    if (bytes.length < from + length + 2) return { t: 'more' };
    const address = bytes.subarray(from, from + length);
    const port = ((bytes[from + length] ?? 0) << 8) | (bytes[from + length + 1] ?? 0);
    if (port === 0 || length === 0) return this.#fail(REPLY.general, 'no name or port');
    this.#state = 'done';
    return { t: 'request', host: addressText(type, address), port, rest: bytes.subarray(from + length + 2) };
  }

  #fail(code: number, why: string): SocksStep {
    this.#state = 'done';
    return { t: 'failed', answer: socksReply(code), why };
  }

  #close(why: string): SocksStep {
    this.#state = 'done';
    return { t: 'failed', answer: new Uint8Array(0), why };
  }
}

function addressText(type: number, bytes: Uint8Array): string {
  if (type === IPV4) return bytes.join('.');
  if (type === NAME) return Buffer.from(bytes).toString('latin1');
  const groups = Array.from({ length: 8 }, (_, i) => ((bytes[2 * i] ?? 0) << 8) | (bytes[2 * i + 1] ?? 0));
  return groups.map((group) => group.toString(16)).join(':');
}
