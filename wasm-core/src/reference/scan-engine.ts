import { HIT_WORDS, readScanOptions } from '../scan/scanner.ts';
import type { ScanOptions } from '../scan/scanner.ts';
import type { ScanEngine } from '../scan/stream-scanner.ts';

export interface FoundHit {
  readonly what: number;
  /** Counted from the start of the chunk. */
  readonly end: number;
  readonly length: number;
}

/** One kind of naive scanner: chunk by chunk, everything found at once, in the order that the face promises. */
export interface NaiveScan {
  chunk(bytes: Uint8Array): FoundHit[];
  finish(): FoundHit[];
  reset(): void;
}

/** Hands out what a naive scanner finds in portions of `maxHits`. */
export function naiveEngine(options: ScanOptions, scan: NaiveScan): ScanEngine {
  const { capacity, maxHits } = readScanOptions(options);
  const input = new Uint8Array(capacity);
  const hits = new Int32Array(maxHits * HIT_WORDS);
  let queue: FoundHit[] = [];
  const portion = (): number => {
    const given = queue.splice(0, maxHits);
    for (const [i, { what, end, length }] of given.entries()) hits.set([what, end, length], i * HIT_WORDS);
    return given.length;
  };
  return {
    input,
    hits,
    begin: (count) => void (queue = scan.chunk(input.subarray(0, count))),
    run: portion,
    finish: () => {
      queue = scan.finish();
      return portion();
    },
    reset: () => {
      queue = [];
      scan.reset();
    },
  };
}
