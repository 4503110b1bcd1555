import { CausewayError, ERRORS, type ErrorCode } from '@causeway/contract';
import { tunnelCounters } from './counters.ts';
import { Cost, FloodBudget } from './flood-budget.ts';
import { FrameReader, type FrameSink } from './frame-reader.ts';
import { FrameWriter } from './frame-writer.ts';
import { Flag, GoAwayCode, INITIAL_WINDOW, Type } from './frame.ts';
import { MUX_LIMITS, type MuxLimits, windowBudget, type WindowBudget } from './mux-limits.ts';
import type { MuxSessionOptions } from './mux-session-options.ts';
import { MuxStream } from './mux-stream.ts';
import { RoundTrip } from './round-trip.ts';
import type { StreamHost } from './stream-host.ts';

/** Frames of one turn beyond this wait for the flush, so that one turn never frames a whole window of every stream. */
const TURN_BYTES = 256 * 1024;
/** Answers and credit that may pile up while the peer reads nothing. */
const BLOCKED_BYTES = 1024 * 1024;
const LAST_ID = 0xfffffffd;

/**
 * A yamux session without I/O: bytes in by `receive`, bytes out by `output`, time by `now` and `tick`. What breaks the
 * wire format or its limits ends the session with the code for it, decided from the header, before a byte is kept.
 */
export class MuxSession implements StreamHost<MuxStream>, FrameSink {
  readonly budget: WindowBudget;
  readonly #options: MuxSessionOptions;
  readonly #limits: MuxLimits;
  readonly #reader: FrameReader;
  readonly #writer = new FrameWriter();
  readonly #flood: FloodBudget;
  readonly #roundTrip: RoundTrip;
  readonly #streams = new Map<number, MuxStream>();
  readonly #waiting = new Set<MuxStream>();
  readonly #background = new Set<MuxStream>();
  #unacknowledged: MuxStream[] = [];
  #nextId: number;
  #peerId: number;
  /** Of data frames: whose payload is coming, null for one that is skipped. */
  #target: MuxStream | null = null;
  #targetEnds = false;
  /** What peers may still send on streams that we reset. */
  #lateBytes = 0;
  /** Streams that ended here and whose FIN or RST may still be on its way. */
  #lateEnds = 0;
  #outputBlocked = false;
  #flushing = false;
  #scheduled = false;
  #draining = false;
  #peerDraining = false;
  #closed = false;

  constructor(options: MuxSessionOptions) {
    this.#options = options;
    const limits = { ...MUX_LIMITS, ...options.limits };
    this.#limits = { ...limits, maxWindowBytes: Math.max(INITIAL_WINDOW, limits.maxWindowBytes) };
    this.budget = options.budget ?? windowBudget;
    this.#nextId = options.firstId ?? (options.role === 'client' ? 1 : 2);
    this.#peerId = options.role === 'client' ? 0 : -1;
    this.#reader = new FrameReader(this);
    this.#flood = new FloodBudget(options.now);
    this.#roundTrip = new RoundTrip(options.now, this.#limits);
    tunnelCounters.sessions += 1;
  }

  get streams(): number {
    return this.#streams.size;
  }

  /** Streams that a drain waits for. */
  get busy(): number {
    return this.#streams.size - this.#background.size;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** The last round trip by ping, null before the first answer. */
  get rttMs(): number | null {
    return this.#roundTrip.rttMs;
  }

  get maxWindowBytes(): number {
    return this.#limits.maxWindowBytes;
  }

  /** Whether framing more data should wait. */
  get blocked(): boolean {
    return this.#outputBlocked || this.#writer.bytes >= TURN_BYTES;
  }

  now(): number {
    return this.#options.now();
  }

  /**
   * Throws `CW_TUNNEL_CLOSED` when closed or draining, `CW_MUX_STREAMS` at the limit. A session whose ids are used up
   * drains on both sides, so that another takes over.
   */
  open(): MuxStream {
    if (this.#nextId > LAST_ID && !this.#closed) this.#exhausted();
    if (this.#closed || this.#draining || this.#peerDraining) {
      throw new CausewayError('CW_TUNNEL_CLOSED');
    }
    if (this.#streams.size >= this.#limits.streams) throw new CausewayError('CW_MUX_STREAMS');
    const stream = new MuxStream(this, this.#nextId, false);
    this.#nextId += 2;
    this.#streams.set(stream.id, stream);
    // At once, not with the first data: peers expect ids in order.
    this.frame(Type.WindowUpdate, Flag.Syn, stream.id, 0);
    return stream;
  }

  receive(bytes: Uint8Array): void {
    if (this.#closed) return;
    this.#roundTrip.heard();
    const code = this.#reader.push(bytes);
    if (code !== null) this.close(new CausewayError(code));
    else if (this.#outputBlocked && this.#writer.bytes > BLOCKED_BYTES) this.close(new CausewayError('CW_MUX_FLOOD'));
  }

  /** The transport takes more after `output` returned false. */
  outputDrained(): void {
    if (this.#closed) return;
    this.#outputBlocked = false;
    this.#flush();
  }

  /** Call it every second or so: keep-alive and its timeout. */
  tick(): void {
    if (this.#closed) return;
    if (this.#roundTrip.lost) return this.close(new CausewayError('CW_MUX_TIMEOUT'));
    if (this.#roundTrip.due) this.measureRtt();
  }

  /** For streams that live as long as the session, as the control stream does. */
  putInBackground(stream: MuxStream): void {
    if (stream.closed) return;
    this.#background.add(stream);
    if (this.busy === 0) this.#options.onIdle?.();
  }

  /** Opens no more streams and refuses the peer's; those that are open go on. */
  goAway(): void {
    if (this.#closed || this.#draining) return;
    this.#draining = true;
    this.frame(Type.GoAway, 0, 0, GoAwayCode.Normal);
  }

  /** Tells the peer why, ends every stream, and is final. */
  close(error: CausewayError | null = null): void {
    if (this.#closed) return;
    const code = error === null ? GoAwayCode.Normal : goAwayCode(error.code);
    if (!this.#draining || code !== GoAwayCode.Normal) this.#writer.frame(Type.GoAway, 0, 0, code);
    if (this.#writer.bytes > 0) this.#options.output(this.#writer.take());
    this.transportEnded(error);
  }

  /** As `close`, where nothing can be sent any more. */
  transportEnded(error: CausewayError | null): void {
    if (this.#closed) return;
    this.#closed = true;
    tunnelCounters.sessions -= 1;
    const reason = error ?? new CausewayError('CW_TUNNEL_CLOSED');
    for (const stream of this.#streams.values()) stream.sessionEnded(reason);
    this.#streams.clear();
    this.#waiting.clear();
    this.#background.clear();
    this.#options.onClosed(error);
  }

  // ---- StreamHost ----

  frame(type: number, flags: number, id: number, length: number): void {
    if (this.#closed) return;
    this.#writer.frame(type, flags, id, length);
    this.#scheduleFlush();
  }

  data(flags: number, id: number, payload: Uint8Array): void {
    if (this.#closed) return;
    this.#writer.data(flags, id, payload);
    this.#scheduleFlush();
  }

  wait(stream: MuxStream): void {
    this.#waiting.add(stream);
  }

  measureRtt(): void {
    const ping = this.#roundTrip.begin();
    if (ping !== null) this.frame(Type.Ping, Flag.Syn, 0, ping);
  }

  later(run: () => void): void {
    (this.#options.schedule ?? queueMicrotask)(run);
  }

  ended(stream: MuxStream, lateBytes: number): void {
    this.#lateBytes += lateBytes;
    this.#lateEnds += 1;
    this.#waiting.delete(stream);
    this.#background.delete(stream);
    if (this.#streams.delete(stream.id) && this.busy === 0 && !this.#closed) this.#options.onIdle?.();
  }

  // ---- FrameSink ----

  header(type: number, flags: number, id: number, length: number): ErrorCode | null {
    if (flags > 15) return 'CW_MUX_FLAGS';
    if (type === Type.Ping) return this.#ping(flags, id, length);
    if (type === Type.GoAway) return this.#goneAway(flags, id, length);
    if (id === 0) return 'CW_MUX_STREAM_ID';
    if (type === Type.Data && length > this.#limits.maxWindowBytes) return 'CW_MUX_WINDOW';
    if ((flags & Flag.Rst) !== 0) return this.#reset(type, flags, id, length);
    if ((flags & Flag.Syn) !== 0) {
      const code = this.#admit(flags, id);
      if (code !== null) return code;
    } else if (!this.#known(id)) return 'CW_MUX_STREAM_ID';
    const stream = this.#streams.get(id) ?? null;
    if ((flags & Flag.Ack) !== 0 && this.#isTheirs(id)) return 'CW_MUX_FLAGS';
    return type === Type.Data ? this.#data(stream, flags, length) : this.#credit(stream, flags, length);
  }

  payload(part: Uint8Array): void {
    this.#target?.receive(part);
  }

  payloadEnd(): void {
    const stream = this.#target;
    this.#target = null;
    if (this.#targetEnds) stream?.receiveFin();
  }

  // ---- inside ----

  #admit(flags: number, id: number): ErrorCode | null {
    if ((flags & Flag.Ack) !== 0) return 'CW_MUX_FLAGS';
    if (!this.#isTheirs(id) || id <= this.#peerId) return 'CW_MUX_STREAM_ID';
    this.#peerId = id;
    const admitted = this.#streams.size < this.#limits.streams && (this.#options.admits?.() ?? true);
    if (this.#draining || !admitted) {
      if (!this.#flood.charge(Cost.RefusedStream)) return 'CW_MUX_STREAMS';
      this.#lateBytes += INITIAL_WINDOW;
      this.#lateEnds += 1;
      this.frame(Type.WindowUpdate, Flag.Rst, id, 0);
      return null;
    }
    const stream = new MuxStream(this, id, true);
    this.#streams.set(id, stream);
    this.#unacknowledged.push(stream);
    this.#scheduleFlush();
    this.#options.onStream(stream);
    return null;
  }

  /** Whether the id was ever opened; frames for one that is closed are late, not wrong. */
  #known(id: number): boolean {
    return this.#isTheirs(id) ? id <= this.#peerId : id < this.#nextId;
  }

  #data(stream: MuxStream | null, flags: number, length: number): ErrorCode | null {
    this.#target = stream;
    this.#targetEnds = (flags & Flag.Fin) !== 0;
    if (length === 0 && !this.#mayBeEmpty(stream, flags)) return 'CW_MUX_FLOOD';
    if (stream === null) {
      if (length > this.#lateBytes) return 'CW_MUX_WINDOW';
      this.#lateBytes -= length;
      return null;
    }
    if (stream.remoteEnded && (length > 0 || this.#targetEnds)) return 'CW_MUX_FLAGS';
    return stream.expect(length) ? null : 'CW_MUX_WINDOW';
  }

  #credit(stream: MuxStream | null, flags: number, length: number): ErrorCode | null {
    if (length === 0 && !this.#mayBeEmpty(stream, flags)) return 'CW_MUX_FLOOD';
    if (stream === null) return null;
    if (!stream.receiveCredit(length)) return 'CW_MUX_WINDOW';
    if ((flags & Flag.Fin) === 0) return null;
    if (stream.remoteEnded) return 'CW_MUX_FLAGS';
    stream.receiveFin();
    return null;
  }

  #reset(type: number, flags: number, id: number, length: number): ErrorCode | null {
    if ((flags & Flag.Syn) !== 0 || (type === Type.Data && length > 0)) return 'CW_MUX_FLAGS';
    if (!this.#known(id)) return 'CW_MUX_STREAM_ID';
    this.#target = null;
    const stream = this.#streams.get(id);
    // What was answered, or opened by us, is bounded by our own work; what never got that far costs the peer nothing.
    const cheap = stream === undefined ? !this.#takeLateEnd() : this.#isTheirs(id) && stream.bytesOut === 0;
    if (cheap && !this.#flood.charge(Cost.Reset)) return 'CW_MUX_FLOOD';
    stream?.receiveRst();
    return null;
  }

  /** Frames without payload or credit: SYN, the ACK of ours and one end per stream are due, all others are charged. */
  #mayBeEmpty(stream: MuxStream | null, flags: number): boolean {
    if ((flags & Flag.Syn) !== 0) return true;
    if ((flags & Flag.Fin) !== 0 && (stream !== null || this.#takeLateEnd())) return true;
    if ((flags & Flag.Ack) !== 0 && stream?.takeFirstAck() === true) return true;
    return this.#flood.charge(Cost.Empty);
  }

  #takeLateEnd(): boolean {
    if (this.#lateEnds === 0) return false;
    this.#lateEnds -= 1;
    return true;
  }

  #isTheirs(id: number): boolean {
    return (id & 1) !== (this.#nextId & 1);
  }

  #exhausted(): void {
    if (this.#draining) return;
    this.goAway();
    this.#options.onGoAway?.();
  }

  #ping(flags: number, id: number, opaque: number): ErrorCode | null {
    if (id !== 0) return 'CW_MUX_STREAM_ID';
    if (flags === Flag.Ack) {
      if (this.#roundTrip.answered(opaque)) return null;
      return this.#flood.charge(Cost.Ping) ? null : 'CW_MUX_FLOOD';
    }
    if (flags !== Flag.Syn) return 'CW_MUX_FLAGS';
    if (!this.#flood.charge(Cost.Ping)) return 'CW_MUX_FLOOD';
    this.frame(Type.Ping, Flag.Ack, 0, opaque);
    return null;
  }

  #goneAway(flags: number, id: number, code: number): ErrorCode | null {
    if (id !== 0) return 'CW_MUX_STREAM_ID';
    if (flags !== 0) return 'CW_MUX_FLAGS';
    if (!this.#flood.charge(Cost.GoAway)) return 'CW_MUX_FLOOD';
    if (code !== GoAwayCode.Normal) {
      const why = code === GoAwayCode.ProtocolError ? 'it saw a protocol error' : `its code is ${code}`;
      this.transportEnded(new CausewayError('CW_TUNNEL_CLOSED', `the other side ended the tunnel: ${why}`));
      return null;
    }
    if (!this.#peerDraining) {
      this.#peerDraining = true;
      this.#options.onGoAway?.();
    }
    return null;
  }

  #scheduleFlush(): void {
    if (this.#scheduled || this.#outputBlocked || this.#flushing) return;
    this.#scheduled = true;
    this.later(() => {
      this.#scheduled = false;
      this.#flush();
    });
  }

  /** Everything framed goes out; then streams that waited take turns, a frame each, until the output is full. */
  #flush(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    while (!this.#closed && !this.#outputBlocked) {
      const unacknowledged = this.#unacknowledged;
      if (unacknowledged.length > 0) {
        this.#unacknowledged = [];
        for (const stream of unacknowledged) stream.acknowledge();
      }
      for (const stream of this.#waiting) {
        if (this.blocked) break;
        this.#waiting.delete(stream);
        stream.pump();
      }
      if (this.#closed || this.#writer.bytes === 0) break;
      if (!this.#options.output(this.#writer.take())) this.#outputBlocked = true;
    }
    this.#flushing = false;
  }
}

function goAwayCode(code: ErrorCode): number {
  const entry = ERRORS[code];
  return 'goAway' in entry ? entry.goAway : GoAwayCode.Normal;
}
