import { checkFrames, readFrameOptions } from '../frames/frame-batch-face.ts';
import type { FrameBatchFace, FrameOptions, FrameViolation } from '../frames/frame-batch-face.ts';
import { DESCRIPTOR_WORDS, FRAME_HEADER_BYTES } from '../frames/frame-layout.ts';

const MAX_TYPE = 3;

/** `FrameBatch` by `DataView`, field after field. */
export class ReferenceFrameBatch implements FrameBatchFace {
  readonly input: Uint8Array;
  readonly incoming: Uint32Array;
  readonly outgoing: Uint32Array;
  readonly headers: Uint8Array;
  readonly #view: DataView;
  readonly #out: DataView;
  readonly #maxLength: number;
  readonly #maxFrames: number;
  #start = 0;
  #end = 0;
  #violation: FrameViolation | null = null;

  constructor(options: FrameOptions = {}) {
    const { capacity, maxLength, maxFrames } = readFrameOptions(options);
    this.#maxLength = maxLength;
    this.#maxFrames = maxFrames;
    this.input = new Uint8Array(capacity);
    this.incoming = new Uint32Array(maxFrames * DESCRIPTOR_WORDS);
    this.outgoing = new Uint32Array(maxFrames * DESCRIPTOR_WORDS);
    this.headers = new Uint8Array(maxFrames * FRAME_HEADER_BYTES);
    this.#view = new DataView(this.input.buffer);
    this.#out = new DataView(this.headers.buffer);
  }

  get violation(): FrameViolation | null {
    return this.#violation;
  }

  room(): number {
    this.input.copyWithin(0, this.#start, this.#end);
    this.#end -= this.#start;
    this.#start = 0;
    return this.#end;
  }

  parse(count: number): number {
    checkFrames('count', count, 0, this.input.length - this.#end);
    this.#end += count;
    if (this.#violation !== null) return 0;
    const view = this.#view;
    const { incoming } = this;
    const end = this.#end;
    const most = this.#maxFrames * DESCRIPTOR_WORDS;
    let at = this.#start;
    let word = 0;
    while (word < most && at + FRAME_HEADER_BYTES <= end) {
      const first = view.getUint32(at);
      const type = first >>> 16;
      const length = view.getUint32(at + 8);
      // A version other than 0 makes the type a greater one too.
      if (type > MAX_TYPE || (type === 0 && length > this.#maxLength)) {
        this.#violation = first >>> 24 !== 0 ? 'version' : type > MAX_TYPE ? 'type' : 'length';
        break;
      }
      const payload = at + FRAME_HEADER_BYTES;
      const next = type === 0 ? payload + length : payload;
      if (next > end) break;
      incoming[word] = type | ((first & 0xffff) << 8);
      incoming[word + 1] = view.getUint32(at + 4);
      incoming[word + 2] = length;
      incoming[word + 3] = payload;
      at = next;
      word += DESCRIPTOR_WORDS;
    }
    this.#start = at;
    return word / DESCRIPTOR_WORDS;
  }

  emit(count: number): number {
    checkFrames('count', count, 0, this.#maxFrames);
    for (let frame = 0; frame < count; frame++) {
      const word = frame * DESCRIPTOR_WORDS;
      const at = frame * FRAME_HEADER_BYTES;
      const first = this.outgoing[word] ?? 0;
      this.#out.setUint16(at, first & 0xff);
      this.#out.setUint16(at + 2, (first >> 8) & 0xffff);
      this.#out.setUint32(at + 4, this.outgoing[word + 1] ?? 0);
      this.#out.setUint32(at + 8, this.outgoing[word + 2] ?? 0);
    }
    return count * FRAME_HEADER_BYTES;
  }
}
