import { CausewayError } from '@causeway/contract';
import { ByteQueue } from './byte-queue.ts';
import { tunnelCounters } from './counters.ts';
import { COPY } from './frame-writer.ts';
import { Flag, INITIAL_WINDOW, Type } from './frame.ts';
import type { Preface, StreamHost } from './stream-host.ts';

/** The largest payload of one frame: small enough that streams take turns, large enough that headers cost nothing. */
const MAX_FRAME = 64 * 1024;
/** Writers stop when `write` returns false. One that does not is a fault of ours that must not become memory. */
const PENDING_BYTES = 8 * 1024 * 1024;

/**
 *             FIN sent                   FIN received
 *     open -------------> local-ended --------------> both-ended --(consumer took all)--> closed
 *       \   FIN received                  FIN sent        ^
 *        +---------------> remote-ended ------------------+
 *     any --(reset(), RST, end of the session)--> closed, which is final
 */
type State = 'open' | 'local-ended' | 'remote-ended' | 'both-ended' | 'closed';

/**
 * One stream of a session. Handlers may be set later than the stream exists: data and the end wait for `onData`
 * (withholding credit), the close waits for `onClose`.
 */
export class MuxStream {
  readonly id: number;
  /** The peer's FIN, after all of its data. */
  onEnd: (() => void) | null = null;
  /** A `write` that returned false may go on. */
  onDrain: (() => void) | null = null;

  readonly #host: StreamHost<MuxStream>;
  #state: State = 'open';
  #onData: ((bytes: Uint8Array) => void) | null = null;
  #onClose: ((error: CausewayError | null) => void) | null = null;
  #closeError: CausewayError | null = null;
  #preface: Preface | null = null;
  #ackDue: boolean;
  #ackSeen = false;
  #bytesIn = 0;
  #bytesOut = 0;

  // receiving
  #paused = false;
  readonly #queue = new ByteQueue();
  #delivering = false;
  #endTold = false;
  #window = INITIAL_WINDOW;
  /** What the peer may still send. */
  #credit = INITIAL_WINDOW;
  #consumed = 0;
  #creditedAt: number;

  // sending
  #sendWindow = INITIAL_WINDOW;
  #pending: Uint8Array[] = [];
  #pendingBytes = 0;
  #ending = false;
  #needDrain = false;

  /** Streams come from `MuxSession.open` and `onStream`. `acknowledge`: the peer opened it and waits for an ACK. */
  constructor(host: StreamHost<MuxStream>, id: number, acknowledge: boolean) {
    this.#host = host;
    this.id = id;
    this.#ackDue = acknowledge;
    this.#creditedAt = host.now();
    tunnelCounters.streams += 1;
  }

  get closed(): boolean {
    return this.#state === 'closed';
  }

  /** Bytes that the consumer was given. */
  get bytesIn(): number {
    return this.#bytesIn;
  }

  /** Bytes that were framed; `pendingBytes` more wait for window or output. */
  get bytesOut(): number {
    return this.#bytesOut;
  }

  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  /** Each piece is a view of received memory, good for keeping, not for changing. */
  get onData(): ((bytes: Uint8Array) => void) | null {
    return this.#onData;
  }

  set onData(handler: ((bytes: Uint8Array) => void) | null) {
    this.#onData = handler;
    if (handler !== null && this.#waiting) this.#host.later(() => this.#deliverQueue());
  }

  /** Called once: with null after both sides ended, else with why. */
  get onClose(): ((error: CausewayError | null) => void) | null {
    return this.#onClose;
  }

  set onClose(handler: ((error: CausewayError | null) => void) | null) {
    this.#onClose = handler;
    if (handler !== null && this.closed) this.#host.later(() => this.#tellClose());
  }

  /**
   * Takes all of `bytes`, by reference: do not change them afterwards. Ignored after `end()` or the close. Going on
   * after false, beyond 8 MiB, resets the stream with `CW_BUSY`.
   * @returns false when window or output is full: write no more until `onDrain`
   */
  write(bytes: Uint8Array): boolean {
    if (this.#ending || this.closed) return false;
    if (this.#pendingBytes > PENDING_BYTES) {
      this.reset(new CausewayError('CW_BUSY', 'more was written than the other side takes'));
      return false;
    }
    if (this.#sendsAtOnce(bytes.length)) {
      if (bytes.length > 0) this.#sendFrame(bytes);
    } else if (bytes.length > 0) {
      this.#pending.push(bytes);
      this.#pendingBytes += bytes.length;
      if (this.#pending.length === 1) this.#sendPending(Infinity);
    }
    if (this.#pendingBytes === 0 && !this.#host.blocked) return true;
    this.#needDrain = true;
    if (this.#pendingBytes === 0) this.#host.wait(this);
    return false;
  }

  /** As `write`, for bytes that change afterwards: copied, but for what the frame's own slab copies anyway. */
  writeCopy(bytes: Uint8Array): boolean {
    return this.write(bytes.length <= COPY && this.#sendsAtOnce(bytes.length) ? bytes : Buffer.from(bytes));
  }

  #sendsAtOnce(length: number): boolean {
    return this.#pendingBytes === 0 && length <= Math.min(this.#sendWindow, MAX_FRAME) && !this.#host.blocked;
  }

  /** Sends FIN after everything written; the peer's data goes on. */
  end(): void {
    if (this.#ending || this.closed) return;
    this.#ending = true;
    this.#sendFin();
  }

  /** Ends both directions at once, drops what waits, and tells the peer. `onClose` gets `error`. */
  reset(error?: CausewayError): void {
    if (this.closed) return;
    this.#frame(Type.Data, Flag.Rst, 0);
    const reason = error ?? new CausewayError('CW_STREAM_RESET', 'this side reset the stream');
    this.#close(reason, this.remoteEnded ? 0 : this.#credit);
  }

  /** Data stays with the stream, at most its window, and credit is withheld. */
  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#deliverQueue();
  }

  /** For the tunnel: `preface` gets the first bytes. */
  setPreface(preface: Preface): void {
    this.#preface = preface;
  }

  // ---- for the session ----

  /** A data frame of `length` begins. @returns false when that is more than its window. */
  expect(length: number): boolean {
    if (length > this.#credit) return false;
    this.#credit -= length;
    return true;
  }

  get remoteEnded(): boolean {
    return this.#state === 'remote-ended' || this.#state === 'both-ended';
  }

  receive(part: Uint8Array): void {
    if (this.closed) return;
    let bytes = part;
    if (this.#preface !== null) {
      const rest = this.#preface.read(bytes);
      if (this.closed) return;
      this.#returnCredit(bytes.length - (rest?.length ?? 0));
      if (rest === null) return;
      this.#preface = null;
      bytes = rest;
      if (bytes.length === 0) return;
    }
    if (this.#paused || this.#onData === null || this.#delivering || this.#queue.bytes > 0) this.#keep(bytes);
    else this.#hand(bytes);
  }

  receiveFin(): void {
    if (this.closed) return;
    this.#changeState(this.#state === 'open' ? 'remote-ended' : 'both-ended');
    if (this.#preface !== null) {
      const preface = this.#preface;
      this.#preface = null;
      preface.ended(null);
    }
    this.#deliverQueue();
  }

  receiveRst(): void {
    this.#close(new CausewayError('CW_STREAM_RESET'), 0);
  }

  /** @returns false when the sum does not fit the wire format */
  receiveCredit(bytes: number): boolean {
    this.#sendWindow += bytes;
    if (this.#sendWindow > 0xffffffff) return false;
    if (this.#pendingBytes > 0) this.pump();
    return true;
  }

  /** @returns whether this was the peer's first ACK of the stream */
  takeFirstAck(): boolean {
    if (this.#ackSeen) return false;
    this.#ackSeen = true;
    return true;
  }

  /** Sends the ACK that nothing carried yet. */
  acknowledge(): void {
    if (this.#ackDue && !this.closed) this.#frame(Type.WindowUpdate, 0, 0);
  }

  sessionEnded(error: CausewayError): void {
    this.#close(error, 0);
  }

  /** Window or output has room: one frame, then the next stream's turn. */
  pump(): void {
    if (this.closed) return;
    this.#sendPending(1);
    if (this.#pendingBytes > 0) {
      if (this.#sendWindow > 0) this.#host.wait(this);
      return;
    }
    if (!this.#needDrain) return;
    if (this.#host.blocked) return this.#host.wait(this);
    this.#needDrain = false;
    this.onDrain?.();
  }

  // ---- inside ----

  #sendPending(frames: number): void {
    let left = frames;
    let sent = 0;
    while (sent < this.#pending.length && this.#sendWindow > 0 && left > 0 && !this.#host.blocked) {
      const bytes = this.#pending[sent] ?? new Uint8Array(0);
      const length = Math.min(bytes.length, this.#sendWindow, MAX_FRAME);
      this.#pendingBytes -= length;
      this.#sendFrame(length === bytes.length ? bytes : bytes.subarray(0, length));
      if (length === bytes.length) sent += 1;
      else this.#pending[sent] = bytes.subarray(length);
      left -= 1;
    }
    if (sent > 0) this.#pending.splice(0, sent);
    if (this.#pendingBytes > 0 && this.#sendWindow > 0 && this.#host.blocked) this.#host.wait(this);
    this.#sendFin();
  }

  #sendFrame(payload: Uint8Array): void {
    this.#sendWindow -= payload.length;
    this.#bytesOut += payload.length;
    this.#host.data(this.#takeAck(), this.id, payload);
  }

  #sendFin(): void {
    if (!this.#ending || this.#pendingBytes > 0) return;
    if (this.#state !== 'open' && this.#state !== 'remote-ended') return;
    this.#frame(Type.Data, Flag.Fin, 0);
    this.#changeState(this.#state === 'open' ? 'local-ended' : 'both-ended');
    this.#deliverQueue();
  }

  #frame(type: number, flags: number, length: number): void {
    this.#host.frame(type, flags | this.#takeAck(), this.id, length);
  }

  #takeAck(): number {
    if (!this.#ackDue) return 0;
    this.#ackDue = false;
    return Flag.Ack;
  }

  #hand(bytes: Uint8Array): void {
    this.#bytesIn += bytes.length;
    this.#delivering = true;
    try {
      this.#onData?.(bytes);
    } finally {
      this.#delivering = false;
    }
    this.#returnCredit(bytes.length);
  }

  #keep(bytes: Uint8Array): void {
    if (!this.#host.budget.hold(bytes.length)) {
      return this.reset(new CausewayError('CW_BUSY', 'paused streams hold as much memory as this process allows'));
    }
    this.#queue.push(bytes);
  }

  get #waiting(): boolean {
    return this.#queue.bytes > 0 || this.remoteEnded;
  }

  #deliverQueue(): void {
    if (this.#delivering || this.#preface !== null) return;
    while (!this.#paused && this.#onData !== null && !this.closed) {
      const bytes = this.#queue.shift();
      if (bytes === null) break;
      this.#host.budget.release(bytes.length);
      this.#hand(bytes);
    }
    if (this.#onData === null || this.#queue.bytes > 0 || !this.remoteEnded) return;
    if (!this.#endTold) {
      this.#endTold = true;
      this.onEnd?.();
    }
    if (this.#state === 'both-ended') this.#close(null, 0);
  }

  /**
   * Half a window at a time. A window that the peer keeps filling (twice measured bandwidth × delay is more than it)
   * doubles, as far as the process's budget goes.
   */
  #returnCredit(bytes: number): void {
    if (this.closed || this.remoteEnded) return;
    this.#consumed += bytes;
    if (this.#consumed < this.#window / 2) return;
    const now = this.#host.now();
    let growth = 0;
    const { rttMs } = this.#host;
    if (rttMs === null) this.#host.measureRtt();
    else if (this.#window < this.#host.maxWindowBytes) {
      const wanted = (2 * this.#consumed * rttMs) / Math.max(now - this.#creditedAt, 0.01);
      if (wanted > this.#window) {
        growth = this.#host.budget.raise(Math.min(this.#window, this.#host.maxWindowBytes - this.#window));
        this.#window += growth;
      }
    }
    this.#creditedAt = now;
    this.#credit += this.#consumed + growth;
    this.#frame(Type.WindowUpdate, 0, this.#consumed + growth);
    this.#consumed = 0;
  }

  #close(error: CausewayError | null, lateBytes: number): void {
    if (this.closed) return;
    this.#changeState('closed');
    this.#closeError = error;
    this.#pending = [];
    this.#pendingBytes = 0;
    this.#host.budget.release(this.#queue.bytes);
    this.#queue.clear();
    this.#host.budget.lower(this.#window - INITIAL_WINDOW);
    tunnelCounters.streams -= 1;
    this.#host.ended(this, lateBytes);
    const preface = this.#preface;
    this.#preface = null;
    preface?.ended(error);
    this.#tellClose();
  }

  #tellClose(): void {
    const handler = this.#onClose;
    this.#onClose = null;
    handler?.(this.#closeError);
  }

  #changeState(next: State): void {
    if (this.#state === 'closed') return;
    this.#state = next;
  }
}
