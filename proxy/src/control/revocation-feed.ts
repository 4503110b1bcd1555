import type { Edges } from './edges.ts';
import type { Store } from './store/store.ts';

export interface Revoked {
  readonly sessions?: readonly string[];
  readonly devices?: readonly string[];
  readonly publishers?: readonly string[];
  /** Devices whose person has no access any more, and may get it back. */
  readonly suspended?: readonly string[];
  /** Devices that an administrator has cut off until they are released. */
  readonly quarantined?: readonly string[];
  readonly why: string;
}

export interface Revocations {
  /** Tells every live edge what the store has already ended; resolves with how many streams and tunnels were cut. */
  revoke(what: Revoked): Promise<number>;
}

const BEAT_MS = 1_000;

/**
 * The revocation feed. The store raises the epoch with every end; the feed carries it to the edges, and each second a
 * beat, so that an edge knows how old its knowledge is.
 */
export class RevocationFeed implements Revocations {
  readonly #store: Store;
  readonly #edges: Edges;
  #epoch = 0;
  #timer: NodeJS.Timeout | null = null;
  /** Streams and tunnels cut since the start. */
  cut = 0;

  constructor(store: Store, edges: Edges) {
    this.#store = store;
    this.#edges = edges;
  }

  get epoch(): number {
    return this.#epoch;
  }

  async start(): Promise<void> {
    this.#epoch = await this.#store.epoch();
    this.#timer = setInterval(() => void this.#edges.push('feed.beat', { epoch: this.#epoch }), BEAT_MS);
  }

  /** Something ended of which nobody can say here what it was: edges that have not heard of the epoch ask for everything. */
  async advance(epoch: number): Promise<void> {
    this.#epoch = Math.max(this.#epoch, epoch);
    await this.#edges.push('feed.beat', { epoch: this.#epoch });
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  async revoke(what: Revoked): Promise<number> {
    this.#epoch = Math.max(this.#epoch, await this.#store.epoch());
    const answers = await this.#edges.push('revoke', {
      epoch: this.#epoch,
      sessions: what.sessions ?? [],
      devices: what.devices ?? [],
      publishers: what.publishers ?? [],
      suspended: what.suspended ?? [],
      quarantined: what.quarantined ?? [],
      why: what.why,
    });
    const cut = answers.reduce((sum, answer) => sum + answer.cut, 0);
    this.cut += cut;
    return cut;
  }
}
