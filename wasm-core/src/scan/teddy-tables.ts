import { SCAN_TEDDY_LITERALS, SCAN_TEDDY_STARTS } from '../layout.gen.ts';
import { foldBits, fromEnd, restBytes, writeLiterals } from './literal-records.ts';
import type { Entry, FoldOf } from './literal-records.ts';
import type { ScanExports } from './scan-instance.ts';
import { reserved } from './wasm-engine.ts';

const BUCKETS = 8;
const FINGERPRINT = 4;
const MASK_BYTES = 16;

/** How many literals `loadTeddy` takes. */
export const TEDDY_LITERALS = 64;

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
  const at = reserved(core.teddyReserve(entries.length, restBytes(entries)));
  const tables = new Uint8Array(core.memory.buffer, at, SCAN_TEDDY_LITERALS);
  const view = new DataView(core.memory.buffer, at, SCAN_TEDDY_LITERALS);
  const foldOf = foldBits(ignoreCase);
  for (const [place, { bytes }] of entries.entries()) {
    const bucket = Math.floor((place * BUCKETS) / entries.length);
    for (let byte = 0; byte < FINGERPRINT; byte++) {
      const masks = tables.subarray(2 * byte * MASK_BYTES, 2 * (byte + 1) * MASK_BYTES);
      setMask(masks, 1 << bucket, fromEnd(bytes, FINGERPRINT - 1 - byte), foldOf);
    }
  }
  for (let bucket = 0; bucket <= BUCKETS; bucket++) {
    view.setUint32(SCAN_TEDDY_STARTS + bucket * 4, Math.ceil((bucket * entries.length) / BUCKETS), true);
  }
  writeLiterals(core.memory.buffer, at + SCAN_TEDDY_LITERALS, entries, foldOf);
}

/** Lets a byte through for a bucket, both cases where it has two; any byte where a literal has none in this place. */
function setMask(masks: Uint8Array, bit: number, byte: number | undefined, foldOf: FoldOf): void {
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
