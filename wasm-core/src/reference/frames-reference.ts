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
    let frames = 0;
    while (frames < this.#maxFrames && this.#start + FRAME_HEADER_BYTES <= this.#end) {
      const at = this.#start;
      const type = view.getUint8(at + 1);
      const length = view.getUint32(at + 8);
      this.#violation = this.#judge(view.getUint8(at), type, length);
      if (this.#violation !== null) break;
      const next = at + FRAME_HEADER_BYTES + (type === 0 ? length : 0);
      if (next > this.#end) break;
      const word = frames * DESCRIPTOR_WORDS;
      incoming[word] = type | (view.getUint16(at + 2) << 8);
      incoming[word + 1] = view.getUint32(at + 4);
      incoming[word + 2] = length;
      incoming[word + 3] = at + FRAME_HEADER_BYTES;
      this.#start = next;
      frames++;
    }
    return frames;
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

  #judge(version: number, type: number, length: number): FrameViolation | null {
    if (version !== 0) return 'version';
    if (type > MAX_TYPE) return 'type';
    return type === 0 && length > this.#maxLength ? 'length' : null;
  }
}
