import type { ErrorCode } from '@causeway/contract';
import { HEADER_BYTES, readU32, Type, VERSION } from './frame.ts';

/** What the reader tells about. A code that `header` returns ends the reading. */
export interface FrameSink {
  /** Once per frame, before any byte of its payload. */
  header(type: number, flags: number, id: number, length: number): ErrorCode | null;
  /** A part of the payload of the last header, in order; a view of what was pushed. */
  payload(part: Uint8Array): void;
  /** The payload is complete; also called for data frames without any. */
  payloadEnd(): void;
  /** True stops the reading in the middle of a chunk. */
  readonly closed: boolean;
}

/**
 * Bytes in, frames out, wherever the chunks are cut. Holds at most one partial header; payload is never buffered.
 *
 *     header --(12 bytes, not data)--> header
 *       ^ \--(12 bytes, data)--> payload --(length bytes)--> header
 */
export class FrameReader {
  readonly #sink: FrameSink;
  readonly #partial = new Uint8Array(HEADER_BYTES);
  #have = 0;
  #left = 0;

  constructor(sink: FrameSink) {
    this.#sink = sink;
  }

  /** @returns the code of the violation that ends the session, or null */
  push(bytes: Uint8Array): ErrorCode | null {
    let at = 0;
    while (at < bytes.length && !this.#sink.closed) {
      if (this.#left > 0) {
        const to = Math.min(bytes.length, at + this.#left);
        const part = at === 0 && to === bytes.length ? bytes : bytes.subarray(at, to);
        this.#left -= to - at;
        at = to;
        this.#sink.payload(part);
        if (this.#left === 0 && !this.#sink.closed) this.#sink.payloadEnd();
        continue;
      }
      let header = bytes;
      let from = at;
      if (this.#have === 0 && bytes.length - at >= HEADER_BYTES) at += HEADER_BYTES;
      else {
        const to = Math.min(bytes.length, at + HEADER_BYTES - this.#have);
        this.#partial.set(bytes.subarray(at, to), this.#have);
        this.#have += to - at;
        at = to;
        if (this.#have < HEADER_BYTES) return null;
        this.#have = 0;
        header = this.#partial;
        from = 0;
      }
      const code = this.#header(header, from);
      if (code !== null) return code;
    }
    return null;
  }

  #header(bytes: Uint8Array, at: number): ErrorCode | null {
    if (bytes[at] !== VERSION) return 'CW_MUX_VERSION';
    const type = bytes[at + 1] ?? 0;
    if (type > Type.GoAway) return 'CW_MUX_TYPE';
    const flags = ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0);
    const length = readU32(bytes, at + 8);
    const code = this.#sink.header(type, flags, readU32(bytes, at + 4), length);
    if (code === null && type === Type.Data) {
      this.#left = length;
      if (length === 0 && !this.#sink.closed) this.#sink.payloadEnd();
    }
    return code;
  }
}
