import { instantiateCore } from '../core-instance.ts';
import type { CoreExports } from '../core-instance.ts';
import { CoreError } from '../errors.ts';
import { checkFrames, readFrameOptions } from './frame-batch-face.ts';
import type { FrameBatchFace, FrameOptions, FrameViolation } from './frame-batch-face.ts';
import { DESCRIPTOR_WORDS, FRAME_HEADER_BYTES } from './frame-layout.ts';

const STATE_WORDS = 4;
const END = 1;
const VIOLATION = 2;
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
    this.#state = new Uint32Array(buffer, at, STATE_WORDS);
    this.incoming = new Uint32Array(buffer, at + 16, maxFrames * DESCRIPTOR_WORDS);
    this.outgoing = new Uint32Array(buffer, this.incoming.byteOffset + maxFrames * 16, maxFrames * DESCRIPTOR_WORDS);
    const headers = this.outgoing.byteOffset + maxFrames * 16;
    this.headers = new Uint8Array(buffer, headers, maxFrames * FRAME_HEADER_BYTES);
    this.input = new Uint8Array(buffer, headers + maxFrames * FRAME_HEADER_BYTES + 16, capacity);
  }

  get violation(): FrameViolation | null {
    return VIOLATIONS[this.#state[VIOLATION] ?? 0] ?? null;
  }

  room(): number {
    return this.#core.framesReclaim(this.#state.byteOffset, this.input.byteOffset) >>> 0;
  }

  parse(count: number): number {
    const end = this.#state[END] ?? 0;
    checkFrames('count', count, 0, this.input.length - end);
    this.#state[END] = end + count;
    return this.#core.framesParse(
      this.#state.byteOffset,
      this.incoming.byteOffset,
      this.input.byteOffset,
      this.#maxLength,
      this.#maxFrames,
    );
  }

  emit(count: number): number {
    checkFrames('count', count, 0, this.#maxFrames);
    this.#core.framesEmit(this.outgoing.byteOffset, count, this.headers.byteOffset);
    return count * FRAME_HEADER_BYTES;
  }
}
