import { alloc } from './arena';
import {
  FRAME_DESCRIPTOR_BYTES,
  FRAME_STATE_BYTES,
  FRAME_STATE_END,
  FRAME_STATE_START,
  FRAME_STATE_VIOLATION,
  FRAME_VIOLATION_LENGTH,
  FRAME_VIOLATION_TYPE,
  FRAME_VIOLATION_VERSION,
} from './layout.gen';

/**
 * yamux frames lying in memory, one descriptor each. The block of a batch:
 *
 *     state     16 B       {start u32, end u32, violation u32, -}   offsets into the input
 *     incoming  16 B × n   {type | flags << 8, stream, length, payload offset}
 *     outgoing  16 B × n   the same, payload offset unused
 *     headers   12 B × n   what `framesEmit` writes, and 4 bytes that its last store touches
 *     input     capacity   bytes [start, end) are not yet parsed; 16 bytes behind it are read, never used
 */
const HEADER: usize = 12;

/** @returns the address of a block for `capacity` bytes of input and `frames` descriptors; 0 where memory ends. */
export function framesReserve(capacity: u32, frames: u32): usize {
  const size = FRAME_STATE_BYTES + <usize>frames * (2 * FRAME_DESCRIPTOR_BYTES + HEADER) + 16 + <usize>capacity + 16;
  const at = alloc(size);
  if (at != 0) memory.fill(at, 0, size);
  return at;
}

/**
 * Describes the whole frames in [start, end), `most` at the most, and moves `start` behind them. Stops for good at a
 * header that breaks a limit, with `violation` set: of a frame whose payload is not there yet, the header is enough.
 */
export function framesParse(state: usize, out: usize, input: usize, maxLength: u32, most: u32): u32 {
  if (load<u32>(state, FRAME_STATE_VIOLATION) != 0) return 0;
  let p = input + <usize>load<u32>(state, FRAME_STATE_START);
  const end = input + <usize>load<u32>(state, FRAME_STATE_END);
  let n: u32 = 0;
  while (n < most && p + HEADER <= end) {
    // Network order to ours; the version, which must be 0, becomes the top byte of the first word.
    const header = v128.load(p);
    const words = v128.shuffle<u8>(header, header, 1, 3, 2, 0, 7, 6, 5, 4, 11, 10, 9, 8, 12, 13, 14, 15);
    const first = <u32>v128.extract_lane<i32>(words, 0);
    // By scalar loads, which are sooner there: the next header waits for them.
    const length = bswap<u32>(load<u32>(p, 8));
    const data = load<u8>(p, 1) == 0;
    if ((first & 0xff0000fc) != 0 || (data && length > maxLength)) {
      const violation =
        first >> 24 != 0 ? FRAME_VIOLATION_VERSION : data ? FRAME_VIOLATION_LENGTH : FRAME_VIOLATION_TYPE;
      store<u32>(state, violation, FRAME_STATE_VIOLATION);
      break;
    }
    const body = p + HEADER;
    const payload: usize = data ? <usize>length : 0;
    if (payload > end - body) break;
    v128.store(out, v128.replace_lane<i32>(words, 3, <i32>(body - input)));
    out += FRAME_DESCRIPTOR_BYTES;
    n++;
    p = body + payload;
  }
  store<u32>(state, <u32>(p - input), FRAME_STATE_START);
  return n;
}

/** The headers of `count` descriptors, 12 bytes each, one after the other; the 4 bytes behind the last are touched. */
export function framesEmit(descriptors: usize, count: u32, headers: usize): void {
  for (let i: u32 = 0; i < count; i++) {
    const words = v128.load(descriptors);
    const header = v128.shuffle<u8>(words, words, 3, 0, 2, 1, 7, 6, 5, 4, 11, 10, 9, 8, 12, 13, 14, 15);
    // A descriptor has no version: ours is 0.
    v128.store(headers, v128.replace_lane<u8>(header, 0, 0));
    descriptors += FRAME_DESCRIPTOR_BYTES;
    headers += HEADER;
  }
}
