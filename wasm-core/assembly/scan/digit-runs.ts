import { alloc } from '../arena';
import { SCAN_GROUP_BEFORE, SCAN_GROUP_BYTES, SCAN_GROUP_EVEN, SCAN_GROUP_ODD, SCAN_GROUP_START } from '../layout.gen';
import { addHit, beginHits, count, hasRoom, hitCount, input, position, setPosition, streamComplete } from './stream';

/**
 * Numbers written as groups of digits with short gaps of spaces and dashes between: whole groups, `least` to `most`
 * digits together, with a right check digit (Luhn, ISO/IEC 7812-1 Annex B) where asked. Known when the last group has
 * ended.
 *
 *     idle --digit--> group --space or dash--> gap --digit--> group
 *       ^--- anything else, or a gap too long ---|
 *
 * Text is skipped in blocks of 64 bytes as masks, one bit a byte, while idle; of a run that is open at the end of a
 * block its length is carried into the next, so that no block waits for the one before. A run of characters with enough
 * digits is judged as a whole where it is one group; the machine sees only those of several.
 *
 * groups  16 B × 32, a ring: SCAN_GROUP_*
 */
const GROUPS: u32 = 32;
const MIN_ROOM: u32 = 32;

/**
 * Vectors that the loops need, 16 bytes each: read, so that the compiler keeps them in registers.
 *
 *     0  what makes digits the lowest signed bytes   16  the first that is none   32  spaces   48  dashes
 *    64  zeros as text   80  ones in even places   96  nines   112  nothing, then everything: from 112 + n the last n
 */
const VECTORS: usize = memory.data<u8>(
  [
    176, 176, 176, 176, 176, 176, 176, 176, 176, 176, 176, 176, 176, 176, 176, 176, 138, 138, 138, 138, 138, 138, 138,
    138, 138, 138, 138, 138, 138, 138, 138, 138, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 45, 45,
    45, 45, 45, 45, 45, 45, 45, 45, 45, 45, 45, 45, 45, 45, 48, 48, 48, 48, 48, 48, 48, 48, 48, 48, 48, 48, 48, 48, 48,
    48, 255, 0, 255, 0, 255, 0, 255, 0, 255, 0, 255, 0, 255, 0, 255, 0, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
    255, 255, 255,
  ],
  16,
);

let least: u32 = 0;
let most: u32 = 0;
let maxGap: u32 = 0;
let luhn: bool = false;

let groups: usize = 0;
let groupCount: u32 = 0;
let inGroup: bool = false;
let gap: u32 = 0;
let digits: u32 = 0;
let even: u32 = 0;
let odd: u32 = 0;

export function digitsReserve(minDigits: u32, maxDigits: u32, gapBytes: u32, check: u32): usize {
  groups = alloc(<usize>GROUPS * SCAN_GROUP_BYTES);
  least = minDigits;
  most = maxDigits;
  maxGap = gapBytes;
  luhn = check != 0;
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
  return groups + <usize>(index & (GROUPS - 1)) * SCAN_GROUP_BYTES;
}

/** The group that ended before `end` may be the last of a number: tries the groups it may begin with, nearest first. */
function closeGroup(end: i32): void {
  inGroup = false;
  const oldest = groupCount > GROUPS ? groupCount - GROUPS : 0;
  for (let i = groupCount; i > oldest; i--) {
    const group = groupAt(i - 1);
    const length = digits - load<u32>(group, SCAN_GROUP_BEFORE);
    if (length > most) break;
    if (length < least) continue;
    // The last digit counts once, so those in places of the other parity count twice.
    const sum = (digits & 1) == 1 ? odd - load<u32>(group, SCAN_GROUP_ODD) : even - load<u32>(group, SCAN_GROUP_EVEN);
    if (luhn && sum % 10 != 0) continue;
    const start = load<i32>(group, SCAN_GROUP_START);
    addHit(length, end, <u32>(end - start));
  }
}

function takeDigit(value: u32, at: i32): void {
  if (!inGroup) {
    const group = groupAt(groupCount++);
    store<i32>(group, at, SCAN_GROUP_START);
    store<u32>(group, digits, SCAN_GROUP_BEFORE);
    store<u32>(group, even, SCAN_GROUP_EVEN);
    store<u32>(group, odd, SCAN_GROUP_ODD);
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

function digitMask(text: v128, lowest: v128, behind: v128): u64 {
  return <u64>(<u32>i8x16.bitmask(i8x16.lt_s(i8x16.sub(text, lowest), behind)));
}

function gapMask(text: v128, space: v128, dash: v128): u64 {
  return <u64>(<u32>i8x16.bitmask(v128.or(i8x16.eq(text, space), i8x16.eq(text, dash))));
}

/** Whether the `length` digits before `end`, 32 at the most, have a right check digit. */
function luhnHolds(end: usize, length: u32): bool {
  const sums =
    length > 16 ? i16x8.add(weighed(end - 16, 16), weighed(end - 32, length - 16)) : weighed(end - 16, length);
  const halves = i64x2.extract_lane(sums, 0) + i64x2.extract_lane(sums, 1);
  return <u32>((<u64>halves * 0x0001_0001_0001_0001) >> 48) % 10 == 0;
}

/** The last `length` of 16 digits at `at` as Luhn counts them, every other one, not the last, doubled; added in pairs. */
function weighed(at: usize, length: u32): v128 {
  const digits = v128.and(i8x16.sub(v128.load(at), v128.load(VECTORS, 64)), v128.load(VECTORS + <usize>length, 112));
  const twice = i8x16.add(digits, v128.and(digits, v128.load(VECTORS, 80)));
  const nine = v128.load(VECTORS, 96);
  return i16x8.extadd_pairwise_i8x16_u(i8x16.sub(twice, v128.and(i8x16.gt_s(twice, nine), nine)));
}

/** Characters of a run, as a mask of 64 bytes: digits, and behind them gaps; one too long may pass at its beginning. */
function runMask(ones: u64, gaps: u64, openBefore: u64, digitBefore: u64): u64 {
  let run = ones | (gaps & ((ones << 1) | digitBefore));
  for (let i: u32 = 1; i < maxGap; i++) run |= gaps & ((run << 1) | openBefore);
  return run;
}

/**
 * Whole blocks of 64 bytes from `at`, where the machine is idle, as masks; runs that may hold a number are judged here
 * where they are one group, else by the machine. @returns where the machine goes on: where the run begins that is open
 * at the end of the last block; -1 - where, for want of room
 */
function skim(at: i32, bytes: i32): i32 {
  const base = input();
  const lowest = v128.load(VECTORS);
  const behind = v128.load(VECTORS, 16);
  const space = v128.load(VECTORS, 32);
  const dash = v128.load(VECTORS, 48);
  const gapsCount: u64 = maxGap == 0 ? 0 : u64.MAX_VALUE;
  const thirteen = least >= 13;
  const enough: u32 = thirteen ? 13 : 8;
  let ones: u64 = 0;
  /** Characters of the run that is open where the block begins. */
  let open: u32 = 0;
  for (; at + 64 <= bytes; at += 64) {
    const p = base + <usize>at;
    const a = v128.load(p);
    const b = v128.load(p, 16);
    const c = v128.load(p, 32);
    const d = v128.load(p, 48);
    const onesBefore = ones;
    ones =
      digitMask(a, lowest, behind) |
      (digitMask(b, lowest, behind) << 16) |
      (digitMask(c, lowest, behind) << 32) |
      (digitMask(d, lowest, behind) << 48);
    if (ones == 0 && open < enough) {
      open = 0;
      continue;
    }
    const gaps =
      (gapMask(a, space, dash) |
        (gapMask(b, space, dash) << 16) |
        (gapMask(c, space, dash) << 32) |
        (gapMask(d, space, dash) << 48)) &
      gapsCount;
    const digitBefore = onesBefore >> 63;
    const run =
      maxGap <= 1 ? ones | (gaps & ((ones << 1) | digitBefore)) : runMask(ones, gaps, <u64>(open != 0), digitBefore);
    const lead = <u32>ctz<u64>(~run);
    if (lead == 64) {
      open += 64;
      continue;
    }
    let long = run & (run << 1);
    long &= long << 2;
    long &= long << 4;
    if (thirteen) long &= long << 5;
    let stops = ((long << 1) & ~run) | ((<u64>(open + lead >= enough)) << lead);
    for (; stops != 0; stops &= stops - 1) {
      const bit = <u32>ctz<u64>(stops);
      // The bytes before the stop, the last at the top.
      const digitsBack = (ones << (<u64>(63 - bit))) << 1;
      let length = <u32>clz<u64>(~((run << (<u64>(63 - bit))) << 1));
      let held = <u32>popcnt<u64>((digitsBack >> 1) >> <u64>(63 - length));
      if (length == bit) {
        length += open;
        held += open < 64 ? <u32>popcnt<u64>((onesBefore >> 1) >> <u64>(63 - open)) : open;
      }
      if (held < least) continue;
      const end = at + <i32>bit;
      if (held == length && open < 64) {
        if (held > most || (luhn && !luhnHolds(base + <usize>end, held))) continue;
        if (!hasRoom(1)) return -1 - (end - <i32>held);
        addHit(held, end, held);
        continue;
      }
      for (let from = end - <i32>length; from < end;) {
        from = follow(from, end + 1);
        if (from < 0) return from;
      }
    }
    open = <u32>clz<u64>(~run);
  }
  return at - <i32>open;
}

export function digitsRun(): u32 {
  beginHits();
  const bytes = count();
  let at = position();
  while (at < bytes) {
    if (!inGroup && groupCount == 0) at = skim(at, bytes);
    if (at >= 0) at = follow(at, bytes);
    if (at < 0) {
      setPosition(-1 - at);
      return hitCount();
    }
  }
  const oldest = groupCount > GROUPS ? groupCount - GROUPS : 0;
  for (let i = oldest; i < groupCount; i++) {
    const group = groupAt(i);
    store<i32>(group, load<i32>(group, SCAN_GROUP_START) - bytes, SCAN_GROUP_START);
  }
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
