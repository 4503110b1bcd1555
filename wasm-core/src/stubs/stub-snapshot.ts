import { crc32 } from '../crc32.ts';
import { CoreError } from '../errors.ts';
import { isStubName, STUB_LIMITS } from './stub-range.ts';
import type { StubRange } from './stub-range.ts';

/**
 * The stubs as bytes for the caller to keep, little-endian:
 *
 *      0        4         8        12       16       20      21      24                36       40
 *     +--------+---------+--------+--------+--------+-------+-------+-----------------+--------+
 *     | "CWST" | version | length | CRC-32 | base   | bits  | flags | IPv6 prefix     | count  |
 *     +--------+---------+--------+--------+--------+-------+-------+-----------------+--------+
 *     count × | offset u32 | last used u32 | length of the name u8 | name |      least recently used first
 *
 * Flag 1: there is an IPv6 prefix, else its 12 bytes are 0. The CRC is of all bytes from 16 on.
 */
const MAGIC = 0x5453_5743;
const VERSION = 1;
const HEADER = 40;
const RECORD = 9;

export interface StubEntry {
  readonly name: string;
  readonly offset: number;
  readonly lastUsed: number;
}

export function writeStubSnapshot(range: StubRange, entries: readonly StubEntry[]): Uint8Array {
  const length = entries.reduce((sum, { name }) => sum + RECORD + name.length, HEADER);
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, MAGIC, true);
  view.setUint32(4, VERSION, true);
  view.setUint32(8, length, true);
  view.setUint32(16, range.base, true);
  bytes[20] = range.bits;
  bytes[21] = range.prefix6 === null ? 0 : 1;
  for (const [i, word] of (range.prefix6 ?? []).entries()) view.setUint32(24 + 4 * i, word, true);
  view.setUint32(36, entries.length, true);
  let at = HEADER;
  for (const { name, offset, lastUsed } of entries) {
    view.setUint32(at, offset, true);
    view.setUint32(at + 4, lastUsed, true);
    bytes[at + 8] = name.length;
    for (let i = 0; i < name.length; i++) bytes[at + RECORD + i] = name.charCodeAt(i);
    at += RECORD + name.length;
  }
  view.setUint32(12, crc32(bytes.subarray(16)), true);
  return bytes;
}

const refuse = (why: string): CoreError => new CoreError('CW_CORE_SNAPSHOT', `the stub snapshot ${why}`);

function checkHeader(bytes: Uint8Array, view: DataView, range: StubRange): number {
  if (bytes.length < HEADER || view.getUint32(0, true) !== MAGIC) throw refuse('is not one');
  if (view.getUint32(4, true) !== VERSION) throw refuse('is of another version');
  if (view.getUint32(8, true) !== bytes.length) throw refuse('is truncated or too long');
  if (view.getUint32(12, true) !== crc32(bytes.subarray(16))) throw refuse('is damaged');
  const prefix6 = range.prefix6 ?? [0, 0, 0];
  if (
    view.getUint32(16, true) !== range.base ||
    bytes[20] !== range.bits ||
    bytes[21] !== (range.prefix6 === null ? 0 : 1) ||
    prefix6.some((word, i) => view.getUint32(24 + 4 * i, true) !== word)
  )
    throw refuse('is of another range');
  const count = view.getUint32(36, true);
  if (count > STUB_LIMITS.stubs) throw refuse('has too many entries');
  return count;
}

/**
 * The entries, every one of them checked: names, offsets in the range and each once, in the order of their use. Throws
 * `CW_CORE_SNAPSHOT` for bytes that this version did not write for this range.
 */
export function readStubSnapshot(bytes: Uint8Array, range: StubRange): StubEntry[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const count = checkHeader(bytes, view, range);
  const size = 2 ** (32 - range.bits);
  const entries: StubEntry[] = [];
  const names = new Set<string>();
  const offsets = new Set<number>();
  let at = HEADER;
  let previous = 0;
  for (let i = 0; i < count; i++) {
    const length = bytes[at + 8];
    if (length === undefined || length > bytes.length - at - RECORD) throw refuse('ends within an entry');
    const offset = view.getUint32(at, true);
    const lastUsed = view.getUint32(at + 4, true);
    const name = String.fromCharCode(...bytes.subarray(at + RECORD, at + RECORD + length));
    // The ends of the range are the network and the broadcast address.
    if (offset === 0 || offset >= size - 1 || lastUsed < previous || !isStubName(name)) throw refuse('has a bad entry');
    names.add(name);
    offsets.add(offset);
    entries.push({ name, offset, lastUsed });
    previous = lastUsed;
    at += RECORD + length;
  }
  if (at !== bytes.length) throw refuse('goes on after its last entry');
  if (names.size !== count || offsets.size !== count) throw refuse('has a name or an address twice');
  return entries;
}
