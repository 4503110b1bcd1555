import { CoreError } from '../errors.ts';
import { checkWhole } from './scanner.ts';
import type { ScanOptions } from './scanner.ts';
import { StreamScanner } from './stream-scanner.ts';
import { reserved, wasmEngine } from './wasm-engine.ts';

export interface DigitRunOptions extends ScanOptions {
  /** 8 to 32; 13 unless given, the shortest card number. */
  readonly minDigits?: number;
  /** `minDigits` to 32; 19 unless given, the longest card number. */
  readonly maxDigits?: number;
  /** Spaces and dashes in a row that may stand between two digits, 0 to 4; 1 unless given. */
  readonly maxGap?: number;
  /** Whether the last digit must be the check digit of ISO/IEC 7812-1; true unless given. */
  readonly luhn?: boolean;
}

/** Throws `CW_CORE_SCAN`. */
export function readDigitRunOptions(options: DigitRunOptions): Required<Omit<DigitRunOptions, keyof ScanOptions>> {
  const { minDigits = 13, maxDigits = 19, maxGap = 1, luhn = true } = options;
  checkWhole('minDigits', minDigits, 8, 32);
  checkWhole('maxDigits', maxDigits, 8, 32);
  if (maxDigits < minDigits) throw new CoreError('CW_CORE_SCAN', `maxDigits is ${maxDigits}, below minDigits`);
  checkWhole('maxGap', maxGap, 0, 4);
  return { minDigits, maxDigits, maxGap, luhn };
}

/**
 * Finds numbers as people write them, card numbers unless told otherwise: one or more groups of digits with gaps of
 * spaces and dashes between. A number is whole groups: it never begins or ends within one, but more digits may stand
 * beyond a gap, so `4111 1111 1111 1111 12` has one. Every such number is given, with `what` the count of its digits;
 * those with the same end come shortest first. One that the stream ends with is given by `finish`.
 */
export class DigitRunScanner extends StreamScanner {
  /** Throws `CW_CORE_SCAN`, `CW_CORE_MEMORY`. */
  constructor(options: DigitRunOptions = {}) {
    const { minDigits, maxDigits, maxGap, luhn } = readDigitRunOptions(options);
    super(
      wasmEngine(options, (core) => {
        reserved(core.digitsReserve(minDigits, maxDigits, maxGap, luhn ? 1 : 0));
        return { run: core.digitsRun, finish: core.digitsFinish, reset: core.digitsReset };
      }),
    );
  }
}
