import { CoreError } from '../errors.ts';
import { checkWhole, readScanOptions } from './scanner.ts';
import type { ScanOptions } from './scanner.ts';

export interface LiteralOptions extends ScanOptions {
  /** ASCII letters match whatever their case; other bytes, and so other letters in UTF-8, match exactly. */
  readonly ignoreCase?: boolean;
}

const MAX_LITERALS = 8192;
const MAX_LENGTH = 255;
const MAX_BYTES = 1 << 17;

/** The bytes to look for, folded to lower case where case does not count. Throws `CW_CORE_SCAN`. */
export function readLiterals(literals: readonly (string | Uint8Array)[], options: LiteralOptions): Uint8Array[] {
  checkWhole('the number of literals', literals.length, 1, MAX_LITERALS);
  const { maxHits } = readScanOptions(options);
  if (maxHits < literals.length) {
    throw new CoreError('CW_CORE_SCAN', `maxHits is ${maxHits}, but all ${literals.length} literals may end at once`);
  }
  const encoder = new TextEncoder();
  const folded = literals.map((literal) => {
    const bytes = typeof literal === 'string' ? encoder.encode(literal) : Uint8Array.from(literal);
    checkWhole('the length of a literal', bytes.length, 1, MAX_LENGTH);
    return options.ignoreCase === true ? bytes.map(foldByte) : bytes;
  });
  const total = folded.reduce((sum, bytes) => sum + bytes.length, 0);
  checkWhole('the length of all literals', total, 1, MAX_BYTES);
  return folded;
}

export const isLetter = (byte: number): boolean => (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a;

/** ASCII lower case. */
export const foldByte = (byte: number): number => (isLetter(byte) ? byte | 0x20 : byte);
