/**
 * Whether what this worker knows of revocations is current. Control beats once a second.
 *
 *     live --(5 s without a beat)--> stale --(15 min)--> lost
 *      ^                               |                  |
 *      +-------------- beat -----------+------------------+
 *
 * live: everything. stale: what is established goes on, nothing new is granted. lost: what was open is cut and
 * requests are refused, because nobody could tell us that they must not be served.
 */
export type FeedState = 'live' | 'stale' | 'lost';

const STALE_MS = 5_000;
const LOST_MS = 15 * 60_000;

export class Feed {
  readonly #now: () => number;
  #beatAt: number;
  #epoch = 0;

  constructor(now: () => number) {
    this.#now = now;
    this.#beatAt = Number.NEGATIVE_INFINITY;
  }

  get epoch(): number {
    return this.#epoch;
  }

  get state(): FeedState {
    const age = this.#now() - this.#beatAt;
    if (age < STALE_MS) return 'live';
    return age < LOST_MS ? 'stale' : 'lost';
  }

  /** @returns false when revocations were missed: everything must be read again */
  beat(epoch: number): boolean {
    if (epoch > this.#epoch) return false;
    this.#beatAt = this.#now();
    return true;
  }

  /** A revocation that was acted on, or a state read whole. */
  advance(epoch: number): void {
    this.#epoch = Math.max(this.#epoch, epoch);
    this.#beatAt = this.#now();
  }
}
