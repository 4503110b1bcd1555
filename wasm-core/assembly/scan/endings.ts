import { alloc } from '../arena';
import {
  SCAN_CLASS_BYTES,
  SCAN_ENDING_BEHIND,
  SCAN_ENDING_BYTES,
  SCAN_ENDING_FIRST,
  SCAN_ENDING_KEY,
  SCAN_FOLD,
  SCAN_HASH_HIGH,
  SCAN_HASH_LOW,
} from '../layout.gen';
import { members } from './byte-class';
import { compareLiterals, literalBytes, setLiterals } from './literal-records';
import { beginHits, count, hasRoom, hitCount, input, position, setPosition, streamComplete } from './stream';

/**
 * Literals of four bytes and more by their endings, in three steps, each of which lets little through to the next.
 *
 * 1. A literal ends only where the last `run` bytes are of the class that the literals' ends are made of: masks of 64
 *    bytes at a time, as one folded range where that says it, else by table.
 * 2. Of the places left, one is looked at for each `stride` of them: a bit is set for the hash of everything that the
 *    text may have there if a literal ends there or up to `stride - 1` bytes behind, as six bytes, and as four for
 *    literals that are too short for that.
 * 3. The last six and four bytes of each of those places are looked up among those of the literals, which are compared
 *    whole.
 *
 *     class    48 B            SCAN_CLASS_*, or as a range: bits to set, what makes the first the lowest signed byte, the
 *                              first behind it; 16 times each
 *     filter   2^bits / 8 B    by the upper bits of the hash
 *     endings  16 B × 2^slots  SCAN_ENDING_*, by the upper bits of the hash of the key, or the next place that is free
 *     literals, rests          see `literal-records.ts`
 *
 * Endings are folded by SCAN_FOLD, which lets more through than it should; only the comparison of the whole decides.
 */
const FOLD: u64 = ((<u64>SCAN_FOLD) << 32) | <u64>SCAN_FOLD;
const HASH: u64 = ((<u64>SCAN_HASH_HIGH) << 32) | <u64>SCAN_HASH_LOW;

let byteClass: usize = 0;
let filter: usize = 0;
let endings: usize = 0;
let filterShift: u64 = 0;
let endingShift: u64 = 0;
let endingMask: u32 = 0;
let stride: u32 = 0;
/** Whether there are literals of which four bytes are looked at. */
let short: bool = false;
/** Bytes of the class that a literal ends with: 4 to 8; 0 where the class says nothing. */
let run: u32 = 0;
let ranged: bool = false;
let total: u32 = 0;

/** @returns where JavaScript writes class, filter, endings, literals and rests one after the other; 0 where memory ends. */
export function endingsReserve(
  literalCount: u32,
  restBytes: u32,
  filterBits: u32,
  slotBits: u32,
  places: u32,
  haveShort: u32,
  classRun: u32,
  isRange: u32,
): usize {
  const filterBytes = (<usize>1) << (filterBits - 3);
  const endingBytes = SCAN_ENDING_BYTES << slotBits;
  byteClass = alloc(SCAN_CLASS_BYTES + filterBytes + endingBytes + literalBytes(literalCount, restBytes));
  if (byteClass == 0) return 0;
  filter = byteClass + SCAN_CLASS_BYTES;
  endings = filter + filterBytes;
  setLiterals(endings + endingBytes, literalCount);
  filterShift = <u64>(64 - filterBits);
  endingShift = <u64>(64 - slotBits);
  endingMask = ((<u32>1) << slotBits) - 1;
  stride = places;
  short = haveShort != 0;
  run = classRun;
  ranged = isRange != 0;
  total = literalCount;
  return byteClass;
}

/** Adds the literals with this ending that end with byte `at` of the chunk. */
function confirm(key: u64, at: i32): void {
  let slot = <u32>((key * HASH) >> endingShift);
  for (;;) {
    const ending = endings + <usize>slot * SCAN_ENDING_BYTES;
    const behind = load<u32>(ending, SCAN_ENDING_BEHIND);
    if (behind == 0) return;
    if (load<u64>(ending, SCAN_ENDING_KEY) == key) {
      compareLiterals(load<u32>(ending, SCAN_ENDING_FIRST), behind, at);
      return;
    }
    slot = (slot + 1) & endingMask;
  }
}

/** The last eight bytes where `at` is the last. Six are this without the lowest two, four without the lowest four. */
function endingAt(at: usize): u64 {
  return load<u64>(at - 7) | FOLD;
}

function passes(bits: usize, key: u64, shift: u64): u32 {
  const hash = (key * HASH) >> shift;
  return (<u32>load<u8>(bits + <usize>(hash >> 3)) >> <u32>(hash & 7)) & 1;
}

/** Steps 2 and 3 at the places set in `ends`, bit 0 being byte `at`. @returns where it stopped for want of room, or -1 */
function examine(ends: u64, at: i32): i32 {
  const text = input() + <usize>at;
  const bits = filter;
  const shift = filterShift;
  const places = ((<u64>1) << (<u64>stride)) - 1;
  const four = short;
  while (ends != 0) {
    const bit = ctz<u64>(ends);
    const ending = endingAt(text + <usize>bit);
    const near = places << bit;
    let found = passes(bits, ending >> 16, shift);
    if (four) found |= passes(bits, ending >> 32, shift);
    if (found != 0) {
      for (let candidates = ends & near; candidates != 0; candidates &= candidates - 1) {
        const place = at + <i32>ctz<u64>(candidates);
        if (!hasRoom(total)) return place;
        const key = endingAt(input() + <usize>place);
        confirm(key >> 16, place);
        if (four) confirm(key >> 32, place);
      }
    }
    ends &= ~near;
  }
  return -1;
}

function inRange(text: v128, fold: v128, lowest: v128, behind: v128): v128 {
  return i8x16.lt_s(i8x16.sub(v128.or(text, fold), lowest), behind);
}

function bitsOf(bytes: v128): u64 {
  return <u64>(<u32>i8x16.bitmask(bytes));
}

export function endingsRun(): u32 {
  beginHits();
  const bytes = count();
  const base = input();
  const first = v128.load(byteClass);
  const second = v128.load(byteClass, 16);
  const third = v128.load(byteClass, 32);
  const filtered = run != 0;
  const byRange = ranged;
  const further = run - 4;
  const furtherOpen = ((<u64>1) << (<u64>further)) - 1;
  // Of a run that may go on from before, as many bytes as it takes are taken for granted.
  let before: u64 = u64.MAX_VALUE;
  let at = position();
  for (; at < bytes; at += 64) {
    const p = base + <usize>at;
    let ends: u64 = u64.MAX_VALUE;
    if (filtered) {
      if (byRange) {
        const a = inRange(v128.load(p), first, second, third);
        const b = inRange(v128.load(p, 16), first, second, third);
        const c = inRange(v128.load(p, 32), first, second, third);
        const d = inRange(v128.load(p, 48), first, second, third);
        if (!v128.any_true(v128.or(v128.or(a, b), v128.or(c, d)))) {
          before = 0;
          continue;
        }
        ends = bitsOf(a) | (bitsOf(b) << 16) | (bitsOf(c) << 32) | (bitsOf(d) << 48);
      } else {
        ends = members(p, first, second, third);
      }
      const class1 = ends;
      const class2 = class1 & ((class1 << 1) | (before & 1));
      const class4 = class2 & ((class2 << 2) | (before & 3));
      ends = class4 & ((class4 << (<u64>further)) | (before & furtherOpen));
      before = <u64>(<i64>class1 >> 63);
    }
    if (ends == 0) continue;
    if (bytes - at < 64) ends &= ((<u64>1) << (<u64>(bytes - at))) - 1;
    const stopped = examine(ends, at);
    if (stopped >= 0) {
      setPosition(stopped);
      return hitCount();
    }
  }
  streamComplete();
  return hitCount();
}
