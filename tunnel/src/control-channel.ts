import { CausewayError, LIMITS } from '@causeway/contract';
import { Cost, FloodBudget } from './flood-budget.ts';
import { readU32, writeU32 } from './frame.ts';
import type { MuxStream } from './mux-stream.ts';

/** What may wait to be sent to a peer that does not read. */
const PENDING_BYTES = 4 * LIMITS.controlMessageBytes;

/**
 * Messages over one stream, after its open answer:
 *
 *     0              4
 *     +--------------+------------------------------+
 *     | length u32BE | JSON, UTF-8, `length` bytes  |
 *     +--------------+------------------------------+
 *
 * `check` turns what was parsed into a message or throws. `onClose` is called once, with null when the other side
 * ended the stream or `close()` did, with `CW_MESSAGE_INVALID`, `CW_MUX_FLOOD` (500 at once, then 125 a second), `CW_BUSY` or the stream's error otherwise.
 */
export class ControlChannel<In, Out> {
  readonly #stream: MuxStream;
  readonly #check: (value: unknown) => In;
  readonly #onMessage: (message: In) => void;
  readonly #onClose: (error: CausewayError | null) => void;
  readonly #flood = new FloodBudget(() => performance.now());
  readonly #head = new Uint8Array(4);
  #headBytes = 0;
  /** The message being read; never longer than the limit, which its length was checked against. */
  #body: Uint8Array | null = null;
  #bodyBytes = 0;
  #closed = false;

  constructor(
    stream: MuxStream,
    check: (value: unknown) => In,
    onMessage: (message: In) => void,
    onClose: (error: CausewayError | null) => void,
  ) {
    this.#stream = stream;
    this.#check = check;
    this.#onMessage = onMessage;
    this.#onClose = onClose;
    stream.onData = (bytes) => this.#receive(bytes);
    stream.onEnd = () => stream.end();
    stream.onClose = (error) => this.#finish(error);
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Dropped after the close. Throws `CW_MESSAGE_INVALID` for a message beyond the limit: a fault of ours. */
  send(message: Out): void {
    if (this.#closed) return;
    const json = new TextEncoder().encode(JSON.stringify(message));
    if (json.length > LIMITS.controlMessageBytes) {
      throw new CausewayError('CW_MESSAGE_INVALID', `a control message of ${json.length} bytes`);
    }
    if (this.#stream.pendingBytes > PENDING_BYTES) {
      return this.#stream.reset(new CausewayError('CW_BUSY', 'the other side does not read its control messages'));
    }
    const framed = new Uint8Array(4 + json.length);
    writeU32(framed, 0, json.length);
    framed.set(json, 4);
    this.#stream.write(framed);
  }

  /** Ends the stream after what was sent; nothing more is received. */
  close(): void {
    if (this.#closed) return;
    this.#stream.end();
    this.#finish(null);
  }

  #finish(error: CausewayError | null): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#body = null;
    this.#onClose(error);
  }

  #receive(bytes: Uint8Array): void {
    let at = 0;
    while (at < bytes.length && !this.#closed) {
      if (this.#body === null) {
        this.#head[this.#headBytes] = bytes[at] ?? 0;
        at += 1;
        this.#headBytes += 1;
        if (this.#headBytes < 4) continue;
        this.#headBytes = 0;
        const length = readU32(this.#head, 0);
        if (length === 0 || length > LIMITS.controlMessageBytes) return this.#violate(`its length is ${length}`);
        this.#body = new Uint8Array(length);
        this.#bodyBytes = 0;
      }
      const body = this.#body;
      const part = bytes.subarray(at, at + body.length - this.#bodyBytes);
      body.set(part, this.#bodyBytes);
      this.#bodyBytes += part.length;
      at += part.length;
      if (this.#bodyBytes < body.length) return;
      this.#body = null;
      this.#dispatch(body);
    }
  }

  #dispatch(body: Uint8Array): void {
    if (!this.#flood.charge(Cost.Message)) return this.#stream.reset(new CausewayError('CW_MUX_FLOOD'));
    let message: In;
    try {
      message = this.#check(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body)));
    } catch (error) {
      return this.#violate(error instanceof Error ? error.message : 'it is not JSON');
    }
    this.#onMessage(message);
  }

  #violate(why: string): void {
    this.#stream.reset(new CausewayError('CW_MESSAGE_INVALID', `a control message was refused: ${why}`));
  }
}
