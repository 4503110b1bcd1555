import { CoreError } from '../errors.ts';
import { SCAN_HIT_BYTES } from '../layout.gen.ts';

/** Words of one hit in `Scanner.hits`: what was found, its end, its length. */
export const HIT_WORDS = SCAN_HIT_BYTES / 4;

export interface ScanOptions {
  /** Bytes that one chunk has at most, 64 to 16 MiB; 64 KiB unless given. */
  readonly capacity?: number;
  /** Hits that one call gives at most, 64 to 2^20; 4096 unless given. */
  readonly maxHits?: number;
}

/**
 * Searches a stream of bytes, cut into chunks anywhere. Write a chunk into `input`, call `scan`, and then `resume` for as
 * long as it gives hits; the views are the same for the life of the scanner and no call allocates. Or let `each` do it.
 */
export interface Scanner {
  /** Where the next chunk is written. */
  readonly input: Uint8Array;
  /**
   * What the last call found, by ascending end: `HIT_WORDS` words each, {what, end, length}. `end` is the offset behind
   * the last byte, counted from the start of the chunk; 0 or less where something ended in an earlier chunk and this one
   * only showed that it did. Its place in the stream is `offset + end`.
   */
  readonly hits: Int32Array;
  /** Place in the stream of the chunk's first byte; after a chunk has been examined whole, the bytes so far. */
  readonly offset: number;
  /** Examines the first `count` bytes of `input`. @returns how many hits there are; throws `CW_CORE_SCAN` */
  scan(count: number): number;
  /** Goes on after the last hit, in the same chunk. @returns 0 when it has been examined whole */
  resume(): number;
  /** The stream has ended: gives what only its end shows, and begins a new stream. `offset` is kept until it does. */
  finish(): number;
  /** Begins a new stream. */
  reset(): void;
  /** Copies any amount of bytes through `input` and tells every hit, `start` and `end` as places in the stream. */
  each(bytes: Uint8Array, onHit: OnHit): void;
  /** `finish`, told as `each` does. */
  eachAtEnd(onHit: OnHit): void;
}

export type OnHit = (what: number, start: number, end: number) => void;

export function readScanOptions(options: ScanOptions): { readonly capacity: number; readonly maxHits: number } {
  const { capacity = 65_536, maxHits = 4096 } = options;
  checkWhole('capacity', capacity, 64, 1 << 24);
  checkWhole('maxHits', maxHits, 64, 1 << 20);
  return { capacity, maxHits };
}

/** Throws `CW_CORE_SCAN` unless it is a whole number between the two. */
export function checkWhole(name: string, value: number, from: number, to: number): void {
  if (!Number.isInteger(value) || value < from || value > to) {
    throw new CoreError('CW_CORE_SCAN', `${name} is a whole number from ${from} to ${to}, not ${value}`);
  }
}
