import { setTimeout as delay } from 'node:timers/promises';
import { codeOf } from '@causeway/contract';
import type { Logger } from './log.ts';
import type { RevocationFeed } from './revocation-feed.ts';
import type { Store } from './store/store.ts';

export interface EpochFollowerOptions {
  readonly store: Store;
  readonly feed: Pick<RevocationFeed, 'epoch' | 'advance'>;
  readonly log: Logger;
  /** How long what this process itself has ended may take to reach the edges in its own words. */
  readonly ownMs?: number;
}

const OWN_MS = 200;

/**
 * Brings to this PoP's edges what another control process of the same store has ended or changed: a session, a device,
 * somebody's groups. All it hears is that the epoch rose; an edge that hears so asks for everything anew.
 */
export class EpochFollower {
  readonly #options: EpochFollowerOptions;
  readonly #stopped = new AbortController();
  #running: Promise<void> | null = null;
  #again = false;

  constructor(options: EpochFollowerOptions) {
    this.#options = options;
  }

  /** Never rejects; any number of calls are cheap. Resolves when what they ask for was looked at. */
  look(): Promise<void> {
    this.#again = true;
    this.#running ??= this.#run().finally(() => (this.#running = null));
    return this.#running;
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    while (this.#again && !this.#stopped.signal.aborted) {
      this.#again = false;
      await this.#follow().catch((error: unknown) => {
        // That is said once by whoever watches the store, and everything is read again when it is back.
        if (!this.#stopped.signal.aborted && codeOf(error) !== 'CW_STORE_LOST')
          this.#options.log.warn({ err: error }, 'another PoP’s changes are not known');
      });
    }
  }

  async #follow(): Promise<void> {
    const { store, feed, log, ownMs = OWN_MS } = this.#options;
    const known = feed.epoch;
    const seen = await store.epoch();
    if (seen < known) {
      // Its epochs would come a second time, and nobody would hear of what ends with them.
      await store.liftEpoch(known);
      this.#again = true;
      log.error({ epoch: seen, known }, 'the database went back to an earlier state: everything is read again');
      return;
    }
    if (seen <= feed.epoch) return;
    await delay(ownMs, undefined, { signal: this.#stopped.signal });
    if (seen <= feed.epoch) return;
    await feed.advance(seen);
    log.info({ epoch: seen }, 'another control process ended or changed access');
  }
}
