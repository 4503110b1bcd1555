import {
  SCAN_LITERAL_BYTES,
  SCAN_LITERAL_FOLD,
  SCAN_LITERAL_INDEX,
  SCAN_LITERAL_LENGTH,
  SCAN_LITERAL_MASK,
  SCAN_LITERAL_REST,
  SCAN_LITERAL_TEXT,
} from '../layout.gen.ts';
import { isLetter } from './literal-set.ts';

/** A literal, folded where case does not count, and its number among those given. */
export interface Entry {
  readonly bytes: Uint8Array;
  readonly index: number;
}

export const fromEnd = (bytes: Uint8Array, back: number): number | undefined => bytes[bytes.length - 1 - back];

/** The bit that a byte's upper and lower case differ in; 0 where it has none or case counts. */
export type FoldOf = (byte: number) => number;

export const foldBits =
  (ignoreCase: boolean): FoldOf =>
  (byte) =>
    ignoreCase && isLetter(byte) ? 0x20 : 0;

/** Bytes of what literals have beyond their last 16. */
export const restBytes = (entries: readonly Entry[]): number =>
  entries.reduce((sum, { bytes }) => sum + 2 * Math.max(0, bytes.length - 16), 0);

/** Writes the records that `assembly/scan/literal-records.ts` draws, in the order given. */
export function writeLiterals(memory: ArrayBuffer, at: number, entries: readonly Entry[], foldOf: FoldOf): void {
  const rests = at + entries.length * SCAN_LITERAL_BYTES;
  const view = new DataView(memory, at, entries.length * SCAN_LITERAL_BYTES);
  const restView = new Uint8Array(memory, rests, restBytes(entries));
  let rest = 0;
  for (const [place, { bytes, index }] of entries.entries()) {
    const record = place * SCAN_LITERAL_BYTES;
    view.setUint32(record + SCAN_LITERAL_LENGTH, bytes.length, true);
    view.setUint32(record + SCAN_LITERAL_INDEX, index, true);
    view.setUint32(record + SCAN_LITERAL_REST, rest, true);
    for (let back = 0; back < bytes.length; back++) {
      const byte = fromEnd(bytes, back) ?? 0;
      if (back < 16) {
        view.setUint8(record + SCAN_LITERAL_MASK + 15 - back, 0xff);
        view.setUint8(record + SCAN_LITERAL_FOLD + 15 - back, foldOf(byte));
        view.setUint8(record + SCAN_LITERAL_TEXT + 15 - back, byte);
      } else {
        restView[rest] = byte;
        restView[rest + 1] = foldOf(byte);
        rest += 2;
      }
    }
  }
}
