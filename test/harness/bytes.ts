import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

const CHUNK = 64 * 1024;

/**
 * The same bytes for the same seed, at any length, in any process: xorshift32 over a block, with the block's number
 * mixed in, so that a missing, doubled or swapped block changes the hash. Not compressible, so nothing hides in a codec.
 */
export function* deterministicChunks(seed: number, length: number): Generator<Buffer> {
  let state = (seed ^ 0x9e3779b9) >>> 0 || 1;
  for (let sent = 0; sent < length;) {
    const chunk = Buffer.allocUnsafe(Math.min(CHUNK, length - sent));
    const whole = chunk.length - (chunk.length % 4);
    for (let at = 0; at < whole; at += 4) {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      chunk.writeUInt32LE(state >>> 0, at);
    }
    for (let at = whole; at < chunk.length; at++) chunk[at] = (state >>> (8 * (at - whole))) & 0xff;
    sent += chunk.length;
    yield chunk;
  }
}

export function deterministicStream(seed: number, length: number): Readable {
  return Readable.from(deterministicChunks(seed, length), { objectMode: false, highWaterMark: 4 * CHUNK });
}

/** Hex SHA-256 of what `deterministicStream` gives. */
export function sha256OfSeed(seed: number, length: number): string {
  const hash = createHash('sha256');
  for (const chunk of deterministicChunks(seed, length)) hash.update(chunk);
  return hash.digest('hex');
}

/** Hex SHA-256 and length of a stream, read to its end. */
export async function sha256OfStream(stream: AsyncIterable<Uint8Array>): Promise<{ sha256: string; bytes: number }> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of stream) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  return { sha256: hash.digest('hex'), bytes };
}

export async function writeDeterministicFile(file: string, seed: number, length: number): Promise<void> {
  await pipeline(deterministicStream(seed, length), createWriteStream(file));
}
