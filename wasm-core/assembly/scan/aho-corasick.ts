import { alloc } from '../arena';
import {
  SCAN_CLASSES,
  SCAN_NONE,
  SCAN_REPORT_BYTES,
  SCAN_REPORT_LITERAL,
  SCAN_REPORT_SUFFIX,
  SCAN_SAME_BYTES,
  SCAN_SAME_LENGTH,
  SCAN_SAME_NEXT,
} from '../layout.gen';
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
 * Many literals by the automaton of Aho and Corasick as a dense table over byte classes: one look-up a byte, whatever
 * the text is. A filter of hashed grams in front was tried and lost on every text measured.
 *
 *     classes    256 B      byte → class, case folded where it does not count
 *     rows       4 B × s×c  state (premultiplied by c) + class → state; `accepting` and above report
 *     reports    8 B × a    SCAN_REPORT_*, per accepting state
 *     literals   8 B × n    SCAN_SAME_*
 */
let classes: usize = 0;
let rows: usize = 0;
let reports: usize = 0;
let literals: usize = 0;
let width: u32 = 0;
let accepting: u32 = 0;
let total: u32 = 0;
let state: u32 = 0;

/** @returns where JavaScript writes classes, rows, reports and literals one after the other; 0 where memory ends. */
export function ahoReserve(states: u32, classCount: u32, acceptFrom: u32, literalCount: u32): usize {
  const rowBytes = <usize>states * <usize>classCount * 4;
  const reportBytes = <usize>(states - acceptFrom) * SCAN_REPORT_BYTES;
  classes = alloc(<usize>SCAN_CLASSES + rowBytes + reportBytes + <usize>literalCount * SCAN_SAME_BYTES);
  if (classes == 0) return 0;
  rows = classes + SCAN_CLASSES;
  reports = rows + rowBytes;
  literals = reports + reportBytes;
  width = classCount;
  accepting = acceptFrom * classCount;
  total = literalCount;
  return classes;
}

export function ahoReset(): void {
  state = 0;
}

function report(at: u32, end: i32): void {
  for (let own = at; own != SCAN_NONE;) {
    const entry = reports + <usize>own * SCAN_REPORT_BYTES;
    for (let literal = load<u32>(entry, SCAN_REPORT_LITERAL); literal != SCAN_NONE;) {
      const record = literals + <usize>literal * SCAN_SAME_BYTES;
      addOrderedHit(literal, end, load<u32>(record, SCAN_SAME_LENGTH));
      literal = load<u32>(record, SCAN_SAME_NEXT);
    }
    own = load<u32>(entry, SCAN_REPORT_SUFFIX);
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

export function ahoRun(): u32 {
  beginHits();
  const bytes = count();
  const at = run(position(), bytes);
  if (at < bytes) setPosition(at);
  else streamComplete();
  return hitCount();
}
