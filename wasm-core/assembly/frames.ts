import { alloc } from './arena';

/**
 * yamux frames lying in memory, one descriptor each. The block of a batch:
 *
 *     state     16 B       {start u32, end u32, violation u32, -}   offsets into the input
 *     incoming  16 B × n   {type | flags << 8, stream, length, payload offset}
 *     outgoing  16 B × n   the same, payload offset unused
 *     headers   12 B × n   what `framesEmit` writes, and 4 bytes that its last store touches
 *     input     capacity   bytes [start, end) are not yet parsed; 16 bytes behind it are read, never used
 */
const STATE_BYTES: usize = 16;
const HEADER: usize = 12;

const VIOLATION_VERSION: u32 = 1;
const VIOLATION_TYPE: u32 = 2;
const VIOLATION_LENGTH: u32 = 3;

/** @returns the address of a block for `capacity` bytes of input and `frames` descriptors; 0 where memory ends. */
export function framesReserve(capacity: u32, frames: u32): usize {
  const size = STATE_BYTES + <usize>frames * (16 + 16 + HEADER) + 16 + <usize>capacity + 16;
  const at = alloc(size);
  if (at != 0) memory.fill(at, 0, size);
  return at;
}

/**
 * Describes the whole frames in [start, end), `most` at the most, and moves `start` behind them. Stops for good at a
 * header that breaks a limit, with `violation` set: of a frame whose payload is not there yet, the header is enough.
 */
export function framesParse(state: usize, out: usize, input: usize, maxLength: u32, most: u32): u32 {
  if (load<u32>(state, 8) != 0) return 0;
  let p = input + <usize>load<u32>(state);
  const end = input + <usize>load<u32>(state, 4);
  let n: u32 = 0;
  while (n < most && p + HEADER <= end) {
    // Network order to ours; the version, which must be 0, becomes the top byte of the first word.
    const header = v128.load(p);
    const words = v128.shuffle<u8>(header, header, 1, 3, 2, 0, 7, 6, 5, 4, 11, 10, 9, 8, 12, 13, 14, 15);
    const first = <u32>v128.extract_lane<i32>(words, 0);
    const length = <u32>v128.extract_lane<i32>(words, 2);
    const data = (first & 0xff) == 0;
    if ((first & 0xff0000fc) != 0 || (data && length > maxLength)) {
      const violation = first >> 24 != 0 ? VIOLATION_VERSION : data ? VIOLATION_LENGTH : VIOLATION_TYPE;
      store<u32>(state, violation, 8);
      break;
    }
    const body = p + HEADER;
    const payload: usize = data ? <usize>length : 0;
    if (payload > end - body) break;
    v128.store(out, v128.replace_lane<i32>(words, 3, <i32>(body - input)));
    out += 16;
    n++;
    p = body + payload;
  }
  store<u32>(state, <u32>(p - input));
  return n;
}

/** Moves what is not yet parsed to the front of the input. @returns how much that is */
export function framesReclaim(state: usize, input: usize): u32 {
  const start = load<u32>(state);
  const left = load<u32>(state, 4) - start;
  if (start != 0) {
    memory.copy(input, input + <usize>start, <usize>left);
    store<u32>(state, 0);
    store<u32>(state, left, 4);
  }
  return left;
}

/** The headers of `count` descriptors, 12 bytes each, one after the other; the 4 bytes behind the last are touched. */
export function framesEmit(descriptors: usize, count: u32, headers: usize): void {
  for (let i: u32 = 0; i < count; i++) {
    const words = v128.load(descriptors);
    const header = v128.shuffle<u8>(words, words, 3, 0, 2, 1, 7, 6, 5, 4, 11, 10, 9, 8, 12, 13, 14, 15);
    // A descriptor has no version: ours is 0.
    v128.store(headers, v128.replace_lane<u8>(header, 0, 0));
    descriptors += 16;
    headers += HEADER;
  }
}
