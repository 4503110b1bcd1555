import { alloc } from './arena';
import { LPM_RECORD_BITS, LPM_RECORD_BYTES, LPM_RECORD_HIGH, LPM_RECORD_LOW, LPM_RECORD_VALUE } from './layout.gen';

/**
 * From prefixes to intervals, on the 128-bit line on which IPv4 is ::ffff:0:0/96 (RFC 4291 §2.5.5.2): sorted prefixes
 * are swept once with a stack of those that are open, and every change of the innermost value becomes a boundary. Each
 * family is swept alone, since a prefix that holds all of IPv4 and more means IPv6 only.
 *
 *     records  32 B × n    {high u64, low u64, bits u32, value i32, -}   written by JavaScript
 *     order     4 B × n    numbers of records, sorted; and as much again to merge into
 *     open     32 B × 129  prefixes that hold where the sweep is: {last high, last low, bits, value}; nested, distinct
 */
const V4_PREFIX: u64 = 0xffff;
const MAX_OPEN: usize = 129;

let records: usize = 0;
let order: usize = 0;
let merged: usize = 0;
let open: usize = 0;
let openCount: usize = 0;
/** IPv4 is records[first4, end4) of the order. */
let first4: usize = 0;
let end4: usize = 0;

/** The end of the line that is swept, and its last boundary so far. */
let endHigh: u64 = 0;
let endLow: u64 = 0;
let count: usize = 0;
let lastHigh: u64 = 0;
let lastLow: u64 = 0;
let lastValue: i32 = 0;

/** What a sweep writes, for each boundary a u32 (IPv4) or two u64, and its value; 0 where it only counts. */
let starts: usize = 0;
let values: usize = 0;
let isSweep4: bool = false;

/** @returns where to write `n` records; 0 when memory is exhausted. */
export function lpmReserve(n: u32): usize {
  records = alloc(<usize>n * LPM_RECORD_BYTES);
  order = alloc((<usize>n) << 2);
  merged = alloc((<usize>n) << 2);
  open = alloc(MAX_OPEN * LPM_RECORD_BYTES);
  return records == 0 || order == 0 || merged == 0 || open == 0 ? 0 : records;
}

function recordAt(place: usize): usize {
  return records + <usize>load<u32>(order + (place << 2)) * LPM_RECORD_BYTES;
}

function notAfter(i: u32, j: u32): bool {
  const a = records + <usize>i * LPM_RECORD_BYTES,
    b = records + <usize>j * LPM_RECORD_BYTES;
  const ah = load<u64>(a, LPM_RECORD_HIGH),
    bh = load<u64>(b, LPM_RECORD_HIGH);
  if (ah != bh) return ah < bh;
  const al = load<u64>(a, LPM_RECORD_LOW),
    bl = load<u64>(b, LPM_RECORD_LOW);
  if (al != bl) return al < bl;
  return load<u32>(a, LPM_RECORD_BITS) <= load<u32>(b, LPM_RECORD_BITS);
}

/** Bottom-up merge sort by start, then length; stable, so that of equal prefixes the one given last stays last. */
function sort(n: usize): void {
  for (let i: usize = 0; i < n; i++) store<u32>(order + (i << 2), <u32>i);
  for (let width: usize = 1; width < n; width <<= 1) {
    for (let left: usize = 0; left < n; left += width << 1) {
      let a = order + (left << 2),
        b = order + (min<usize>(left + width, n) << 2);
      const aEnd = b,
        bEnd = order + (min<usize>(left + (width << 1), n) << 2);
      for (let to = merged + (left << 2); a < aEnd || b < bEnd; to += 4) {
        if (b >= bEnd || (a < aEnd && notAfter(load<u32>(a), load<u32>(b)))) {
          store<u32>(to, load<u32>(a));
          a += 4;
        } else {
          store<u32>(to, load<u32>(b));
          b += 4;
        }
      }
    }
    const swap = order;
    order = merged;
    merged = swap;
  }
}

function isV4(record: usize): bool {
  return load<u64>(record, LPM_RECORD_HIGH) == 0 && load<u64>(record, LPM_RECORD_LOW) >> 32 == V4_PREFIX;
}

/** Sorts the `n` records at `lpmReserve`'s address and finds those of IPv4, which lie side by side. */
export function sortPrefixes(n: u32): void {
  sort(<usize>n);
  first4 = 0;
  while (first4 < <usize>n && !isV4(recordAt(first4))) first4++;
  end4 = first4;
  while (end4 < <usize>n && isV4(recordAt(end4))) end4++;
}

function writeLast(): void {
  if (values == 0) return;
  const at = count - 1;
  store<i32>(values + (at << 2), lastValue);
  if (isSweep4) {
    store<u32>(starts + (at << 2), <u32>lastLow);
  } else {
    store<u64>(starts + (at << 4), lastHigh);
    store<u64>(starts + (at << 4), lastLow, 8);
  }
}

function boundary(high: u64, low: u64, value: i32): void {
  if (value == lastValue) return;
  if (high != lastHigh || low != lastLow) count++;
  lastHigh = high;
  lastLow = low;
  lastValue = value;
  writeLast();
}

/** Ends the innermost open prefix: what follows it has the value of the one around it. */
function closeInnermost(): void {
  openCount--;
  const gone = open + openCount * LPM_RECORD_BYTES;
  const high = load<u64>(gone, LPM_RECORD_HIGH),
    low = load<u64>(gone, LPM_RECORD_LOW);
  if (high == endHigh && low == endLow) return;
  const value = openCount == 0 ? -1 : load<i32>(gone - LPM_RECORD_BYTES, LPM_RECORD_VALUE);
  boundary(low == u64.MAX_VALUE ? high + 1 : high, low + 1, value);
}

function endsBefore(prefix: usize, high: u64, low: u64): bool {
  const prefixHigh = load<u64>(prefix, LPM_RECORD_HIGH);
  return prefixHigh < high || (prefixHigh == high && load<u64>(prefix, LPM_RECORD_LOW) < low);
}

function sweepRecords(from: usize, to: usize): void {
  for (let i = from; i < to; i++) {
    const record = recordAt(i);
    const high = load<u64>(record, LPM_RECORD_HIGH),
      low = load<u64>(record, LPM_RECORD_LOW);
    const bits = load<u32>(record, LPM_RECORD_BITS);
    const value = load<i32>(record, LPM_RECORD_VALUE);
    while (openCount > 0 && endsBefore(open + (openCount - 1) * LPM_RECORD_BYTES, high, low)) closeInnermost();
    const top = open + openCount * LPM_RECORD_BYTES;
    if (openCount > 0 && load<u32>(top - LPM_RECORD_BYTES, LPM_RECORD_BITS) == bits) {
      // Covers this start with the same length: the same prefix again.
      store<i32>(top - LPM_RECORD_BYTES, value, LPM_RECORD_VALUE);
    } else {
      const lowMask = bits >= 128 ? 0 : bits <= 64 ? u64.MAX_VALUE : u64.MAX_VALUE >> <u64>(bits - 64);
      store<u64>(top, high | (bits >= 64 ? 0 : u64.MAX_VALUE >> <u64>bits), LPM_RECORD_HIGH);
      store<u64>(top, low | lowMask, LPM_RECORD_LOW);
      store<u32>(top, bits, LPM_RECORD_BITS);
      store<i32>(top, value, LPM_RECORD_VALUE);
      openCount++;
    }
    boundary(high, low, value);
  }
}

function startSweep(low: u64): void {
  openCount = 0;
  count = 1;
  lastHigh = 0;
  lastLow = low;
  lastValue = -1;
  writeLast();
}

/**
 * The boundaries of IPv4: u32 starts and i32 values, of which the first is at 0.0.0.0. Only counts them where
 * `toValues` is 0. @returns how many there are, 1 to 2n + 1
 */
export function sweep4(toStarts: usize, toValues: usize): usize {
  isSweep4 = true;
  starts = toStarts;
  values = toValues;
  endHigh = 0;
  endLow = (V4_PREFIX << 32) | 0xffffffff;
  startSweep(V4_PREFIX << 32);
  sweepRecords(first4, end4);
  while (openCount > 0) closeInnermost();
  return count;
}

/** The same of IPv6: starts of two u64, of which the first is at ::. */
export function sweep6(n: u32, toStarts: usize, toValues: usize): usize {
  isSweep4 = false;
  starts = toStarts;
  values = toValues;
  endHigh = u64.MAX_VALUE;
  endLow = u64.MAX_VALUE;
  startSweep(0);
  sweepRecords(0, first4);
  sweepRecords(end4, <usize>n);
  while (openCount > 0) closeInnermost();
  return count;
}
