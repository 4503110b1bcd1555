/**
 * A token bucket over frames that cost us work and the peer almost nothing: pings, resets, empty frames, streams
 * beyond the limit, control messages. A well-behaved peer stays far below it: thousands in a burst, 2,000 points a second for ever.
 */
const BURST = 8_192;
const PER_MS = 2;

export const Cost = { Empty: 2, Reset: 2, RefusedStream: 4, Ping: 8, Message: 16, GoAway: 64 } as const;

export class FloodBudget {
  readonly #now: () => number;
  #points = BURST;
  #at: number;

  constructor(now: () => number) {
    this.#now = now;
    this.#at = now();
  }

  /** @returns false when the peer has sent more than a well-behaved one does */
  charge(points: number): boolean {
    if (this.#points < points) {
      const now = this.#now();
      this.#points = Math.min(BURST, this.#points + (now - this.#at) * PER_MS);
      this.#at = now;
    }
    this.#points -= points;
    return this.#points >= 0;
  }
}
