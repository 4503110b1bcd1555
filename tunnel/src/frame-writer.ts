import { encodeHeader, HEADER_BYTES, Type } from './frame.ts';

const SLAB = 64 * 1024;
/** Payload up to here is cheaper to copy beside its header than to write as a piece of its own. */
export const COPY = 16 * 1024;

/**
 * Collects the frames of one loop turn: headers and small payloads lie side by side in one slab, larger payloads stay
 * where they are.
 *
 *     slab:    | sent before | header payload header header payload | header | free
 *     take():                [ subarray of the slab, large payload, subarray of the slab … ]
 */
export class FrameWriter {
  #slab: Uint8Array = new Uint8Array(0);
  #start = 0;
  #end = 0;
  #pieces: Uint8Array[] = [];
  #bytes = 0;

  /** Bytes of frames not taken yet. */
  get bytes(): number {
    return this.#bytes;
  }

  frame(type: number, flags: number, id: number, length: number): void {
    this.#room(HEADER_BYTES);
    encodeHeader(this.#slab, this.#end, type, flags, id, length);
    this.#end += HEADER_BYTES;
    this.#bytes += HEADER_BYTES;
  }

  /** `payload` must not change until it was written out. */
  data(flags: number, id: number, payload: Uint8Array): void {
    const copied = payload.length <= COPY;
    this.#room(HEADER_BYTES + (copied ? payload.length : 0));
    this.frame(Type.Data, flags, id, payload.length);
    this.#bytes += payload.length;
    if (copied) {
      this.#slab.set(payload, this.#end);
      this.#end += payload.length;
    } else {
      this.#seal();
      this.#pieces.push(payload);
    }
  }

  take(): Uint8Array[] {
    this.#seal();
    const pieces = this.#pieces;
    this.#pieces = [];
    this.#bytes = 0;
    return pieces;
  }

  #seal(): void {
    if (this.#end === this.#start) return;
    this.#pieces.push(this.#slab.subarray(this.#start, this.#end));
    this.#start = this.#end;
  }

  #room(bytes: number): void {
    if (this.#end + bytes <= this.#slab.length) return;
    this.#seal();
    // Not zeroed: only what was written is ever taken.
    this.#slab = Buffer.allocUnsafeSlow(SLAB);
    this.#start = 0;
    this.#end = 0;
  }
}
