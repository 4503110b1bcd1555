import { alloc } from '../arena';
import { SCAN_CLASS_BITS, SCAN_CLASS_BYTES, SCAN_CLASS_LOWER, SCAN_CLASS_UPPER } from '../layout.gen';
import { members } from './byte-class';
import { addHit, beginHits, count, hasRoom, hitCount, input, position, setPosition, streamComplete } from './stream';

/** Runs of at least `least` bytes of one class, known when the first byte that is not of it arrives. */
const ROOM_PER_BLOCK: u32 = 33;

let table: usize = 0;
let least: u32 = 0;
/** Bytes of the run that is open where the examination stands. */
let open: u32 = 0;

/** @returns where JavaScript writes SCAN_CLASS_*; 0 where memory ends. */
export function classReserve(minLength: u32): usize {
  table = alloc(SCAN_CLASS_BYTES);
  least = minLength;
  open = 0;
  return table;
}

export function classReset(): void {
  open = 0;
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
  const lower = v128.load(table, SCAN_CLASS_LOWER);
  const upper = v128.load(table, SCAN_CLASS_UPPER);
  const bits = v128.load(table, SCAN_CLASS_BITS);
  let at = position();
  while (at < bytes) {
    if (!hasRoom(ROOM_PER_BLOCK)) {
      setPosition(at);
      return hitCount();
    }
    const p = input() + <usize>at;
    const width = min<i32>(64, bytes - at);
    let mask = members(p, lower, upper, bits);
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
