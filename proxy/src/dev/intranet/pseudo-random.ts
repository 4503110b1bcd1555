import { Readable } from 'node:stream';

const BLOCK = 64 * 1024;

/**
 * `length` bytes that are the same for the same seed everywhere: xorshift32 (Marsaglia 2003), its words little-endian.
 * Two downloads can be compared, and nothing that compresses on the way makes them look fast.
 */
export function* pseudoRandomBlocks(seed: number, length: number): Generator<Buffer> {
  let word = seed >>> 0 || 0x2545f491; // zero is xorshift's fixed point
  for (let left = length; left > 0; left -= BLOCK) {
    const words = new Uint32Array(BLOCK / 4);
    for (let i = 0; i < words.length; i++) {
      word ^= word << 13;
      word ^= word >>> 17;
      word ^= word << 5;
      words[i] = word;
    }
    yield Buffer.from(words.buffer, 0, Math.min(BLOCK, left));
  }
}

/** The blocks as a stream that makes them no faster than they are read. */
export function pseudoRandomStream(seed: number, length: number): Readable {
  return Readable.from(pseudoRandomBlocks(seed, length), { objectMode: false, highWaterMark: BLOCK });
}
