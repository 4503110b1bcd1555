import { alloc } from './arena';

/**
 * Which intervals an address may lie in: a table over the part of the line in which there are boundaries, cut into
 * slots, 64 of them to a block. `entries` has one entry for each run of slots that have the same.
 *
 *     line      first boundary - - - - - - - - - - - - - - - - - - - - - - - - - last boundary
 *     blocks    | 16 B: {bits u64, first u32, entry i32} … one for each 2^blockShift of the line | all outside |
 *     bits      bit i of a block: slot i has another entry than slot i - 1; `entry`: that of slot 0, `first`: where it is in
 *               the entries, so that most addresses need no line of memory but the block's
 *     entries   4 B: the value (-1 and above) of a slot that no boundary cuts, or
 *               | 1 | steps, 5 bits | interval, 26 bits |    the one in which the slot begins; of the 2^steps from there
 *                                                            on, one has the address
 *
 * So an address costs a load of its block, a population count, a load of its entry, and for a slot that is cut a binary
 * search of `steps` steps. The table has about two blocks for each boundary, 2^18 at the most (4 MiB): prefixes of a
 * full table of IPv4 as short as the 24 bits that are routed are not cut.
 */
export const BLOCK: usize = 16;
export const BLOCK_FIRST: usize = 8;
export const BLOCK_ENTRY: usize = 12;
export const INTERVAL_MASK: u32 = 0x03ffffff;
export const STEPS_SHIFT: u32 = 26;
const STEPS_MASK: u32 = 31;
const MAX_BLOCK_BITS: u32 = 18;
const SLOT_BITS: u32 = 6;

/** What was built last; the caller keeps it. */
export let base: u64 = 0;
export let blockShift: u64 = 0;
export let slotShift: u64 = 0;
/** The number of the block for what is not in the table. */
export let outside: u64 = 0;
export let blocks: usize = 0;
export let entries: usize = 0;

let entryCount: usize = 0;

export function stepsOf(entry: i32): u32 {
  return (<u32>entry >> STEPS_SHIFT) & STEPS_MASK;
}

function push(entry: i32): void {
  if (entryCount != 0 && load<i32>(entries + ((entryCount - 1) << 2)) == entry) return;
  store<i32>(entries + (entryCount << 2), entry);
  entryCount++;
}

function storeBlock(block: usize, bits: u64, first: usize): void {
  store<u64>(blocks + block * BLOCK, bits);
  store<u32>(blocks + block * BLOCK, <u32>first, BLOCK_FIRST);
  store<i32>(blocks + block * BLOCK, load<i32>(entries + (first << 2)), BLOCK_ENTRY);
}

/** Chooses the table's size for a line from `first` to `last`. */
function measure(count: usize, first: u64, last: u64): void {
  const width = <u32>(64 - clz<u64>(first ^ last));
  const wanted = min<u32>(MAX_BLOCK_BITS, <u32>(33 - clz<u32>(<u32>count)));
  const blockBits = width <= SLOT_BITS ? 0 : min<u32>(wanted, width - SLOT_BITS);
  slotShift = <u64>(width <= SLOT_BITS ? 0 : width - SLOT_BITS - blockBits);
  blockShift = slotShift + <u64>SLOT_BITS;
  base = width == 64 ? 0 : (first >> <u64>width) << (<u64>width);
  outside = ((last - base) >> blockShift) + 1;
}

/**
 * Builds the table of `count` boundaries, whose starts are a u32 or, where `wide`, two u64.
 * @returns whether there was memory
 */
export function buildIndex(count: usize, starts: usize, wide: bool, values: usize): bool {
  const lastValue = load<i32>(values + ((count - 1) << 2));
  // What lies before the first boundary and behind the last has one block: where they differ, the line begins at 0.
  const whole = count == 1 || load<i32>(values) != lastValue;
  measure(count, whole ? 0 : startOf(starts, wide, 1), startOf(starts, wide, count - 1));
  entryCount = 0;
  entries = alloc((2 * count + 2) << 2);
  blocks = alloc((<usize>outside + 1) * BLOCK);
  if (entries == 0 || blocks == 0) return false;
  // Boundaries before `next` start at or before the slot that is looked at.
  let next: usize = 1;
  for (let block: u64 = 0; block < outside; block++) {
    let bits: u64 = 0,
      blockFirst: usize = 0,
      slot: u64 = 0;
    while (slot < 64) {
      const place = (block << (<u64>SLOT_BITS)) + slot;
      if (next < count && startOf(starts, wide, next) == base + (place << slotShift) && isExact(starts, wide, next))
        next++;
      const current = next - 1;
      while (next < count && (startOf(starts, wide, next) - base) >> slotShift == place) next++;
      const inside = <u32>(next - 1 - current);
      const steps = <u32>(32 - clz<u32>(inside));
      const before = entryCount;
      push(
        inside == 0 ? load<i32>(values + (current << 2)) : <i32>(0x80000000 | (steps << STEPS_SHIFT) | <u32>current),
      );
      if (slot == 0) blockFirst = entryCount - 1;
      else if (entryCount != before) bits |= (<u64>1) << slot;
      if (inside != 0) slot++;
      else if (next == count) slot = 64;
      else slot = min<u64>(64, ((startOf(starts, wide, next) - base) >> slotShift) - (block << (<u64>SLOT_BITS)));
    }
    storeBlock(<usize>block, bits, blockFirst);
  }
  push(lastValue);
  storeBlock(<usize>outside, 0, entryCount - 1);
  return true;
}

function startOf(starts: usize, wide: bool, i: usize): u64 {
  return wide ? load<u64>(starts + (i << 4)) : <u64>load<u32>(starts + (i << 2));
}

/** Whether a boundary is where the first 64 bits say. */
function isExact(starts: usize, wide: bool, i: usize): bool {
  return !wide || load<u64>(starts + (i << 4), 8) == 0;
}
