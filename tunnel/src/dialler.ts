import { type CausewayError, LIMITS } from '@causeway/contract';
import { explainTlsError } from './tls-error.ts';

const FIRST_MS = 250;
const LAST_MS = 30_000;
/** A connection that lasted this long was a good one: after it the waiting begins anew. */
const HELD_MS = LIMITS.keepAliveIntervalMs;

/**
 *     idle --start()--> dialling --connected--> up --closed--> waiting --timer--> dialling
 *                          |  ^                 | ^                ^
 *                          |  +--------------+  | +--connected--+  |
 *                          |   closed, while |  v               |  |
 *                          |       dialling  replacing ---------+  |
 *                          +--failed-------------------------------+   (replacing, failed: tries again, still up)
 *     any --stop()--> stopped, which is final
 */
export type DiallerState = 'idle' | 'dialling' | 'up' | 'waiting' | 'replacing' | 'stopped';

export interface DiallerOptions<T> {
  readonly dial: (signal: AbortSignal) => Promise<T>;
  /** Resolves, never rejects, when the connection has ended. */
  readonly closed: (connection: T) => Promise<CausewayError | null>;
  /** `previous` is what the connection replaces after `replace()`: let its streams end, then close it. */
  readonly onUp: (connection: T, previous: T | null) => void;
  /** The connection ended, or an attempt failed; the next begins after `retryMs`. */
  readonly onDown: (error: CausewayError | null, retryMs: number) => void;
  /** Ends a connection that was made after `stop()`. */
  readonly discard: (connection: T) => void;
  readonly random?: () => number;
  /** Milliseconds, monotonic. */
  readonly now?: () => number;
  readonly timers?: DiallerTimers;
}

export interface DiallerTimers {
  /** @returns what takes the timer back */
  set(fire: () => void, ms: number): () => void;
}

const realTimers: DiallerTimers = {
  set(fire, ms) {
    const timer = setTimeout(fire, ms);
    return () => clearTimeout(timer);
  },
};

/**
 * Keeps one connection up and never gives up: back-off with full jitter from 0.25 s to 30 s, so that a thousand
 * publishers do not come back in one moment; make before break when told to `replace()`.
 */
export class Dialler<T> {
  readonly #options: DiallerOptions<T>;
  readonly #random: () => number;
  readonly #now: () => number;
  readonly #timers: DiallerTimers;
  #state: DiallerState = 'idle';
  #current: T | null = null;
  #upAt = 0;
  #failures = 0;
  #abort: AbortController | null = null;
  #clearTimer: (() => void) | null = null;

  constructor(options: DiallerOptions<T>) {
    this.#options = options;
    this.#random = options.random ?? Math.random;
    this.#now = options.now ?? (() => performance.now());
    this.#timers = options.timers ?? realTimers;
  }

  get state(): DiallerState {
    return this.#state;
  }

  get current(): T | null {
    return this.#current;
  }

  start(): void {
    if (this.#state !== 'idle') return;
    this.#changeState('dialling');
    this.#dial();
  }

  /** Dials a second connection while the current one still serves. Nothing happens where none is up. */
  replace(): void {
    if (this.#state !== 'up') return;
    this.#failures = 0;
    this.#changeState('replacing');
    this.#dial();
  }

  /** Gives up an attempt under way. The current connection is left to its owner. */
  stop(): void {
    this.#changeState('stopped');
    this.#clearTimer?.();
    this.#abort?.abort();
    this.#current = null;
  }

  #dial(): void {
    const abort = new AbortController();
    this.#abort = abort;
    this.#clearTimer = null;
    this.#options.dial(abort.signal).then(
      (connection) => this.#connected(connection),
      (error: unknown) => this.#failed(explainTlsError(error instanceof Error ? error : new Error(String(error)))),
    );
  }

  #connected(connection: T): void {
    this.#abort = null;
    if (this.#state === 'stopped') return this.#options.discard(connection);
    const previous = this.#current;
    this.#current = connection;
    this.#upAt = this.#now();
    this.#changeState('up');
    void this.#options.closed(connection).then((error) => this.#ended(connection, error));
    this.#options.onUp(connection, previous);
  }

  #failed(error: CausewayError): void {
    this.#abort = null;
    if (this.#state === 'stopped') return;
    const retryMs = this.#retry();
    if (this.#state === 'replacing') return;
    this.#changeState('waiting');
    this.#options.onDown(error, retryMs);
  }

  #ended(connection: T, error: CausewayError | null): void {
    if (this.#state === 'stopped' || this.#current !== connection) return;
    this.#current = null;
    if (this.#state === 'replacing') {
      // The next one is on its way already.
      this.#changeState(this.#abort === null ? 'waiting' : 'dialling');
      this.#options.onDown(error, 0);
      return;
    }
    if (this.#now() - this.#upAt >= HELD_MS) this.#failures = 0;
    const retryMs = this.#retry();
    this.#changeState('waiting');
    this.#options.onDown(error, retryMs);
  }

  #retry(): number {
    const ceiling = Math.min(LAST_MS, FIRST_MS * 2 ** Math.min(this.#failures, 16));
    this.#failures += 1;
    const retryMs = this.#random() * ceiling;
    this.#clearTimer = this.#timers.set(() => {
      if (this.#state === 'waiting') this.#changeState('dialling');
      this.#dial();
    }, retryMs);
    return retryMs;
  }

  #changeState(next: DiallerState): void {
    if (this.#state !== 'stopped') this.#state = next;
  }
}
