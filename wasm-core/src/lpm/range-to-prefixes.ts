import { CoreError } from '../errors.ts';

const END = 1n << 128n;

/**
 * The fewest prefixes that cover exactly `from` to `to`, both included, in ascending order: at most 254. On the 128-bit
 * line, IPv4 as ::ffff:0:0/96. Throws `CW_CORE_PREFIX`.
 */
export function rangeToPrefixes(from: bigint, to: bigint): { base: bigint; bits: number }[] {
  if (from < 0n || to < from || to >= END) throw new CoreError('CW_CORE_PREFIX', 'a range lies within 128 bits');
  const prefixes: { base: bigint; bits: number }[] = [];
  let base = from;
  while (base <= to) {
    // The largest block that may begin here and does not pass the end.
    let size = base === 0n ? END : base & -base;
    while (base + size - 1n > to) size >>= 1n;
    prefixes.push({ base, bits: 129 - size.toString(2).length });
    base += size;
  }
  return prefixes;
}
