/**
 * Whether what this worker knows of revocations is current. Control beats once a second, and says with each beat whether
 * the store answers it: without it control knows nothing new either.
 *
 *     live --(5 s without a beat, or a beat that says: store lost)--> stale --(grace)--> lost
 *      ^                                                                |                 |
 *      +---------------------- beat with a store ------------------------+-----------------+
 *
 * live: everything. stale: what is established goes on, nothing new is granted. lost: what was open is cut and
 * requests are refused, because nobody could tell us that they must not be served. A rule may have a grace of its own.
 */
export type FeedState = 'live' | 'stale' | 'lost';

const STALE_MS = 5_000;

export class Feed {
  readonly #now: () => number;
  readonly #graceMs: () => number;
  #beatAt: number;
  #epoch = 0;
  #storeLost = false;
  /** Control could not say what is live when it was asked. */
  #unread = true;

  /** @param graceMs how long established access goes on without news; of rules that say nothing else */
  constructor(now: () => number, graceMs: () => number) {
    this.#now = now;
    this.#graceMs = graceMs;
    this.#beatAt = Number.NEGATIVE_INFINITY;
  }

  get epoch(): number {
    return this.#epoch;
  }

  get state(): FeedState {
    if (!this.#storeLost && this.ageMs < STALE_MS) return 'live';
    return this.holds(this.#graceMs()) ? 'stale' : 'lost';
  }

  /** How old our knowledge is. */
  get ageMs(): number {
    return this.#now() - this.#beatAt;
  }

  /** What a person or program is told for whom nothing new begins. */
  get code(): 'CW_STORE_LOST' | 'CW_RPC_CLOSED' {
    return this.#storeLost ? 'CW_STORE_LOST' : 'CW_RPC_CLOSED';
  }

  /** Whether established access with this grace still goes on. */
  holds(graceMs: number): boolean {
    return (!this.#storeLost && this.ageMs < STALE_MS) || this.ageMs < graceMs;
  }

  /**
   * @param storeLostMs how long the store has not answered control; `null` while it does
   * @returns false when revocations were missed: everything must be read again
   */
  beat(epoch: number, storeLostMs: number | null = null): boolean {
    if (storeLostMs !== null) {
      this.#lose(storeLostMs);
      return true;
    }
    if (epoch > this.#epoch || this.#unread) return false;
    this.#live();
    return true;
  }

  /** A revocation that was acted on. It says nothing of those before it, nor of the store. */
  heard(epoch: number): void {
    this.#epoch = Math.max(this.#epoch, epoch);
    if (!this.#unread && !this.#storeLost) this.#beatAt = this.#now();
  }

  /** A state that was read whole. */
  advance(epoch: number): void {
    this.#epoch = Math.max(this.#epoch, epoch);
    this.#unread = false;
    this.#live();
  }

  /** Control has no store and could not say what is live: what is held here goes on as it is known. */
  advanceWithout(storeLostMs: number): void {
    this.#unread = true;
    this.#lose(storeLostMs);
  }

  #live(): void {
    this.#storeLost = false;
    this.#beatAt = this.#now();
  }

  /** A worker that has just begun knows nothing older than what control knew last. */
  #lose(storeLostMs: number): void {
    this.#storeLost = true;
    if (this.#beatAt === Number.NEGATIVE_INFINITY) this.#beatAt = this.#now() - storeLostMs;
  }
}
