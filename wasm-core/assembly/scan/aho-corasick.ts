import { alloc } from '../arena';
import {
  addOrderedHit,
  beginHits,
  count,
  hasRoom,
  hitCount,
  input,
  position,
  setPosition,
  streamComplete,
} from './stream';

/**
 * Many literals by the automaton of Aho and Corasick as a dense table over byte classes, with a filter in front where
 * all literals are long enough: a set of hashed grams says where none can end, and the automaton is run over the rest
 * only, from as far back as the longest literal reaches. So the filter costs nothing but itself in the worst case.
 *
 *     classes    256 B      byte → class, case folded where it does not count
 *     rows       4 B × s×c  state (premultiplied by c) + class → state; `accepting` and above report
 *     reports   12 B × a    per accepting state {first literal or NONE, next reporting suffix or NONE, -}
 *     literals  12 B × n    {next literal with the same text or NONE, length, -}
 *     filter    32 KiB      2^18 bits
 */
const NONE: u32 = 0xffffffff;
const FILTER_BITS: u64 = 18;
const FILTER_BYTES: usize = 1 << 15;
const HASH: u64 = 0x9e3779b97f4a7c15;

let classes: usize = 0;
let rows: usize = 0;
let reports: usize = 0;
let literals: usize = 0;
let filter: usize = 0;
let width: u32 = 0;
let accepting: u32 = 0;
let total: u32 = 0;
let longest: i32 = 0;
let gramMask: u64 = 0;
let gramFold: u64 = 0;
let stride: i32 = 0;
let state: u32 = 0;

/** @returns where JavaScript writes classes, rows, reports and literals one after the other; 0 where memory ends. */
export function ahoReserve(states: u32, classCount: u32, acceptFrom: u32, literalCount: u32, maxLength: u32): usize {
  const rowBytes = <usize>states * <usize>classCount * 4;
  const reportBytes = <usize>(states - acceptFrom) * 12;
  classes = alloc(256 + rowBytes + reportBytes + <usize>literalCount * 12);
  filter = alloc(FILTER_BYTES);
  if (classes == 0 || filter == 0) return 0;
  rows = classes + 256;
  reports = rows + rowBytes;
  literals = reports + reportBytes;
  width = classCount;
  accepting = acceptFrom * classCount;
  total = literalCount;
  longest = <i32>maxLength;
  stride = 0;
  return classes;
}

export function ahoReset(): void {
  state = 0;
}

function bit(end: usize): u32 {
  const gram = (load<u64>(end - 8) | gramFold) & gramMask;
  const hash = <u32>((gram * HASH) >> (64 - FILTER_BITS));
  return (load<u32>(filter + ((<usize>(hash >> 5)) << 2)) >> (hash & 31)) & 1;
}

/** Grams are the last `gram` bytes (1 to 8) before an end; only every `step`th end is looked at. */
export function ahoFilter(gram: u32, step: u32, fold: u64): void {
  memory.fill(filter, 0, FILTER_BYTES);
  // The last bytes of a little-endian word are its highest.
  gramMask = ~(<u64>0) << (64 - ((<u64>gram) << 3));
  gramFold = fold;
  stride = <i32>step;
}

/** Adds the gram that ends at an address, 8 readable bytes before it. */
export function ahoFilterAdd(end: usize): void {
  const gram = (load<u64>(end - 8) | gramFold) & gramMask;
  const hash = <u32>((gram * HASH) >> (64 - FILTER_BITS));
  const at = filter + ((<usize>(hash >> 5)) << 2);
  store<u32>(at, load<u32>(at) | ((<u32>1) << (hash & 31)));
}

function report(at: u32, end: i32): void {
  for (let own = at; own != NONE;) {
    const entry = reports + <usize>own * 12;
    for (let literal = load<u32>(entry); literal != NONE;) {
      const record = literals + <usize>literal * 12;
      addOrderedHit(literal, end, load<u32>(record, 4));
      literal = load<u32>(record);
    }
    own = load<u32>(entry, 4);
  }
}

/** The automaton over the bytes [from, to). @returns where it stopped, before `to` only for want of room */
function run(from: i32, to: i32): i32 {
  let s = state;
  const base = input();
  for (let p = from; p < to; p++) {
    const next = load<u32>(rows + ((<usize>(s + <u32>load<u8>(classes + <usize>load<u8>(base + <usize>p)))) << 2));
    if (next >= accepting) {
      if (!hasRoom(total)) {
        state = s;
        return p;
      }
      report((next - accepting) / width, p + 1);
    }
    s = next;
  }
  state = s;
  return to;
}

/** The next end in [from, last], stepping, that the filter lets through; above `last` where there is none. */
function candidate(from: i32, last: i32): i32 {
  const base = input();
  let end = from;
  const far = last - 3 * stride;
  while (end <= far) {
    const at = base + <usize>end;
    const step = <usize>stride;
    if ((bit(at) | bit(at + step) | bit(at + 2 * step) | bit(at + 3 * step)) != 0) break;
    end += 4 * stride;
  }
  while (end <= last && bit(base + <usize>end) == 0) end += stride;
  return end;
}

export function ahoRun(): u32 {
  beginHits();
  const bytes = count();
  let at = position();
  let end = stride == 0 ? bytes : at + 1;
  while (at < bytes) {
    let to = bytes;
    if (stride != 0) {
      end = candidate(end, bytes);
      to = min<i32>(end + stride - 1, bytes);
      // No literal ends in what was skipped, so none that ends later begins before this.
      const from = min<i32>(end, bytes) - longest;
      if (from > at) {
        at = from;
        state = 0;
      }
    }
    at = run(at, to);
    if (at < to) {
      setPosition(at);
      return hitCount();
    }
    end = to + 1;
  }
  streamComplete();
  return hitCount();
}
