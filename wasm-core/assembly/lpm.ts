import { alloc } from './arena';
import { LPM_BATCH_BYTES, LPM_BATCH_V4 } from './layout.gen';
import {
  BLOCK,
  BLOCK_ENTRY,
  BLOCK_FIRST,
  INTERVAL_MASK,
  base,
  blocks,
  blockShift,
  buildIndex,
  entries,
  outside,
  slotShift,
  stepsOf,
} from './lpm-index';
import { sortPrefixes, sweep4, sweep6 } from './lpm-intervals';

/**
 * Longest-prefix match by a table over the line (lpm-index.ts) and the sorted intervals behind it (lpm-intervals.ts),
 * for each family its own.
 *
 *     arena     | records, order | starts, values, entries, blocks of IPv4 | the same of IPv6 | batch | pending |
 *     starts    4 B × m          u32; of IPv6 16 B × m, {high u64, low u64}
 *     values    4 B × m          i32, -1 where no prefix covers
 *     batch     64 KiB           addresses, 4 or 16 bytes each in network order, written by JavaScript
 *     answers   64 KiB           i32 each
 *     pending   4 B × LANES      where the answers of addresses are whose slot is cut
 *
 * A batch goes LANES addresses at a time, in passes that do one thing for all of them: find where the entry is, load it,
 * search where the slot is cut. No pass waits for what the one before it loaded or branches on it, so that the processor
 * has many loads under way at once: WebAssembly has no prefetch.
 */
const V4_PREFIX: u64 = 0xffff;
const LANES: usize = 1024;
const ANSWERS: usize = <usize>LPM_BATCH_BYTES;

let base4: u64 = 0;
let blockShift4: u64 = 0;
let slotShift4: u64 = 0;
let outside4: u64 = 0;
let blocks4: usize = 0;
let entries4: usize = 0;
let starts4: usize = 0;
let values4: usize = 0;
let last4: usize = 0;

let base6: u64 = 0;
let blockShift6: u64 = 0;
let slotShift6: u64 = 0;
let outside6: u64 = 0;
let blocks6: usize = 0;
let entries6: usize = 0;
let starts6: usize = 0;
let values6: usize = 0;
let last6: usize = 0;

let batch: usize = 0;
let pending: usize = 0;

function build4(): bool {
  const count = sweep4(0, 0);
  starts4 = alloc(count << 2);
  values4 = alloc(count << 2);
  if (starts4 == 0 || values4 == 0) return false;
  sweep4(starts4, values4);
  last4 = count - 1;
  if (!buildIndex(count, starts4, false, values4)) return false;
  base4 = base;
  blockShift4 = blockShift;
  slotShift4 = slotShift;
  outside4 = outside;
  blocks4 = blocks;
  entries4 = entries;
  return true;
}

function build6(n: u32): bool {
  const count = sweep6(n, 0, 0);
  starts6 = alloc(count << 4);
  values6 = alloc(count << 2);
  if (starts6 == 0 || values6 == 0) return false;
  sweep6(n, starts6, values6);
  last6 = count - 1;
  if (!buildIndex(count, starts6, true, values6)) return false;
  base6 = base;
  blockShift6 = blockShift;
  slotShift6 = slotShift;
  outside6 = outside;
  blocks6 = blocks;
  entries6 = entries;
  return true;
}

/** Sorts and builds from the `n` records at `lpmReserve`'s address, whose host bits are zero. @returns 0, or 2 when memory is exhausted */
export function lpmBuild(n: u32): i32 {
  sortPrefixes(n);
  return build4() && build6(n) ? 0 : 2;
}

/** @returns where batches are, their answers LPM_BATCH_BYTES behind it; 0 when memory is exhausted */
export function lpmReserveBatch(): usize {
  batch = alloc(ANSWERS + ((<usize>LPM_BATCH_V4) << 2));
  pending = alloc(LANES << 2);
  return pending == 0 ? 0 : batch;
}

/** Where the entry for an address is. An address before `start` is so far behind it that it lies outside too. */
function entryAt(address: u64, start: u64, shift: u64, slot: u64, most: u64, table: usize, list: usize): usize {
  const distance = address - start;
  const block = table + <usize>min<u64>(distance >> shift, most) * BLOCK;
  // The bits up to the slot's, by shifting out those behind it; of a count to shift by, six bits are used.
  const runs = <usize>popcnt<u64>(load<u64>(block) << ~(distance >> slot));
  const further = list + ((<usize>load<u32>(block, BLOCK_FIRST) + runs) << 2);
  return select<usize>(further, block + BLOCK_ENTRY, runs != 0);
}

function isCut(entry: i32): bool {
  return entry < -1;
}

/** The value of that interval which has the address, of those that an entry names. */
function search4(entry: i32, address: u32): i32 {
  let at = <usize>(<u32>entry & INTERVAL_MASK);
  for (let step = ((<usize>1) << (<usize>stepsOf(entry))) >> 1; step > 0; step >>= 1) {
    const probe = min<usize>(at + step, last4);
    at = load<u32>(starts4 + (probe << 2)) <= address ? probe : at;
  }
  return load<i32>(values4 + (at << 2));
}

function search6(entry: i32, high: u64, low: u64): i32 {
  let at = <usize>(<u32>entry & INTERVAL_MASK);
  for (let step = ((<usize>1) << (<usize>stepsOf(entry))) >> 1; step > 0; step >>= 1) {
    const probe = min<usize>(at + step, last6);
    at = startsBy(starts6 + (probe << 4), high, low) ? probe : at;
  }
  return load<i32>(values6 + (at << 2));
}

/** Whether an interval starts at or before the address, without a branch on it. */
function startsBy(start: usize, high: u64, low: u64): bool {
  const startHigh = load<u64>(start);
  return <bool>(<i32>(startHigh < high) | (<i32>(startHigh == high) & <i32>(load<u64>(start, 8) <= low)));
}

/** The value for an IPv4 address, -1 where no prefix covers it. */
export function lpmLookup4(address: u32): i32 {
  const entry = load<i32>(entryAt(<u64>address, base4, blockShift4, slotShift4, outside4, blocks4, entries4));
  return isCut(entry) ? search4(entry, address) : entry;
}

/** The value for an IPv6 address as four u32 in network order, -1 where no prefix covers it. */
export function lpmLookup6(a: u32, b: u32, c: u32, d: u32): i32 {
  const high = ((<u64>a) << 32) | <u64>b,
    low = ((<u64>c) << 32) | <u64>d;
  const entry = load<i32>(entryAt(high, base6, blockShift6, slotShift6, outside6, blocks6, entries6));
  return isCut(entry) ? search6(entry, high, low) : entry;
}

/** Replaces pointers to entries by the entries. @returns the end of the list of those that are cut */
function loadEntries(from: usize, to: usize): usize {
  let cut = pending;
  for (let answer = from; answer < to; answer += 4) {
    const entry = load<i32>(<usize>load<u32>(answer));
    store<i32>(answer, entry);
    store<u32>(cut, <u32>answer);
    cut += (<usize>isCut(entry)) << 2;
  }
  return cut;
}

/** Answers the first `count` IPv4 addresses of the batch. */
export function lpmBatch4(count: u32): void {
  const end = batch + ((<usize>count) << 2);
  for (let from = batch; from < end; from += LANES << 2) {
    const to = min<usize>(from + (LANES << 2), end);
    locate4(from, to);
    const cut = loadEntries(from + ANSWERS, to + ANSWERS);
    for (let lane = pending; lane < cut; lane += 4) {
      const answer = <usize>load<u32>(lane);
      store<i32>(answer, search4(load<i32>(answer), bswap<u32>(load<u32>(answer - ANSWERS))));
    }
  }
}

/** Four at a time, so up to three behind `to`: there is room, and nobody looks. */
function locate4(from: usize, to: usize): void {
  const start = base4,
    shift = blockShift4,
    slot = slotShift4,
    most = outside4,
    table = blocks4,
    list = entries4;
  for (let at = from; at < to; at += 16) {
    const bytes = v128.load(at);
    const four = v128.shuffle<u8>(bytes, bytes, 3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12);
    const a = <u64>(<u32>v128.extract_lane<i32>(four, 0)),
      b = <u64>(<u32>v128.extract_lane<i32>(four, 1)),
      c = <u64>(<u32>v128.extract_lane<i32>(four, 2)),
      d = <u64>(<u32>v128.extract_lane<i32>(four, 3));
    store<u32>(at, <u32>entryAt(a, start, shift, slot, most, table, list), ANSWERS);
    store<u32>(at, <u32>entryAt(b, start, shift, slot, most, table, list), ANSWERS + 4);
    store<u32>(at, <u32>entryAt(c, start, shift, slot, most, table, list), ANSWERS + 8);
    store<u32>(at, <u32>entryAt(d, start, shift, slot, most, table, list), ANSWERS + 12);
  }
}

/** Answers the first `count` IPv6 addresses of the batch. An IPv4-mapped one is the IPv4 address. */
export function lpmBatch6(count: u32): void {
  const answers = batch + ANSWERS;
  for (let from: usize = 0; from < <usize>count; from += LANES) {
    const to = min<usize>(from + LANES, <usize>count);
    const mapped = locate6(batch + (from << 4), batch + (to << 4), answers + (from << 2));
    searchLanes6(loadEntries(answers + (from << 2), answers + (to << 2)));
    if (mapped) answerMapped(from, to);
  }
}

/** @returns whether there are IPv4-mapped addresses */
function locate6(from: usize, to: usize, answers: usize): bool {
  const start = base6,
    shift = blockShift6,
    slot = slotShift6,
    most = outside6,
    table = blocks6,
    list = entries6;
  let mapped: i32 = 0;
  for (let at = from; at < to; at += 16, answers += 4) {
    const words = ourOrder(v128.load(at));
    const high = <u64>v128.extract_lane<i64>(words, 0);
    mapped |= <i32>isMapped(high, <u64>v128.extract_lane<i64>(words, 1));
    store<u32>(answers, <u32>entryAt(high, start, shift, slot, most, table, list));
  }
  return mapped != 0;
}

function isMapped(high: u64, low: u64): bool {
  return (high | ((low >> 32) ^ V4_PREFIX)) == 0;
}

/** Those whose answers are listed in [pending, end); four at a time in as many steps as the longest of them needs. */
function searchLanes6(end: usize): void {
  const starts = starts6,
    values = values6,
    last = last6,
    first = batch;
  let lane = pending;
  for (; lane + 16 <= end; lane += 16) {
    const to0 = <usize>load<u32>(lane),
      to1 = <usize>load<u32>(lane, 4),
      to2 = <usize>load<u32>(lane, 8),
      to3 = <usize>load<u32>(lane, 12);
    const a = addressOf(to0, first),
      b = addressOf(to1, first),
      c = addressOf(to2, first),
      d = addressOf(to3, first);
    const entryA = load<u32>(to0),
      entryB = load<u32>(to1),
      entryC = load<u32>(to2),
      entryD = load<u32>(to3);
    let atA = <usize>(entryA & INTERVAL_MASK),
      atB = <usize>(entryB & INTERVAL_MASK),
      atC = <usize>(entryC & INTERVAL_MASK),
      atD = <usize>(entryD & INTERVAL_MASK);
    // The steps are the highest bits of an entry; what is behind a lane's own intervals starts behind its address.
    const longest = max<u32>(max<u32>(entryA, entryB), max<u32>(entryC, entryD));
    for (let step = ((<usize>1) << (<usize>stepsOf(<i32>longest))) >> 1; step > 0; step >>= 1) {
      atA = stepTo(atA, step, last, starts, a);
      atB = stepTo(atB, step, last, starts, b);
      atC = stepTo(atC, step, last, starts, c);
      atD = stepTo(atD, step, last, starts, d);
    }
    store<i32>(to0, load<i32>(values + (atA << 2)));
    store<i32>(to1, load<i32>(values + (atB << 2)));
    store<i32>(to2, load<i32>(values + (atC << 2)));
    store<i32>(to3, load<i32>(values + (atD << 2)));
  }
  for (; lane < end; lane += 4) {
    const answer = <usize>load<u32>(lane);
    const words = addressOf(answer, first);
    const high = <u64>v128.extract_lane<i64>(words, 0),
      low = <u64>v128.extract_lane<i64>(words, 1);
    store<i32>(answer, search6(load<i32>(answer), high, low));
  }
}

/** The address to which an answer belongs. */
function addressOf(answer: usize, first: usize): v128 {
  return ourOrder(v128.load(first + ((answer - first - ANSWERS) << 2)));
}

function stepTo(at: usize, step: usize, last: usize, starts: usize, words: v128): usize {
  const probe = min<usize>(at + step, last);
  const high = <u64>v128.extract_lane<i64>(words, 0),
    low = <u64>v128.extract_lane<i64>(words, 1);
  return select<usize>(probe, at, startsBy(starts + (probe << 4), high, low));
}

function answerMapped(from: usize, to: usize): void {
  for (let i = from; i < to; i++) {
    const words = ourOrder(v128.load(batch + (i << 4)));
    const low = <u64>v128.extract_lane<i64>(words, 1);
    if (isMapped(<u64>v128.extract_lane<i64>(words, 0), low))
      store<i32>(batch + ANSWERS + (i << 2), lpmLookup4(<u32>low));
  }
}

/** 16 bytes in network order as two u64. */
function ourOrder(bytes: v128): v128 {
  return v128.shuffle<u8>(bytes, bytes, 7, 6, 5, 4, 3, 2, 1, 0, 15, 14, 13, 12, 11, 10, 9, 8);
}
