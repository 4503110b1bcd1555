import type { ScanExports } from './scan-instance.ts';
import { isLetter } from './literal-set.ts';
import { reserved } from './wasm-engine.ts';

const BUCKETS = 8;
const FINGERPRINT = 4;
const MASK_BYTES = 16;
const LITERAL_BYTES = 64;
const STARTS_AT = 2 * FINGERPRINT * MASK_BYTES;
const LITERALS_AT = STARTS_AT + 48;

/** How many literals `loadTeddy` takes. */
export const TEDDY_LITERALS = 64;

interface Entry {
  readonly bytes: Uint8Array;
  readonly index: number;
}

const fromEnd = (bytes: Uint8Array, back: number): number | undefined => bytes[bytes.length - 1 - back];

/** Such that literals with the same last bytes come together and fill few bits of the masks. */
function byEnding(a: Entry, b: Entry): number {
  for (let back = 0; back < FINGERPRINT; back++) {
    const order = (fromEnd(a.bytes, back) ?? 256) - (fromEnd(b.bytes, back) ?? 256);
    if (order !== 0) return order;
  }
  return a.index - b.index;
}

/** Writes the tables that `assembly/scan/teddy.ts` draws. Throws `CW_CORE_MEMORY`. */
export function loadTeddy(core: ScanExports, literals: readonly Uint8Array[], ignoreCase: boolean): void {
  const entries = literals.map((bytes, index) => ({ bytes, index })).toSorted(byEnding);
  const restBytes = entries.reduce((sum, { bytes }) => sum + 2 * Math.max(0, bytes.length - 16), 0);
  const at = reserved(core.teddyReserve(entries.length, restBytes));
  const tables = new Uint8Array(core.memory.buffer, at, LITERALS_AT + entries.length * LITERAL_BYTES + restBytes);
  const view = new DataView(core.memory.buffer, at);
  const foldOf = (byte: number): number => (ignoreCase && isLetter(byte) ? 0x20 : 0);
  const rests = LITERALS_AT + entries.length * LITERAL_BYTES;
  let rest = 0;
  for (const [place, { bytes, index }] of entries.entries()) {
    const bucket = Math.floor((place * BUCKETS) / entries.length);
    for (let byte = 0; byte < FINGERPRINT; byte++) {
      const masks = tables.subarray(2 * byte * MASK_BYTES, 2 * (byte + 1) * MASK_BYTES);
      setMask(masks, 1 << bucket, fromEnd(bytes, FINGERPRINT - 1 - byte), foldOf);
    }
    const record = LITERALS_AT + place * LITERAL_BYTES;
    view.setUint32(record + 48, bytes.length, true);
    view.setUint32(record + 52, index, true);
    view.setUint32(record + 56, rest, true);
    for (let back = 0; back < bytes.length; back++) {
      const byte = fromEnd(bytes, back) ?? 0;
      if (back < 16) {
        tables[record + 15 - back] = 0xff;
        tables[record + 31 - back] = foldOf(byte);
        tables[record + 47 - back] = byte;
      } else {
        tables[rests + rest] = byte;
        tables[rests + rest + 1] = foldOf(byte);
        rest += 2;
      }
    }
  }
  for (let bucket = 0; bucket <= BUCKETS; bucket++) {
    view.setUint32(STARTS_AT + bucket * 4, Math.ceil((bucket * entries.length) / BUCKETS), true);
  }
}

/** Lets a byte through for a bucket, both cases where it has two; any byte where a literal has none in this place. */
function setMask(masks: Uint8Array, bit: number, byte: number | undefined, foldOf: (byte: number) => number): void {
  const set = (index: number): void => void (masks[index] = (masks[index] ?? 0) | bit);
  if (byte === undefined) {
    for (let index = 0; index < 2 * MASK_BYTES; index++) set(index);
    return;
  }
  for (const variant of [byte, byte & ~foldOf(byte)]) {
    set(variant & 15);
    set(MASK_BYTES + (variant >> 4));
  }
}
