import { SCAN_CLASS_BITS, SCAN_CLASS_BYTES, SCAN_CLASS_LOWER, SCAN_CLASS_UPPER } from '../layout.gen.ts';

/** Writes the tables of a class (SCAN_CLASS_*). @param members 1 for each of the 256 bytes that is of it */
export function writeClass(memory: ArrayBuffer, at: number, members: Uint8Array): void {
  const table = new Uint8Array(memory, at, SCAN_CLASS_BYTES);
  for (let high = 0; high < 16; high++) {
    table[SCAN_CLASS_BITS + high] = 1 << (high & 7);
    for (let low = 0; low < 16; low++) {
      const row = (high < 8 ? SCAN_CLASS_LOWER : SCAN_CLASS_UPPER) + low;
      if (members[(high << 4) | low] === 1) table[row] = (table[row] ?? 0) | (1 << (high & 7));
    }
  }
}

/** A range of bytes, once the bits of `fold` are set in each: `lowest` to `highest`. */
export interface FoldedRange {
  readonly fold: number;
  readonly lowest: number;
  readonly highest: number;
}

/** The narrowest of such ranges that holds the whole class. */
export function foldedRange(members: Uint8Array): FoldedRange {
  const bytes = [...members.keys()].filter((byte) => members[byte] === 1);
  const [plain, folded] = [0, 0x20].map((fold) => {
    const set = bytes.map((byte) => byte | fold);
    return { fold, lowest: Math.min(...set), highest: Math.max(...set) };
  }) as [FoldedRange, FoldedRange];
  return sizeOf(folded) < sizeOf(plain) ? folded : plain;
}

/** How many bytes are in the range. */
export function sizeOf({ fold, lowest, highest }: FoldedRange): number {
  let size = 0;
  for (let byte = 0; byte < 256; byte++) if ((byte | fold) >= lowest && (byte | fold) <= highest) size++;
  return size;
}

/** Writes the range in the place of the tables: `fold`, what makes `lowest` the lowest signed byte, what is behind it. */
export function writeRange(memory: ArrayBuffer, at: number, { fold, lowest, highest }: FoldedRange): void {
  const table = new Uint8Array(memory, at, SCAN_CLASS_BYTES);
  table.fill(fold, 0, 16);
  table.fill(lowest + 128, 16, 32);
  table.fill(highest - lowest + 1 - 128, 32, 48);
}
