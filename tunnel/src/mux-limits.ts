import { LIMITS } from '@causeway/contract';

/** What one session allows its peer and itself. Bytes, counts and milliseconds, as the names say. */
export interface MuxLimits {
  /** Streams open at once; one more is reset, and a peer that goes on opening is closed. */
  readonly streams: number;
  /** To what a stream's receive window may grow. */
  readonly maxWindowBytes: number;
  readonly keepAliveIntervalMs: number;
  readonly keepAliveTimeoutMs: number;
  /** How long the header that begins a stream may take. */
  readonly openHeaderMs: number;
  /** Streams whose header has not come yet. */
  readonly pendingOpens: number;
}

export const MUX_LIMITS: MuxLimits = {
  streams: LIMITS.streamsPerTunnel,
  maxWindowBytes: LIMITS.maxWindowBytes,
  keepAliveIntervalMs: LIMITS.keepAliveIntervalMs,
  keepAliveTimeoutMs: LIMITS.keepAliveTimeoutMs,
  openHeaderMs: LIMITS.openHeaderMs,
  pendingOpens: 1024,
};

/**
 * The process-wide memory of receive windows. Two things draw on `limitBytes`, each up to it: what windows were
 * raised by above the initial one (not granted beyond), and what paused streams really hold (the stream that would
 * go beyond is reset). Initial windows are promised by the wire format to every stream, 16,384 of them a tunnel,
 * which is why holding has a limit of its own.
 */
export class WindowBudget {
  limitBytes: number;
  #raised = 0;
  #held = 0;

  constructor(limitBytes: number) {
    this.limitBytes = limitBytes;
  }

  get raisedBytes(): number {
    return this.#raised;
  }

  get heldBytes(): number {
    return this.#held;
  }

  /** @returns how much of `bytes` a window may grow by */
  raise(bytes: number): number {
    const granted = Math.max(0, Math.min(bytes, this.limitBytes - this.#raised));
    this.#raised += granted;
    return granted;
  }

  lower(bytes: number): void {
    this.#raised -= bytes;
  }

  /** @returns false, having taken nothing, where the limit would be passed */
  hold(bytes: number): boolean {
    if (this.#held + bytes > this.limitBytes) return false;
    this.#held += bytes;
    return true;
  }

  release(bytes: number): void {
    this.#held -= bytes;
  }
}

/** 256 MiB unless the process sets `limitBytes` at its start. */
export const windowBudget = new WindowBudget(256 * 1024 * 1024);
