/** A token bucket per address, for what strangers may make us compute. */
export interface RateLimitOptions {
  /** Requests at once. */
  readonly burst: number;
  readonly perSecond: number;
  /** Addresses remembered; the one that asked least recently is forgotten first. */
  readonly addresses: number;
}

interface Bucket {
  tokens: number;
  at: number;
}

export class RateLimit {
  readonly #buckets = new Map<string, Bucket>();
  readonly #options: RateLimitOptions;
  readonly #now: () => number;

  constructor(options: RateLimitOptions, now: () => number) {
    this.#options = options;
    this.#now = now;
  }

  get size(): number {
    return this.#buckets.size;
  }

  /** Whether this address may go on; takes one from its bucket if so. */
  take(address: string): boolean {
    const { burst, perSecond, addresses } = this.#options;
    const now = this.#now();
    const bucket = this.#buckets.get(address) ?? { tokens: burst, at: now };
    // Moved to the end, so that the first of the map is the one to forget.
    this.#buckets.delete(address);
    // A clock that was set back takes nothing away: everybody would be locked out for as long.
    const passed = Math.max(0, now - bucket.at);
    bucket.tokens = Math.min(burst, bucket.tokens + (passed / 1_000) * perSecond);
    bucket.at = now;
    this.#buckets.set(address, bucket);
    if (this.#buckets.size > addresses) {
      const [oldest] = this.#buckets.keys();
      if (oldest !== undefined) this.#buckets.delete(oldest);
    }
    if (bucket.tokens < 1) return false;
    bucket.tokens -= 1;
    return true;
  }
}
