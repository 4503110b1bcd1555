import { alloc } from '../arena';
import { addHit, beginHits, count, hasRoom, hitCount, input, position, setPosition, streamComplete } from './stream';

/**
 * Runs of at least `least` bytes of one class, known when the first byte that is not of it arrives.
 *
 * table  16 B × 3   by low nibble, a bit for each high nibble: 0 to 7, then 8 to 15; and the bit of each high nibble
 */
const ROOM_PER_BLOCK: u32 = 33;

let table: usize = 0;
let least: u32 = 0;
/** Bytes of the run that is open where the examination stands. */
let open: u32 = 0;

/** @returns where JavaScript writes the table; 0 where memory ends. */
export function classReserve(minLength: u32): usize {
  table = alloc(48);
  least = minLength;
  open = 0;
  return table;
}

export function classReset(): void {
  open = 0;
}

function members(text: v128, lower: v128, upper: v128, bits: v128): u64 {
  const index = i8x16.splat(<i8>0x8f);
  // An index of 16 and more gives 0, so the top bit chooses between the tables.
  const row = v128.or(
    v128.swizzle(lower, v128.and(text, index)),
    v128.swizzle(upper, v128.and(v128.xor(text, i8x16.splat(<i8>0x80)), index)),
  );
  const bit = v128.swizzle(bits, i8x16.shr_u(text, 4));
  return <u64>i8x16.bitmask(i8x16.eq(v128.and(row, bit), i8x16.splat(0))) ^ 0xffff;
}

function lengthen(by: u32): void {
  open = open > 0xffffffff - by ? 0xffffffff : open + by;
}

function close(end: i32): void {
  if (open >= least) addHit(0, end, open);
  open = 0;
}

export function classRun(): u32 {
  beginHits();
  const bytes = count();
  const lower = v128.load(table);
  const upper = v128.load(table, 16);
  const bits = v128.load(table, 32);
  let at = position();
  while (at < bytes) {
    if (!hasRoom(ROOM_PER_BLOCK)) {
      setPosition(at);
      return hitCount();
    }
    const p = input() + <usize>at;
    const width = min<i32>(64, bytes - at);
    let mask =
      members(v128.load(p), lower, upper, bits) |
      (members(v128.load(p, 16), lower, upper, bits) << 16) |
      (members(v128.load(p, 32), lower, upper, bits) << 32) |
      (members(v128.load(p, 48), lower, upper, bits) << 48);
    let done: i32 = 0;
    if (width == 64 && mask == 0 && open == 0) {
      at += 64;
      continue;
    }
    while (done < width) {
      const ones = min<i32>(<i32>ctz<u64>(~mask), width - done);
      lengthen(<u32>ones);
      done += ones;
      if (done >= width) break;
      close(at + done);
      mask = ones == 64 ? 0 : mask >> <u64>ones;
      const zeros = min<i32>(mask == 0 ? 64 : <i32>ctz<u64>(mask), width - done);
      done += zeros;
      mask = zeros == 64 ? 0 : mask >> <u64>zeros;
    }
    at += width;
  }
  streamComplete();
  return hitCount();
}

/** The stream has ended. */
export function classFinish(): u32 {
  beginHits();
  close(0);
  return hitCount();
}
