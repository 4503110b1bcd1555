/** Pieces below this are copied together, so that a peer's one-byte frames do not cost an object each. */
const SMALL = 4 * 1024;
const BLOCK = 16 * 1024;

/**
 * Bytes that wait for their consumer, in order. Large pieces stay where they are; a piece that is less than half of
 * the memory it lies in is copied out, so that holding n bytes never pins more than about 2n.
 */
export class ByteQueue {
  #pieces: Uint8Array[] = [];
  #head = 0;
  #bytes = 0;
  /** The block that small pieces go to; its used part is the last entry of `#pieces`. */
  #block: Uint8Array | null = null;
  #used = 0;

  get bytes(): number {
    return this.#bytes;
  }

  push(piece: Uint8Array): void {
    if (piece.length === 0) return;
    this.#bytes += piece.length;
    if (piece.length < SMALL) return this.#append(piece);
    this.#block = null;
    this.#pieces.push(piece.length * 2 < piece.buffer.byteLength ? Uint8Array.prototype.slice.call(piece) : piece);
  }

  shift(): Uint8Array | null {
    const piece = this.#pieces[this.#head];
    if (piece === undefined) return null;
    this.#head += 1;
    this.#bytes -= piece.length;
    if (this.#head === this.#pieces.length) this.clear();
    else if (this.#head >= 64) {
      this.#pieces = this.#pieces.slice(this.#head);
      this.#head = 0;
    }
    return piece;
  }

  clear(): void {
    this.#pieces = [];
    this.#head = 0;
    this.#bytes = 0;
    this.#block = null;
  }

  #append(piece: Uint8Array): void {
    const block = this.#block;
    if (block !== null && this.#used + piece.length <= block.length) {
      block.set(piece, this.#used);
      const last = this.#pieces.length - 1;
      const start = this.#used - (this.#pieces[last]?.length ?? 0);
      this.#used += piece.length;
      this.#pieces[last] = block.subarray(start, this.#used);
      return;
    }
    // The first small piece gets a block of its own size: most queues hold just one before they are read.
    const next = new Uint8Array(block === null ? piece.length : BLOCK);
    next.set(piece);
    this.#block = next;
    this.#used = piece.length;
    this.#pieces.push(next.subarray(0, piece.length));
  }
}
