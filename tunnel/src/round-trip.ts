import type { MuxLimits } from './mux-limits.ts';

/** Answers behind a full queue come late, but not that late: who only ever sends and reads nothing is cut. */
const LONGEST = 12;

/**
 * Pings of one session: how far away the peer is and whether it is still there. A peer counts as lost when a ping has
 * no answer and nothing else came either for the timeout (an answer may be stuck behind a long download), or no answer
 * for twelve times that, whatever else came.
 */
export class RoundTrip {
  readonly #now: () => number;
  readonly #limits: MuxLimits;
  #next = 1;
  #sentAt: number | null = null;
  #lastAt: number;
  #heardAt: number;
  #rttMs: number | null = null;

  constructor(now: () => number, limits: MuxLimits) {
    this.#now = now;
    this.#limits = limits;
    this.#lastAt = now();
    this.#heardAt = this.#lastAt;
  }

  get rttMs(): number | null {
    return this.#rttMs;
  }

  get due(): boolean {
    return this.#sentAt === null && this.#now() - this.#lastAt >= this.#limits.keepAliveIntervalMs;
  }

  get lost(): boolean {
    if (this.#sentAt === null) return false;
    const timeoutMs = this.#limits.keepAliveTimeoutMs;
    const now = this.#now();
    return now - Math.max(this.#sentAt, this.#heardAt) >= timeoutMs || now - this.#sentAt >= LONGEST * timeoutMs;
  }

  /** Anything came from the peer. */
  heard(): void {
    this.#heardAt = this.#now();
  }

  /** @returns the opaque value of the ping to send, null while one is under way */
  begin(): number | null {
    if (this.#sentAt !== null) return null;
    this.#sentAt = this.#now();
    this.#lastAt = this.#sentAt;
    this.#next = (this.#next + 1) >>> 0;
    return this.#next;
  }

  /** @returns false for an answer that nobody waits for */
  answered(opaque: number): boolean {
    if (this.#sentAt === null || opaque !== this.#next) return false;
    const sample = this.#now() - this.#sentAt;
    this.#sentAt = null;
    // Falls at once, rises slowly: a sample taken behind a full queue must not inflate windows.
    this.#rttMs = this.#rttMs === null || sample < this.#rttMs ? sample : this.#rttMs + (sample - this.#rttMs) / 8;
    return true;
  }
}
