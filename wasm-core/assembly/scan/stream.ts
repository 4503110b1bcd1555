import { alloc } from '../arena';
import { SCAN_HISTORY, SCAN_HIT_BYTES, SCAN_HIT_END, SCAN_HIT_LENGTH, SCAN_HIT_WHAT, SCAN_PAD } from '../layout.gen';

/**
 * What every scanner of this module works on. An instance holds one scanner.
 *
 *     history  256 B          the bytes before this chunk, the last one at `input - 1`; zeros before the stream
 *     input    capacity B     the chunk, written by JavaScript; 64 bytes behind it are read, never used
 *     hits     12 B × n       SCAN_HIT_*
 */
const HISTORY: usize = SCAN_HISTORY;

let inputAt: usize = 0;
let hitsAt: usize = 0;
let most: u32 = 0;
let bytes: i32 = 0;
let done: i32 = 0;
let seen: i32 = 0;
let found: u32 = 0;

export function streamReserve(capacity: u32, hits: u32): usize {
  const block = alloc(HISTORY + <usize>capacity + <usize>SCAN_PAD);
  hitsAt = alloc(<usize>hits * SCAN_HIT_BYTES);
  if (block == 0 || hitsAt == 0) return 0;
  inputAt = block + HISTORY;
  most = hits;
  streamReset();
  return inputAt;
}

export function streamHits(): usize {
  return hitsAt;
}

export function streamReset(): void {
  memory.fill(inputAt - HISTORY, 0, HISTORY);
  bytes = 0;
  done = 0;
  seen = 0;
}

/** `count` bytes have been written to the input. */
export function streamBegin(count: i32): void {
  bytes = count;
  done = 0;
}

/** Once per chunk, when all of it has been examined: keeps its end as history. */
export function streamComplete(): void {
  memory.copy(inputAt - HISTORY, inputAt + <usize>bytes - HISTORY, HISTORY);
  seen = min<i32>(seen + bytes, <i32>HISTORY);
  bytes = 0;
  done = 0;
}

export function input(): usize {
  return inputAt;
}

/** Bytes of this chunk. */
export function count(): i32 {
  return bytes;
}

/** Where the examination goes on. */
export function position(): i32 {
  return done;
}

export function setPosition(at: i32): void {
  done = at;
}

/** How much of the history is of the stream. */
export function remembered(): i32 {
  return seen;
}

export function beginHits(): void {
  found = 0;
}

export function hitCount(): u32 {
  return found;
}

export function hasRoom(hits: u32): bool {
  return most - found >= hits;
}

/** The caller has made sure of the room. */
export function addHit(what: u32, end: i32, length: u32): void {
  const at = hitsAt + <usize>found * SCAN_HIT_BYTES;
  store<u32>(at, what, SCAN_HIT_WHAT);
  store<i32>(at, end, SCAN_HIT_END);
  store<u32>(at, length, SCAN_HIT_LENGTH);
  found++;
}

/** As `addHit`, but in ascending order of `what` among the hits with the same end. */
export function addOrderedHit(what: u32, end: i32, length: u32): void {
  let at = hitsAt + <usize>found * SCAN_HIT_BYTES;
  while (
    at > hitsAt &&
    load<i32>(at - SCAN_HIT_BYTES, SCAN_HIT_END) == end &&
    load<u32>(at - SCAN_HIT_BYTES, SCAN_HIT_WHAT) > what
  ) {
    memory.copy(at, at - SCAN_HIT_BYTES, SCAN_HIT_BYTES);
    at -= SCAN_HIT_BYTES;
  }
  store<u32>(at, what, SCAN_HIT_WHAT);
  store<i32>(at, end, SCAN_HIT_END);
  store<u32>(at, length, SCAN_HIT_LENGTH);
  found++;
}
