import { readClass } from '../scan/class-run-scanner.ts';
import type { ClassRunOptions } from '../scan/class-run-scanner.ts';
import { readDigitRunOptions } from '../scan/digit-run-scanner.ts';
import type { DigitRunOptions } from '../scan/digit-run-scanner.ts';
import { foldByte, readLiterals } from '../scan/literal-set.ts';
import type { LiteralOptions } from '../scan/literal-set.ts';
import { StreamScanner } from '../scan/stream-scanner.ts';
import { naiveEngine } from './scan-engine.ts';
import type { FoundHit, NaiveScan } from './scan-engine.ts';

/** `LiteralScanner` by comparing every literal at every place. */
export class ReferenceLiteralScanner extends StreamScanner {
  constructor(literals: readonly (string | Uint8Array)[], options: LiteralOptions = {}) {
    super(naiveEngine(options, naiveLiterals(readLiterals(literals, options), options.ignoreCase === true)));
  }
}

/** `DigitRunScanner` character by character, numbers put together as text. */
export class ReferenceDigitRunScanner extends StreamScanner {
  constructor(options: DigitRunOptions = {}) {
    super(naiveEngine(options, naiveDigitRuns(readDigitRunOptions(options))));
  }
}

/** `ClassRunScanner` byte by byte. */
export class ReferenceClassRunScanner extends StreamScanner {
  constructor(options: ClassRunOptions) {
    super(naiveEngine(options, naiveClassRuns(readClass(options), options.minLength)));
  }
}

function naiveLiterals(literals: readonly Uint8Array[], ignoreCase: boolean): NaiveScan {
  const longest = Math.max(...literals.map((bytes) => bytes.length));
  let before: number[] = [];
  return {
    chunk(bytes) {
      const text = [...before, ...(ignoreCase ? bytes.map(foldByte) : bytes)];
      const found: FoundHit[] = [];
      for (let end = before.length + 1; end <= text.length; end++) {
        for (const [what, literal] of literals.entries()) {
          const start = end - literal.length;
          if (start < 0 || !literal.every((byte, i) => byte === text[start + i])) continue;
          found.push({ what, end: end - before.length, length: literal.length });
        }
      }
      before = longest > 1 ? text.slice(1 - longest) : [];
      return found;
    },
    finish: () => [],
    reset: () => void (before = []),
  };
}

/** The sum of ISO/IEC 7812-1 Annex B is a multiple of ten. */
export function luhnHolds(number: string): boolean {
  let sum = 0;
  for (let place = 0; place < number.length; place++) {
    const digit = Number(number[number.length - 1 - place]);
    const counted = place % 2 === 0 ? digit : 2 * digit;
    sum += counted > 9 ? counted - 9 : counted;
  }
  return sum % 10 === 0;
}

function naiveDigitRuns(options: ReturnType<typeof readDigitRunOptions>): NaiveScan {
  const { minDigits, maxDigits, maxGap, luhn } = options;
  let groups: { start: number; digits: string }[] = [];
  let inGroup = false;
  let gap = 0;

  const close = (end: number): FoundHit[] => {
    const found: FoundHit[] = [];
    let number = '';
    for (const { start, digits } of groups.toReversed()) {
      number = digits + number;
      if (number.length > maxDigits) break;
      if (number.length < minDigits || (luhn && !luhnHolds(number))) continue;
      found.push({ what: number.length, end, length: end - start });
    }
    inGroup = false;
    return found;
  };
  const endRun = (): void => {
    groups = [];
    gap = 0;
  };
  const digit = (char: string, at: number): void => {
    if (!inGroup) groups = [...groups.slice(-maxDigits), { start: at, digits: '' }];
    inGroup = true;
    gap = 0;
    const last = groups.at(-1);
    // One digit more than any number has is enough to know of a group that it is too long.
    if (last !== undefined && last.digits.length <= maxDigits) last.digits += char;
  };
  return {
    chunk(bytes) {
      const found: FoundHit[] = [];
      for (const [at, byte] of bytes.entries()) {
        const char = String.fromCharCode(byte);
        if (char >= '0' && char <= '9') {
          digit(char, at);
          continue;
        }
        if (inGroup) found.push(...close(at));
        gap++;
        if ((char !== ' ' && char !== '-') || gap > maxGap) endRun();
      }
      for (const group of groups) group.start -= bytes.length;
      return found;
    },
    finish() {
      const found = inGroup ? close(0) : [];
      endRun();
      return found;
    },
    reset() {
      inGroup = false;
      endRun();
    },
  };
}

function naiveClassRuns(members: Uint8Array, minLength: number): NaiveScan {
  let open = 0;
  const close = (end: number): FoundHit[] => {
    const length = Math.min(open, 0xffff_ffff);
    open = 0;
    return length >= minLength ? [{ what: 0, end, length }] : [];
  };
  return {
    chunk(bytes) {
      const found: FoundHit[] = [];
      for (const [at, byte] of bytes.entries()) {
        if (members[byte] === 1) open++;
        else found.push(...close(at));
      }
      return found;
    },
    finish: () => close(0),
    reset: () => void (open = 0),
  };
}
