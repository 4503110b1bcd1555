/** Hits one after the other: what, start, end of each, in the order that `Scanner` promises. */
export type Found = readonly number[];

const asText = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');

/** ASCII letters only. */
const lower = (text: string): string => text.replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase());

/** Every literal by `indexOf`. */
export function literalsByIndexOf(stream: Uint8Array, literals: readonly Uint8Array[], ignoreCase: boolean): Found {
  const fold = (bytes: Uint8Array): string => (ignoreCase ? lower(asText(bytes)) : asText(bytes));
  const text = fold(stream);
  const hits: [what: number, start: number, end: number][] = [];
  for (const [what, literal] of literals.map(fold).entries()) {
    for (let at = text.indexOf(literal); at >= 0; at = text.indexOf(literal, at + 1)) {
      hits.push([what, at, at + literal.length]);
    }
  }
  return hits.toSorted((a, b) => a[2] - b[2] || a[0] - b[0]).flat();
}

/** From the last digit on, what every other one counts. */
const DOUBLED = [0, 2, 4, 6, 8, 1, 3, 5, 7, 9];

function hasCheckDigit(digits: string): boolean {
  const sum = Array.from(digits)
    .toReversed()
    .reduce((total, digit, place) => {
      const value = Number(digit);
      return total + (place % 2 === 1 ? (DOUBLED[value] ?? 0) : value);
    }, 0);
  return sum % 10 === 0;
}

/** Runs by expression, then every sequence of their groups. */
export function digitRunsByRegExp(
  stream: Uint8Array,
  options: { readonly minDigits: number; readonly maxDigits: number; readonly maxGap: number; readonly luhn: boolean },
): Found {
  const { minDigits, maxDigits, maxGap, luhn } = options;
  const runs = maxGap === 0 ? /\d+/g : new RegExp(`\\d+(?:[ -]{1,${maxGap}}\\d+)*`, 'g');
  const found: number[] = [];
  for (const run of asText(stream).matchAll(runs)) {
    const groups = [...run[0].matchAll(/\d+/g)].map((group) => ({ at: run.index + group.index, digits: group[0] }));
    for (const [last, { at, digits }] of groups.entries()) {
      let number = '';
      for (const first of groups.slice(0, last + 1).toReversed()) {
        number = first.digits + number;
        if (number.length > maxDigits) break;
        if (number.length < minDigits || (luhn && !hasCheckDigit(number))) continue;
        found.push(number.length, first.at, at + digits.length);
      }
    }
  }
  return found;
}

export function classRunsByRegExp(
  stream: Uint8Array,
  pairs: readonly (readonly [from: number, to: number])[],
  minLength: number,
): Found {
  const hex = (byte: number): string => `\\x${byte.toString(16).padStart(2, '0')}`;
  const runs = new RegExp(`[${pairs.map(([from, to]) => `${hex(from)}-${hex(to)}`).join('')}]{${minLength},}`, 'g');
  return [...asText(stream).matchAll(runs)].flatMap((run) => [0, run.index, run.index + run[0].length]);
}
