import type { Duplex } from 'node:stream';
import { CausewayError, checkOpenHeader, encodeOpenHeader, LIMITS, type OpenHeader } from '@causeway/contract';
import { tunnelCounters } from './counters.ts';
import { MUX_LIMITS, type MuxLimits } from './mux-limits.ts';
import { MuxSession } from './mux-session.ts';
import type { MuxStream } from './mux-stream.ts';
import { awaitAnswer } from './open-answer.ts';
import { type OpenRequest, readOpenRequest } from './open-request.ts';
import { explainTlsError } from './tls-error.ts';

/** The acceptor may have to connect to the target before it answers. */
const ANSWER_MS = LIMITS.connectMs + 5_000;
/** How long the last frames may take to leave before the transport is cut. */
const LINGER_MS = 1_000;

export interface TunnelOptions {
  readonly role: 'client' | 'server';
  readonly onOpen: (request: OpenRequest) => void;
  /** Once. Null where both sides agreed to end. */
  readonly onClosed: (error: CausewayError | null) => void;
  /** The other side drains: no new streams; dial elsewhere first. */
  readonly onGoAway?: () => void;
  readonly limits?: Partial<MuxLimits>;
}

/**
 * A mux session over a socket (TLS, or TLS inside a WebSocket). Every stream begins with an open header and its answer.
 * Owns the socket: `close()` drains and ends it, `destroy()` ends it now.
 */
export class Tunnel {
  readonly #socket: Duplex;
  readonly #options: TunnelOptions;
  readonly #limits: MuxLimits;
  readonly #session: MuxSession;
  readonly #ticker: NodeJS.Timeout;
  readonly #socketClosed: Promise<void>;
  #onIdle: (() => void) | null = null;
  #pendingOpens = 0;
  #peerDrains = false;
  #closing: Promise<void> | null = null;

  constructor(socket: Duplex, options: TunnelOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#limits = { ...MUX_LIMITS, ...options.limits };
    this.#session = new MuxSession({
      role: options.role,
      limits: this.#limits,
      now: () => performance.now(),
      output: (chunks) => this.#write(chunks),
      onStream: (stream) => this.#accept(stream),
      onClosed: (error) => this.#ended(error),
      onGoAway: () => {
        this.#peerDrains = true;
        options.onGoAway?.();
      },
      onIdle: () => this.#onIdle?.(),
      admits: () => this.#pendingOpens < this.#limits.pendingOpens,
      // Not the next tick, which comes after every socket's event: one write for all that one poll brought.
      schedule: (run) => setImmediate(run),
    });
    const { keepAliveIntervalMs, keepAliveTimeoutMs } = this.#limits;
    this.#ticker = setInterval(
      () => this.#session.tick(),
      Math.min(1_000, keepAliveIntervalMs / 4, keepAliveTimeoutMs / 4),
    ).unref();
    this.#socketClosed = this.#listen();
  }

  get streams(): number {
    return this.#session.streams;
  }

  get rttMs(): number | null {
    return this.#session.rttMs;
  }

  get closed(): boolean {
    return this.#session.closed;
  }

  /**
   * Resolves when the acceptor answered ok; rejects with its code (its notice as the message), `CW_OPEN_TIMEOUT`,
   * `CW_MUX_STREAMS` or `CW_TUNNEL_CLOSED`.
   */
  async open(header: OpenHeader, timeoutMs: number = ANSWER_MS): Promise<MuxStream> {
    const { stream, opened } = this.openEager(header, timeoutMs);
    await opened;
    return stream;
  }

  /**
   * As `open`, but data may be written at once. A refusal rejects `opened` and resets the stream, whose `onClose` gets
   * the code; nothing the other side sent is delivered before its ok. Throws where no stream can be opened at all.
   */
  openEager(header: OpenHeader, timeoutMs: number = ANSWER_MS): { stream: MuxStream; opened: Promise<void> } {
    const bytes = encodeOpenHeader(checkOpenHeader(header));
    const stream = this.#session.open();
    if (header.kind === 'control') this.#session.putInBackground(stream);
    const opened = awaitAnswer(stream, timeoutMs);
    opened.catch(() => {}); // whoever only watches the stream is told by its onClose
    stream.write(bytes);
    return { stream, opened };
  }

  /** Opens no more streams and takes none; those that are open go on. */
  goAway(): void {
    this.#session.goAway();
  }

  /** Drains: waits for the open streams but the control stream, at most `LIMITS.drainMs`, then ends. Resolves when the socket is closed. */
  close(): Promise<void> {
    this.#closing ??= this.#drain();
    return this.#closing;
  }

  /** Ends everything now; the streams' `onClose` gets `error` or `CW_TUNNEL_CLOSED`. */
  destroy(error?: CausewayError): void {
    this.#session.close(error ?? null);
  }

  async #drain(): Promise<void> {
    this.#session.goAway();
    if (this.#session.busy > 0 && !this.#session.closed) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, LIMITS.drainMs);
        this.#onIdle = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    this.#session.close();
    await this.#socketClosed;
  }

  #accept(stream: MuxStream): void {
    this.#pendingOpens += 1;
    const onRequest = (request: OpenRequest): void => {
      if (request.header.kind === 'control') this.#session.putInBackground(stream);
      this.#options.onOpen(request);
    };
    readOpenRequest(stream, this.#limits.openHeaderMs, onRequest, () => {
      this.#pendingOpens -= 1;
    });
  }

  #write(chunks: Uint8Array[]): boolean {
    const socket = this.#socket;
    if (!socket.writable) return true;
    socket.cork();
    let more = true;
    for (const chunk of chunks) more = socket.write(chunk);
    socket.uncork();
    return more;
  }

  #listen(): Promise<void> {
    const socket = this.#socket;
    if ('setNoDelay' in socket && typeof socket.setNoDelay === 'function') socket.setNoDelay(true);
    const gone = (error?: Error): void => {
      const agreed = error === undefined && (this.#peerDrains || this.#closing !== null) && this.#session.busy === 0;
      this.#session.transportEnded(agreed ? null : explainTlsError(error));
    };
    if (socket.destroyed) {
      process.nextTick(gone);
      return Promise.resolve();
    }
    tunnelCounters.sockets += 1;
    socket.on('data', (chunk: Uint8Array) => this.#session.receive(chunk));
    socket.on('drain', () => this.#session.outputDrained());
    socket.on('end', () => gone());
    socket.on('error', gone);
    return new Promise((resolve) => {
      socket.once('close', () => {
        tunnelCounters.sockets -= 1;
        gone();
        resolve();
      });
    });
  }

  /** Lets the last frames out, reading and dropping what still comes: unread bytes would make TCP discard them. */
  #ended(error: CausewayError | null): void {
    clearInterval(this.#ticker);
    this.#onIdle?.();
    const socket = this.#socket;
    if (!socket.destroyed) {
      if (socket.readableEnded || socket.writableEnded) socket.destroy();
      else {
        const timer = setTimeout(() => socket.destroy(), LINGER_MS).unref();
        socket.once('close', () => clearTimeout(timer));
        socket.once('end', () => socket.destroy());
        socket.end();
        socket.resume();
      }
    }
    this.#options.onClosed(error);
  }
}
