import { CoreError } from '../errors.ts';
import { HIT_WORDS, checkWhole } from './scanner.ts';
import type { OnHit, Scanner } from './scanner.ts';

/** What is particular to one kind of scanner. */
export interface ScanEngine {
  readonly input: Uint8Array;
  readonly hits: Int32Array;
  begin(count: number): void;
  /** Goes on in the chunk, at most to where the hits are full. @returns hits */
  run(): number;
  finish(): number;
  reset(): void;
}

/** The common face over an engine: order of calls, places in the stream, copying. */
export abstract class StreamScanner implements Scanner {
  readonly input: Uint8Array;
  readonly hits: Int32Array;
  readonly #engine: ScanEngine;
  #offset = 0;
  /** Bytes of the chunk that is being examined. */
  #chunk = 0;
  #pending = false;
  #ended = false;

  protected constructor(engine: ScanEngine) {
    this.#engine = engine;
    this.input = engine.input;
    this.hits = engine.hits;
  }

  get offset(): number {
    return this.#offset;
  }

  scan(count: number): number {
    if (this.#pending) throw new CoreError('CW_CORE_SCAN', 'resume until there are no more hits, then scan on');
    checkWhole('count', count, 0, this.input.length);
    if (this.#ended) this.reset();
    this.#engine.begin(count);
    this.#chunk = count;
    this.#pending = true;
    return this.resume();
  }

  resume(): number {
    if (!this.#pending) return 0;
    const found = this.#engine.run();
    if (found === 0) {
      this.#pending = false;
      this.#offset += this.#chunk;
    }
    return found;
  }

  finish(): number {
    if (this.#pending) throw new CoreError('CW_CORE_SCAN', 'resume until there are no more hits, then finish');
    if (this.#ended) return 0;
    this.#ended = true;
    return this.#engine.finish();
  }

  reset(): void {
    this.#engine.reset();
    this.#offset = 0;
    this.#pending = false;
    this.#ended = false;
  }

  each(bytes: Uint8Array, onHit: OnHit): void {
    for (let at = 0; at < bytes.length; at += this.input.length) {
      const part = bytes.subarray(at, at + this.input.length);
      this.input.set(part);
      for (let found = this.scan(part.length); found > 0; found = this.resume()) this.#tell(found, onHit);
    }
  }

  eachAtEnd(onHit: OnHit): void {
    this.#tell(this.finish(), onHit);
  }

  #tell(found: number, onHit: OnHit): void {
    const { hits } = this;
    for (let at = 0; at < found * HIT_WORDS; at += HIT_WORDS) {
      const end = this.#offset + (hits[at + 1] ?? 0);
      onHit(hits[at] ?? 0, end - ((hits[at + 2] ?? 0) >>> 0), end);
    }
  }
}
