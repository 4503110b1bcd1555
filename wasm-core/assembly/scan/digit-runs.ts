import { alloc } from '../arena';
import { addHit, beginHits, count, hasRoom, hitCount, input, position, setPosition, streamComplete } from './stream';

/**
 * Numbers written as groups of digits with short gaps of spaces and dashes between: whole groups, `least` to `most`
 * digits together, with a right check digit (Luhn, ISO/IEC 7812-1 Annex B) where asked. Known when the last group has
 * ended.
 *
 *     idle --digit--> group --space or dash--> gap --digit--> group
 *       ^--- anything else, or a gap too long ---|
 *
 * Text is skipped 64 bytes at a time as masks, one bit a byte, while idle; the machine sees only runs of characters
 * that hold enough digits. A run that reaches the end of the 64 is looked at again from its start.
 *
 * groups  16 B × 32, a ring: {start i32, digits before u32, sum with even places doubled u32, with odd ones u32}
 */
const GROUPS: u32 = 32;
const MIN_ROOM: u32 = 32;

let least: u32 = 0;
let most: u32 = 0;
let maxGap: u32 = 0;
let luhn: bool = false;
let widen: u64 = 0;

let groups: usize = 0;
let groupCount: u32 = 0;
let inGroup: bool = false;
let gap: u32 = 0;
let digits: u32 = 0;
let even: u32 = 0;
let odd: u32 = 0;

export function digitsReserve(minDigits: u32, maxDigits: u32, gapBytes: u32, check: u32): usize {
  groups = alloc(<usize>GROUPS * 16);
  least = minDigits;
  most = maxDigits;
  maxGap = gapBytes;
  luhn = check != 0;
  widen = <u64>min<u32>(minDigits - 8, 8);
  digitsReset();
  return groups;
}

export function digitsReset(): void {
  inGroup = false;
  endRun();
}

function endRun(): void {
  groupCount = 0;
  digits = 0;
  even = 0;
  odd = 0;
  gap = 0;
}

function groupAt(index: u32): usize {
  return groups + ((<usize>(index & (GROUPS - 1))) << 4);
}

/** The group that ended before `end` may be the last of a number: tries the groups it may begin with, nearest first. */
function closeGroup(end: i32): void {
  inGroup = false;
  const oldest = groupCount > GROUPS ? groupCount - GROUPS : 0;
  for (let i = groupCount; i > oldest; i--) {
    const group = groupAt(i - 1);
    const length = digits - load<u32>(group, 4);
    if (length > most) break;
    if (length < least) continue;
    // The last digit counts once, so those in places of the other parity count twice.
    const sum = (digits & 1) == 1 ? odd - load<u32>(group, 12) : even - load<u32>(group, 8);
    if (luhn && sum % 10 != 0) continue;
    const start = load<i32>(group);
    addHit(length, end, <u32>(end - start));
  }
}

function takeDigit(value: u32, at: i32): void {
  if (!inGroup) {
    const group = groupAt(groupCount++);
    store<i32>(group, at);
    store<u32>(group, digits, 4);
    store<u32>(group, even, 8);
    store<u32>(group, odd, 12);
    inGroup = true;
    gap = 0;
  }
  const doubled = value > 4 ? 2 * value - 9 : 2 * value;
  const place = digits & 1;
  even += place == 0 ? doubled : value;
  odd += place == 0 ? value : doubled;
  digits++;
}

/** The machine from `at` until it is idle again. @returns where it stopped, -1 - that for want of room */
function follow(at: i32, bytes: i32): i32 {
  const base = input();
  for (; at < bytes; at++) {
    const byte = <u32>load<u8>(base + <usize>at);
    const value = byte - 48;
    if (value < 10) {
      takeDigit(value, at);
      continue;
    }
    if (inGroup) {
      if (!hasRoom(MIN_ROOM)) return -1 - at;
      closeGroup(at);
    }
    if ((byte == 32 || byte == 45) && ++gap <= maxGap) continue;
    endRun();
    return at + 1;
  }
  return at;
}

function digitMask(text: v128): u64 {
  return <u64>i8x16.bitmask(i8x16.lt_u(i8x16.sub(text, i8x16.splat(48)), i8x16.splat(10)));
}

function gapMask(text: v128): u64 {
  return <u64>i8x16.bitmask(v128.or(i8x16.eq(text, i8x16.splat(32)), i8x16.eq(text, i8x16.splat(45))));
}

/** Whether the `length` digits before `end`, 32 at the most, have a right check digit. */
function luhnHolds(end: usize, length: u32): bool {
  const places = i8x16(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  const zero = i8x16.splat(48);
  const head = v128.and(i8x16.sub(v128.load(end - 32), zero), i8x16.ge_s(places, i8x16.splat(<i8>(32 - <i32>length))));
  const tail = v128.and(i8x16.sub(v128.load(end - 16), zero), i8x16.ge_s(places, i8x16.splat(<i8>(16 - <i32>length))));
  const counted = i8x16.add(weighed(head), weighed(tail));
  const sums = i32x4.extadd_pairwise_i16x8_u(i16x8.extadd_pairwise_i8x16_u(counted));
  const sum =
    i32x4.extract_lane(sums, 0) +
    i32x4.extract_lane(sums, 1) +
    i32x4.extract_lane(sums, 2) +
    i32x4.extract_lane(sums, 3);
  return sum % 10 == 0;
}

/** Digits of which every other one, not the last, counts twice. */
function weighed(digits: v128): v128 {
  const doubled = i8x16.add(digits, v128.and(digits, i16x8.splat(0x00ff)));
  return i8x16.sub(doubled, v128.and(i8x16.gt_u(doubled, i8x16.splat(9)), i8x16.splat(9)));
}

/** The next run of characters from `at` with enough digits, or that reaches the last 64 bytes. */
function skip(at: i32, bytes: i32): i32 {
  const base = input();
  while (at + 64 <= bytes) {
    const p = base + <usize>at;
    const a = v128.load(p);
    const b = v128.load(p, 16);
    const c = v128.load(p, 32);
    const d = v128.load(p, 48);
    const ones = digitMask(a) | (digitMask(b) << 16) | (digitMask(c) << 32) | (digitMask(d) << 48);
    if (ones == 0) {
      at += 64;
      continue;
    }
    let run = ones;
    if (maxGap != 0) {
      const gaps = gapMask(a) | (gapMask(b) << 16) | (gapMask(c) << 32) | (gapMask(d) << 48);
      let left = gaps & (ones << 1);
      let right = gaps & ((ones >> 1) | 0x8000000000000000);
      for (let i: u32 = 1; i < maxGap; i++) {
        left |= gaps & (left << 1);
        right |= gaps & ((right >> 1) | 0x8000000000000000);
      }
      run |= left & right;
    }
    // What is open at the end is looked at again with what follows it, unless it fills all 64.
    const open = <i32>clz<u64>(~run);
    if (open == 64) return at;
    let long = run & (run >> 1);
    long &= long >> 2;
    long &= long >> 4;
    long &= long >> widen;
    while (long != 0) {
      const start = ctz<u64>(long);
      const length = ctz<u64>(~(run >> start));
      if (start + length >= 64) break;
      const within = (((<u64>1) << length) - 1) << start;
      const held = <u32>popcnt<u64>(ones & within);
      // A group that stands alone is judged here, so that the machine sees it only when it is a number.
      const alone = <u64>held == length;
      if (held >= least && !(alone && (held > most || (luhn && !luhnHolds(p + <usize>(start + length), held))))) {
        return at + <i32>start;
      }
      long &= ~within;
    }
    at += 64 - open;
  }
  return at;
}

export function digitsRun(): u32 {
  beginHits();
  const bytes = count();
  let at = position();
  while (at < bytes) {
    if (!inGroup && groupCount == 0) at = skip(at, bytes);
    const stopped = follow(at, bytes);
    if (stopped < 0) {
      setPosition(-1 - stopped);
      return hitCount();
    }
    at = stopped;
  }
  const oldest = groupCount > GROUPS ? groupCount - GROUPS : 0;
  for (let i = oldest; i < groupCount; i++) store<i32>(groupAt(i), load<i32>(groupAt(i)) - bytes);
  streamComplete();
  return hitCount();
}

/** The stream has ended. */
export function digitsFinish(): u32 {
  beginHits();
  if (inGroup) closeGroup(0);
  digitsReset();
  return hitCount();
}
