/**
 * The Internet checksum (RFC 1071). A one's-complement sum comes out the same in either byte order (§2 (B)), so all of
 * it works on words as they lie in memory, and only what leaves the module is swapped.
 */

/** The 16-bit one's-complement sum of what has piled up in `sum`. */
export function fold(sum: u64): u32 {
  // Both halves added to themselves the other way round: the upper one gets the carry of the lower one.
  const words = <u32>((sum + rotl<u64>(sum, 32)) >> 32);
  return (words + rotl<u32>(words, 16)) >> 16;
}

/** What `sumBlocks` adds up at once: 1638 are the most that its estimate bears. */
const MAX_BLOCKS: u32 = 1024;

function lanes(pair: v128): u64 {
  return <u64>i64x2.extract_lane(pair, 0) + <u64>i64x2.extract_lane(pair, 1);
}

function halves(word: u64): u64 {
  return (word & 0xffffffff) + (word >> 32);
}

function mean(a: v128, b: v128, c: v128, d: v128): v128 {
  return i16x8.avgr_u(i16x8.avgr_u(a, b), i16x8.avgr_u(c, d));
}

/**
 * The sum of `blocks` blocks of 128 bytes, in words of 64 bits whose overflow is lost: one addition for 16 bytes. How
 * often it overflowed is told afterwards from about how large the sum must be. Its topmost 16 bits come from the mean of
 * the topmost 16 bits of eight words, which rounds up by no more than 3/2:
 *
 *     8 × mean - 12  <=  the topmost 16 bits of eight words, added up  <=  8 × mean
 *
 * What is below those 16 bits adds less than 8. A block has two such eights, so the sum is less than 8 × means + 16 ×
 * blocks and at most 40 × blocks less than that. While this is below 2^16, one number of overflows fits, no other.
 */
function sumBlocks(at: usize, blocks: u32): u64 {
  let even = i64x2.splat(0);
  let odd = even;
  let means = even;
  for (const end = at + ((<usize>blocks) << 7); at < end; at += 128) {
    const a = v128.load(at);
    const b = v128.load(at, 16);
    const c = v128.load(at, 32);
    const d = v128.load(at, 48);
    const e = v128.load(at, 64);
    const f = v128.load(at, 80);
    const g = v128.load(at, 96);
    const h = v128.load(at, 112);
    even = i64x2.add(i64x2.add(i64x2.add(i64x2.add(even, a), c), e), g);
    odd = i64x2.add(i64x2.add(i64x2.add(i64x2.add(odd, b), d), f), h);
    means = i64x2.add(means, i64x2.shr_u(i16x8.avgr_u(mean(a, b, c, d), mean(e, f, g, h)), 48));
  }
  const sum = lanes(i64x2.add(even, odd));
  const below = (lanes(means) << 3) + ((<u64>blocks) << 4);
  // An overflow was worth 2^64, which is 1 in this arithmetic.
  return halves(sum) + ((below - (sum >> 48)) >> 16);
}

/** The sum of `length` bytes, unfolded; an odd byte counts as the first of a word. */
export function sumWords(at: usize, length: u32): u64 {
  let sum: u64 = 0;
  while (length >= 128) {
    const blocks = min<u32>(length >> 7, MAX_BLOCKS);
    sum += sumBlocks(at, blocks);
    length -= blocks << 7;
    at += (<usize>blocks) << 7;
  }
  if (length >= 32) {
    let pairs = i32x4.splat(0);
    for (; length >= 16; length -= 16, at += 16) pairs = i32x4.add(pairs, i32x4.extadd_pairwise_i16x8_u(v128.load(at)));
    sum += halves(lanes(pairs));
  }
  for (; length >= 8; length -= 8, at += 8) sum += halves(load<u64>(at));
  if ((length & 4) != 0) {
    sum += <u64>load<u32>(at);
    at += 4;
  }
  if ((length & 2) != 0) {
    sum += <u64>load<u16>(at);
    at += 2;
  }
  if ((length & 1) != 0) sum += <u64>load<u8>(at);
  return sum;
}

/** Sum of `length` bytes at `at` added to `sum`, which an earlier call gave (0 at first); all but the last are even. */
export function checksumAdd(at: usize, length: u32, sum: u32): u32 {
  return fold(sumWords(at, length) + <u64>sum);
}

/** The checksum that a sum of `checksumAdd` gives, as a number. */
export function checksumEnd(sum: u32): u32 {
  return <u32>bswap<u16>(<u16>~sum);
}

/** The checksum of `length` bytes, as a number. */
export function checksum(at: usize, length: u32): u32 {
  return checksumEnd(fold(sumWords(at, length)));
}

/** What replacing one word by another adds to a sum (RFC 1624, equation 3). */
export function delta(before: u32, after: u32): u32 {
  return (~before & 0xffff) + after;
}

/** Brings the checksum at `at` up to date with the deltas that have piled up. */
export function adjust(at: usize, deltas: u32): void {
  store<u16>(at, <u16>~fold(<u64>(~(<u32>load<u16>(at)) & 0xffff) + <u64>deltas));
}
