import { instantiateCore } from '../core-instance.ts';
import type { CoreExports } from '../core-instance.ts';
import { CoreError } from '../errors.ts';
import { checkFrames, readFrameOptions } from './frame-batch-face.ts';
import type { FrameBatchFace, FrameOptions, FrameViolation } from './frame-batch-face.ts';
import {
  FRAME_DESCRIPTOR_BYTES,
  FRAME_STATE_BYTES,
  FRAME_STATE_END,
  FRAME_STATE_START,
  FRAME_STATE_VIOLATION,
} from '../layout.gen.ts';
import { DESCRIPTOR_WORDS, FRAME_HEADER_BYTES } from './frame-layout.ts';

const START = FRAME_STATE_START / 4;
const END = FRAME_STATE_END / 4;
const VIOLATION = FRAME_STATE_VIOLATION / 4;
/** In the order of FRAME_VIOLATION_*. */
const VIOLATIONS: readonly (FrameViolation | null)[] = [null, 'version', 'type', 'length'];

/** Frames in the memory of a WebAssembly instance of its own. */
export class FrameBatch implements FrameBatchFace {
  readonly input: Uint8Array;
  readonly incoming: Uint32Array;
  readonly outgoing: Uint32Array;
  readonly headers: Uint8Array;
  readonly #core: CoreExports;
  readonly #state: Uint32Array;
  readonly #maxLength: number;
  readonly #maxFrames: number;
  readonly #capacity: number;
  /** Where the views begin: asking them costs more than keeping it. */
  readonly #state0: number;
  readonly #incoming0: number;
  readonly #input0: number;

  /** Throws `CW_CORE_FRAMES`, `CW_CORE_MEMORY`. */
  constructor(options: FrameOptions = {}) {
    const { capacity, maxLength, maxFrames } = readFrameOptions(options);
    const core = instantiateCore();
    const at = core.framesReserve(capacity, maxFrames) >>> 0;
    if (at === 0) throw new CoreError('CW_CORE_MEMORY');
    const { buffer } = core.memory;
    this.#core = core;
    this.#maxLength = maxLength;
    this.#maxFrames = maxFrames;
    this.#state = new Uint32Array(buffer, at, FRAME_STATE_BYTES / 4);
    const words = maxFrames * DESCRIPTOR_WORDS;
    this.incoming = new Uint32Array(buffer, at + FRAME_STATE_BYTES, words);
    this.outgoing = new Uint32Array(buffer, this.incoming.byteOffset + maxFrames * FRAME_DESCRIPTOR_BYTES, words);
    const headers = this.outgoing.byteOffset + maxFrames * FRAME_DESCRIPTOR_BYTES;
    this.headers = new Uint8Array(buffer, headers, maxFrames * FRAME_HEADER_BYTES);
    this.input = new Uint8Array(buffer, headers + maxFrames * FRAME_HEADER_BYTES + 16, capacity);
    this.#capacity = capacity;
    this.#state0 = at;
    this.#incoming0 = this.incoming.byteOffset;
    this.#input0 = this.input.byteOffset;
  }

  get violation(): FrameViolation | null {
    return VIOLATIONS[this.#state[VIOLATION] ?? 0] ?? null;
  }

  room(): number {
    const state = this.#state;
    const start = state[START] ?? 0;
    const end = state[END] ?? 0;
    if (start === 0) return end;
    // Mostly nothing is left, and there is no reason to go into WebAssembly.
    if (start !== end) this.input.copyWithin(0, start, end);
    state[START] = 0;
    state[END] = end - start;
    return end - start;
  }

  parse(count: number): number {
    const end = this.#state[END] ?? 0;
    checkFrames('count', count, 0, this.#capacity - end);
    this.#state[END] = end + count;
    return this.#core.framesParse(this.#state0, this.#incoming0, this.#input0, this.#maxLength, this.#maxFrames);
  }

  emit(count: number): number {
    checkFrames('count', count, 0, this.#maxFrames);
    this.#core.framesEmit(this.outgoing.byteOffset, count, this.headers.byteOffset);
    return count * FRAME_HEADER_BYTES;
  }
}
