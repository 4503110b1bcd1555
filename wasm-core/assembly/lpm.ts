import { alloc } from './arena';

/**
 * Longest-prefix match as an interval map over the 128-bit line, on which IPv4 is ::ffff:0:0/96 (RFC 4291 §2.5.5.2):
 * sorted prefixes are swept once with a stack of those that are open, and every change of the innermost value becomes
 * a boundary. A lookup is a binary search for the last boundary at or before the address.
 *
 *     records  32 B × n   {high u64, low u64, bits u32, value i32, -}     written by JavaScript, sorted here
 *     starts   16 B × m   {high u64, low u64}                             m ≤ 2n + 1
 *     values    4 B × m   i32, -1 where no prefix covers
 *     starts4, values4    the part inside ::ffff:0:0/96 again, as u32
 *     jump      4 B × (2^k + 1)   boundary at or before each address with only the top k bits set, 1 ≤ k ≤ 16
 */
const RECORD: usize = 32;
const V4_PREFIX: u64 = 0xffff;

let records: usize = 0;
let other: usize = 0;
let starts: usize = 0;
let values: usize = 0;
let count: usize = 0;
let starts4: usize = 0;
let values4: usize = 0;
let jump: usize = 0;
let jumpShift: u32 = 31;
/** The open prefixes: {last high u64, last low u64, bits u32, value i32, -}. Nested and distinct, so at most 129. */
let open: usize = 0;
let openCount: usize = 0;

/** @returns where to write `n` records; 0 when memory is exhausted. */
export function lpmReserve(n: u32): usize {
  // One record more: whichever buffer the sort leaves free becomes `starts`, which holds up to 2n + 1 boundaries.
  records = alloc((<usize>n + 1) * RECORD);
  other = alloc((<usize>n + 1) * RECORD);
  open = alloc(130 * RECORD);
  return records == 0 || other == 0 || open == 0 ? 0 : records;
}

function notAfter(a: usize, b: usize): bool {
  const ah = load<u64>(a),
    bh = load<u64>(b);
  if (ah != bh) return ah < bh;
  const al = load<u64>(a, 8),
    bl = load<u64>(b, 8);
  if (al != bl) return al < bl;
  return load<u32>(a, 16) <= load<u32>(b, 16);
}

function copyRecord(to: usize, from: usize): void {
  v128.store(to, v128.load(from));
  v128.store(to, v128.load(from, 16), 16);
}

/** Bottom-up merge sort by start, then length; stable, so that of equal prefixes the one given last stays last. */
function sort(n: usize): void {
  for (let width: usize = 1; width < n; width <<= 1) {
    for (let left: usize = 0; left < n; left += width << 1) {
      const middle = min<usize>(left + width, n),
        right = min<usize>(left + (width << 1), n);
      let a = records + left * RECORD,
        b = records + middle * RECORD;
      const aEnd = b,
        bEnd = records + right * RECORD;
      let to = other + left * RECORD;
      for (; a < aEnd || b < bEnd; to += RECORD) {
        if (b >= bEnd || (a < aEnd && notAfter(a, b))) {
          copyRecord(to, a);
          a += RECORD;
        } else {
          copyRecord(to, b);
          b += RECORD;
        }
      }
    }
    const swap = records;
    records = other;
    other = swap;
  }
}

function boundary(high: u64, low: u64, value: i32): void {
  const last = starts + ((count - 1) << 4);
  if (load<u64>(last) == high && load<u64>(last, 8) == low) {
    store<i32>(values + ((count - 1) << 2), value);
  } else if (load<i32>(values + ((count - 1) << 2)) != value) {
    store<u64>(last, high, 16);
    store<u64>(last, low, 24);
    store<i32>(values + (count << 2), value);
    count++;
  }
}

/** Ends the innermost open prefix: what follows it has the value of the one around it. */
function closeInnermost(): void {
  openCount--;
  const gone = open + openCount * RECORD;
  const high = load<u64>(gone),
    low = load<u64>(gone, 8);
  if ((high & low) == u64.MAX_VALUE) return;
  const value = openCount == 0 ? -1 : load<i32>(gone - RECORD, 20);
  boundary(low == u64.MAX_VALUE ? high + 1 : high, low + 1, value);
}

function endsBefore(prefix: usize, high: u64, low: u64): bool {
  const lastHigh = load<u64>(prefix);
  return lastHigh < high || (lastHigh == high && load<u64>(prefix, 8) < low);
}

/** Sorts and builds from the `n` records at `lpmReserve`'s address, whose host bits are zero. @returns 0, or 2 when memory is exhausted. */
export function lpmBuild(n: u32): i32 {
  sort(<usize>n);
  starts = other;
  values = alloc((<usize>n * 2 + 1) << 2);
  if (values == 0) return 2;
  store<u64>(starts, 0);
  store<u64>(starts, 0, 8);
  store<i32>(values, -1);
  count = 1;
  openCount = 0;
  for (let i: usize = 0; i < <usize>n; i++) {
    const record = records + i * RECORD;
    const high = load<u64>(record),
      low = load<u64>(record, 8);
    const bits = load<u32>(record, 16);
    const value = load<i32>(record, 20);
    while (openCount > 0 && endsBefore(open + (openCount - 1) * RECORD, high, low)) closeInnermost();
    const top = open + openCount * RECORD;
    if (openCount > 0 && load<u32>(top - RECORD, 16) == bits) {
      // Covers this start with the same length: the same prefix again.
      store<i32>(top - RECORD, value, 20);
    } else {
      store<u64>(top, high | (bits >= 64 ? 0 : u64.MAX_VALUE >> <u64>bits));
      store<u64>(top, low | (bits >= 128 ? 0 : bits <= 64 ? u64.MAX_VALUE : u64.MAX_VALUE >> <u64>(bits - 64)), 8);
      store<u32>(top, bits, 16);
      store<i32>(top, value, 20);
      openCount++;
    }
    boundary(high, low, value);
  }
  while (openCount > 0) closeInnermost();
  return buildV4();
}

function buildV4(): i32 {
  const first = search(0, V4_PREFIX << 32);
  let end = first + 1;
  while (end < count && load<u64>(starts + (end << 4)) == 0 && load<u64>(starts + (end << 4), 8) >> 32 == V4_PREFIX)
    end++;
  const n = end - first;
  starts4 = alloc(n << 2);
  values4 = alloc(n << 2);
  const k = max<u32>(1, min<u32>(16, 32 - <u32>clz<u32>(<u32>n)));
  jumpShift = 32 - k;
  const slots: usize = 1 << (<usize>k);
  jump = alloc((slots + 1) << 2);
  if (starts4 == 0 || values4 == 0 || jump == 0) return 2;
  for (let i: usize = 0; i < n; i++) {
    store<u32>(starts4 + (i << 2), i == 0 ? 0 : <u32>load<u64>(starts + ((first + i) << 4), 8));
    store<i32>(values4 + (i << 2), load<i32>(values + ((first + i) << 2)));
  }
  let at: usize = 0;
  for (let slot: usize = 0; slot < slots; slot++) {
    const address = (<u32>slot) << jumpShift;
    while (at + 1 < n && load<u32>(starts4 + ((at + 1) << 2)) <= address) at++;
    store<u32>(jump + (slot << 2), <u32>at);
  }
  store<u32>(jump + (slots << 2), <u32>(n - 1));
  return 0;
}

/** The last boundary at or before the address; halving without a branch on the data. */
function search(high: u64, low: u64): usize {
  let at: usize = 0;
  for (let n = count; n > 1;) {
    const half = n >> 1;
    const q = starts + ((at + half) << 4);
    const qh = load<u64>(q);
    at = qh < high || (qh == high && load<u64>(q, 8) <= low) ? at + half : at;
    n -= half;
  }
  return at;
}

/** The value for an IPv4 address, -1 where no prefix covers it. */
export function lpmLookup4(address: u32): i32 {
  const slot = jump + ((<usize>(address >> jumpShift)) << 2);
  let at = <usize>load<u32>(slot);
  for (let n = <usize>load<u32>(slot, 4) - at + 1; n > 1;) {
    const half = n >> 1;
    at = load<u32>(starts4 + ((at + half) << 2)) <= address ? at + half : at;
    n -= half;
  }
  return load<i32>(values4 + (at << 2));
}

/** The value for an IPv6 address as four u32 in network order, -1 where no prefix covers it. */
export function lpmLookup6(a: u32, b: u32, c: u32, d: u32): i32 {
  return load<i32>(values + (search(((<u64>a) << 32) | <u64>b, ((<u64>c) << 32) | <u64>d) << 2));
}

/** `count` IPv4 addresses of 4 bytes in network order at `at`; each is answered in place, as an i32. */
export function lpmBatch4(at: usize, count: u32): void {
  for (let end = at + ((<usize>count) << 2); at < end; at += 4) {
    store<i32>(at, lpmLookup4(bswap<u32>(load<u32>(at))));
  }
}

/**
 * `count` addresses of 16 bytes in network order at `at`; each is answered in its first four bytes. An IPv4-mapped one
 * is the IPv4 address.
 */
export function lpmBatch6(at: usize, count: u32): void {
  for (let end = at + ((<usize>count) << 4); at < end; at += 16) {
    const high = bswap<u64>(load<u64>(at));
    const low = bswap<u64>(load<u64>(at, 8));
    const value =
      high == 0 && low >> 32 == V4_PREFIX ? lpmLookup4(<u32>low) : load<i32>(values + (search(high, low) << 2));
    store<i32>(at, value);
  }
}
