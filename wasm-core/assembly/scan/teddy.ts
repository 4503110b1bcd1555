import { alloc } from '../arena';
import { SCAN_TEDDY_LITERALS, SCAN_TEDDY_STARTS } from '../layout.gen';
import { compareLiterals, literalBytes, setLiterals } from './literal-records';
import { beginHits, count, hasRoom, hitCount, input, position, setPosition, streamComplete } from './stream';

/**
 * Up to 64 literals by the packed comparison known as Teddy: literals lie in 8 buckets, one bit each; the last four
 * bytes of the text so far are looked up by their nibbles, and the AND of the eight answers has a bit for each bucket
 * that may end here. Then the literals of those buckets are compared whole, backwards from the end, so that nothing
 * but history is needed where a chunk ends.
 *
 *     masks     16 B × 8   for each of the four bytes, first to last: by low nibble, by high nibble
 *     starts     4 B × 9   the first literal of each bucket, and the end
 *     literals, rests      see `literal-records.ts`
 */
let masks: usize = 0;
let starts: usize = 0;
let scratch: usize = 0;
let total: u32 = 0;

/** @returns where JavaScript writes the four sections one after the other; 0 where memory ends. */
export function teddyReserve(count: u32, restBytes: u32): usize {
  masks = alloc(<usize>SCAN_TEDDY_LITERALS + literalBytes(count, restBytes));
  scratch = alloc(16);
  if (masks == 0 || scratch == 0) return 0;
  starts = masks + SCAN_TEDDY_STARTS;
  setLiterals(masks + SCAN_TEDDY_LITERALS, count);
  total = count;
  return masks;
}

function buckets(byte: usize, low: v128, high: v128): v128 {
  return v128.and(
    v128.swizzle(v128.load(masks + (byte << 5)), low),
    v128.swizzle(v128.load(masks + (byte << 5), 16), high),
  );
}

/** Compares the literals of the buckets with the text that ends with byte `at` of the chunk. */
function verify(at: i32, candidates: u32): void {
  for (; candidates != 0; candidates &= candidates - 1) {
    const bucket = starts + ((<usize>ctz<u32>(candidates)) << 2);
    compareLiterals(load<u32>(bucket), load<u32>(bucket, 4), at);
  }
}

export function teddyRun(): u32 {
  beginHits();
  const bytes = count();
  const nibble = i8x16.splat(15);
  const zero = i8x16.splat(0);
  let p = position();
  const before = v128.load(input() + <usize>p - 16);
  const lowBefore = v128.and(before, nibble);
  const highBefore = i8x16.shr_u(before, 4);
  let first = buckets(0, lowBefore, highBefore);
  let second = buckets(1, lowBefore, highBefore);
  let third = buckets(2, lowBefore, highBefore);
  for (; p < bytes; p += 16) {
    const text = v128.load(input() + <usize>p);
    const low = v128.and(text, nibble);
    const high = i8x16.shr_u(text, 4);
    const a = buckets(0, low, high);
    const b = buckets(1, low, high);
    const c = buckets(2, low, high);
    const candidates = v128.and(
      v128.and(
        buckets(3, low, high),
        v128.shuffle<u8>(third, c, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30),
      ),
      v128.and(
        v128.shuffle<u8>(second, b, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29),
        v128.shuffle<u8>(first, a, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28),
      ),
    );
    first = a;
    second = b;
    third = c;
    if (v128.any_true(candidates)) {
      let bits = ~(<u32>i8x16.bitmask(i8x16.eq(candidates, zero))) & 0xffff;
      if (bytes - p < 16) bits &= ((<u32>1) << (bytes - p)) - 1;
      v128.store(scratch, candidates);
      for (; bits != 0; bits &= bits - 1) {
        const k = <i32>ctz<u32>(bits);
        if (!hasRoom(total)) {
          setPosition(p + k);
          return hitCount();
        }
        verify(p + k, <u32>load<u8>(scratch + <usize>k));
      }
    }
  }
  streamComplete();
  return hitCount();
}
