/**
 * The frame of yamux (https://github.com/hashicorp/yamux/blob/master/spec.md), all fields big-endian:
 *
 *     0         1         2                   4                                       8
 *     +---------+---------+-------------------+---------------------------------------+
 *     | version | type    | flags             | stream id                             |
 *     +---------+---------+-------------------+---------------------------------------+
 *     | length: of the payload (data), credit (window update), opaque (ping), code (go-away) |
 *     +-------------------------------------------------------------------------------+  12
 *     | payload, `length` bytes, of data frames only …
 *
 * Stream 0 is the session. The dialling side opens odd ids, the accepting side even ones.
 */
export const HEADER_BYTES = 12;
export const VERSION = 0;

export const Type = { Data: 0, WindowUpdate: 1, Ping: 2, GoAway: 3 } as const;

export const Flag = { Syn: 1, Ack: 2, Fin: 4, Rst: 8 } as const;

export const GoAwayCode = { Normal: 0, ProtocolError: 1, InternalError: 2 } as const;

/** Every stream starts with this much credit in both directions; the wire format fixes it. */
export const INITIAL_WINDOW = 256 * 1024;

export function encodeHeader(
  out: Uint8Array,
  at: number,
  type: number,
  flags: number,
  id: number,
  length: number,
): void {
  out[at] = VERSION;
  out[at + 1] = type;
  out[at + 2] = flags >>> 8;
  out[at + 3] = flags;
  writeU32(out, at + 4, id);
  writeU32(out, at + 8, length);
}

export function writeU32(out: Uint8Array, at: number, value: number): void {
  out[at] = value >>> 24;
  out[at + 1] = value >>> 16;
  out[at + 2] = value >>> 8;
  out[at + 3] = value;
}

/** @returns 0…2^32-1; the bytes must be there */
export function readU32(bytes: Uint8Array, at: number): number {
  return (
    (((bytes[at] ?? 0) << 24) | ((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0)) >>> 0
  );
}

const TYPE_NAMES = ['data', 'window', 'ping', 'go-away'] as const;
const FLAG_NAMES = ['SYN', 'ACK', 'FIN', 'RST'] as const;

/** One line for logs and test failures: `data SYN|FIN #3 17`. */
export function headerText(bytes: Uint8Array, at = 0): string {
  const flags = ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0);
  const names = FLAG_NAMES.filter((_, bit) => (flags & (1 << bit)) !== 0);
  if (flags > 15) names.push(`0x${flags.toString(16)}` as never);
  const version = bytes[at] === VERSION ? '' : `v${bytes[at]} `;
  const type = TYPE_NAMES[bytes[at + 1] ?? 0] ?? `type ${bytes[at + 1]}`;
  return `${version}${type} ${names.join('|') || '-'} #${readU32(bytes, at + 4)} ${readU32(bytes, at + 8)}`;
}
