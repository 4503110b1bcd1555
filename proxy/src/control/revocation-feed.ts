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
  /** Up to which this process knows what was ended. */
  readonly epoch: number;
  /** Tells every live edge what the store has already ended; resolves with how many streams and tunnels were cut. Never rejects. */
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
  readonly #storeLostMs: () => number | null;
  #epoch = 0;
  #timer: NodeJS.Timeout | null = null;
  /** Streams and tunnels cut since the start. */
  cut = 0;

  /** @param storeLostMs for how long the store has not answered; `null` while it does */
  constructor(store: Store, edges: Edges, storeLostMs: () => number | null = () => null) {
    this.#store = store;
    this.#edges = edges;
    this.#storeLostMs = storeLostMs;
  }

  get epoch(): number {
    return this.#epoch;
  }

  async start(): Promise<void> {
    this.#epoch = await this.#store.epoch();
    this.#timer = setInterval(() => void this.beat(), BEAT_MS);
  }

  /** Says to every edge up to which epoch it should know, and whether more could be known at all. Never rejects. */
  async beat(): Promise<void> {
    await this.#edges.push('feed.beat', { epoch: this.#epoch, storeLostMs: this.#storeLostMs() });
  }

  /** After the store was lost: others may have ended what nobody here could hear of. The next beat says so. */
  async reread(): Promise<void> {
    this.#epoch = Math.max(this.#epoch, await this.#store.epoch());
  }

  /** Something ended of which nobody can say here what it was: edges that have not heard of the epoch ask for everything. */
  async advance(epoch: number): Promise<void> {
    this.#epoch = Math.max(this.#epoch, epoch);
    await this.beat();
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  async revoke(what: Revoked): Promise<number> {
    // No further than what was ended here: what another process ended in between was told to nobody yet.
    this.#epoch = this.#store.ownEpochs.through(this.#epoch);
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
