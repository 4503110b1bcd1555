import type { CausewayError } from '@causeway/contract';

export type DiallerState = 'idle' | 'dialling' | 'up' | 'waiting' | 'stopped';

export interface DiallerOptions<T> {
  readonly dial: (signal: AbortSignal) => Promise<T>;
  /** Resolves when the connection has ended. */
  readonly closed: (connection: T) => Promise<CausewayError | null>;
  /** `previous` is what the new connection replaces after `replace()`: let its streams end, then close it. */
  readonly onUp: (connection: T, previous: T | null) => void;
  /** The connection ended, or an attempt failed; the next begins after `retryMs`. */
  readonly onDown: (error: CausewayError | null, retryMs: number) => void;
  readonly random?: () => number;
  readonly now?: () => number;
  readonly timers?: { set(fire: () => void, ms: number): unknown; clear(timer: unknown): void };
}

export class Dialler<T> {
  readonly state: DiallerState = 'idle';
  readonly current: T | null = null;
  constructor(_options: DiallerOptions<T>) {}
  start(): void {}
  /** Dials a second connection while the current one still serves (make before break). */
  replace(): void {}
  /** Final. The current connection is left to its owner. */
  stop(): void {}
}
