/**
 * The Internet checksum (RFC 1071). A one's-complement sum comes out the same in either byte order (§2 (B)), so all of
 * it works on words as they lie in memory, and only what leaves the module is swapped.
 */

/** The 16-bit one's-complement sum of what has piled up in `sum`. */
export function fold(sum: u64): u32 {
  sum = (sum & 0xffffffff) + (sum >> 32);
  sum = (sum & 0xffffffff) + (sum >> 32);
  let low = (<u32>sum & 0xffff) + (<u32>sum >> 16);
  low = (low & 0xffff) + (low >> 16);
  return (low & 0xffff) + (low >> 16);
}

/** What 64 bytes' worth of words, each lowered by 32768, lacks. */
const BIAS_64: u64 = 32 * 0x8000;
/** Blocks until a lane, which loses or gains at most 65536 each time, could overflow. */
const MAX_BLOCKS: u32 = 16384;

/** The sum of `length` bytes, unfolded; an odd byte counts as the first of a word. */
export function sumWords(at: usize, length: u32): u64 {
  let sum: u64 = 0;
  // One multiply-add takes eight words, but signed ones: flipping the top bit makes of x the signed x - 32768.
  const flip = i16x8.splat(<i16>0x8000);
  const ones = i16x8.splat(1);
  while (length >= 64) {
    const blocks = min<u32>(length >> 6, MAX_BLOCKS);
    length -= blocks << 6;
    let a = i32x4.splat(0);
    let b = a;
    let c = a;
    let d = a;
    for (const end = at + ((<usize>blocks) << 6); at < end; at += 64) {
      a = i32x4.add(a, i32x4.dot_i16x8_s(v128.xor(v128.load(at), flip), ones));
      b = i32x4.add(b, i32x4.dot_i16x8_s(v128.xor(v128.load(at, 16), flip), ones));
      c = i32x4.add(c, i32x4.dot_i16x8_s(v128.xor(v128.load(at, 32), flip), ones));
      d = i32x4.add(d, i32x4.dot_i16x8_s(v128.xor(v128.load(at, 48), flip), ones));
    }
    const total = i64x2.add(i64x2.add(widen(a), widen(b)), i64x2.add(widen(c), widen(d)));
    sum += <u64>i64x2.extract_lane(total, 0) + <u64>i64x2.extract_lane(total, 1) + <u64>blocks * BIAS_64;
  }
  for (; length >= 4; length -= 4, at += 4) sum += <u64>load<u32>(at);
  if (length >= 2) {
    sum += <u64>load<u16>(at);
    at += 2;
  }
  if ((length & 1) != 0) sum += <u64>load<u8>(at);
  return sum;
}

function widen(lanes: v128): v128 {
  return i64x2.add(i64x2.extend_low_i32x4_s(lanes), i64x2.extend_high_i32x4_s(lanes));
}

/** Sum of `length` bytes at `at` added to `sum`, which an earlier call gave (0 at first); all but the last are even. */
export function checksumAdd(at: usize, length: u32, sum: u32): u32 {
  return fold(sumWords(at, length) + <u64>sum);
}

/** The checksum that a sum of `checksumAdd` gives, as a number. */
export function checksumEnd(sum: u32): u32 {
  return <u32>bswap<u16>(<u16>~sum);
}

/** What replacing one word by another adds to a sum (RFC 1624, equation 3). */
export function delta(before: u32, after: u32): u32 {
  return (~before & 0xffff) + after;
}

/** Brings the checksum at `at` up to date with the deltas that have piled up. */
export function adjust(at: usize, deltas: u32): void {
  store<u16>(at, <u16>~fold(<u64>(~(<u32>load<u16>(at)) & 0xffff) + <u64>deltas));
}
