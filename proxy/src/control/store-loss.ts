import { randomUUID } from 'node:crypto';
import type { StoreStatus } from '../rpc/messages.ts';
import type { Configuration } from './configuration.ts';
import type { EventLog } from './events/event-log.ts';
import type { Health } from './health.ts';
import type { Logger } from './log.ts';
import type { RevocationFeed } from './revocation-feed.ts';
import type { Database } from './store/database.ts';
import { StoreWatch, type StoreLoss } from './store-watch.ts';

export interface StoreLossOptions {
  readonly database: Database;
  readonly feed: RevocationFeed;
  readonly configuration: Pick<Configuration, 'catchUp' | 'current'>;
  readonly eventLog: Pick<EventLog, 'append'>;
  readonly health: Health;
  readonly log: Logger;
  readonly now: () => number;
}

/**
 * What the control process does when the store is lost and when it is back. Everything that serves established access is
 * in memory, here and in the edges, and goes on; edges hear of the loss with the next beat and grant nothing new.
 */
export class StoreAvailability {
  readonly #options: StoreLossOptions;
  readonly #watch: StoreWatch;

  /** Watches from now on, until it is stopped. */
  constructor(options: StoreLossOptions) {
    const { database, feed } = options;
    this.#options = options;
    this.#watch = new StoreWatch({
      database,
      reread: () => feed.reread(),
      onLost: (why) => this.#onLost(why),
      onBack: (loss) => this.#onBack(loss),
      clock: () => performance.now(),
    });
    this.report();
    this.#watch.start();
  }

  stop(): Promise<void> {
    return this.#watch.stop();
  }

  /** For how long the store has not answered; `null` while it does. */
  get lostMs(): number | null {
    return this.#watch.loss?.ms ?? null;
  }

  get lostSeconds(): number {
    return this.#watch.lostMs / 1_000;
  }

  status(): StoreStatus {
    const { database, now } = this.#options;
    const { loss } = this.#watch;
    const kind = database.dialect;
    if (loss === null) return { state: 'ok', kind };
    const since = Math.round(now() - loss.ms);
    return { state: 'lost', kind, since, why: loss.why, graceEnds: since + this.#graceMs() };
  }

  /** Degraded while established access goes on, down when its grace is over. */
  report(): void {
    const { health } = this.#options;
    const { loss } = this.#watch;
    if (loss === null) return health.set('store', 'ok', 'answers');
    const since = new Date(this.#options.now() - loss.ms).toISOString();
    const over = loss.ms >= this.#graceMs();
    const access = over ? 'established access has ended' : 'established access goes on, nothing new begins';
    health.set('store', over ? 'down' : 'degraded', `CW_STORE_LOST since ${since}, ${access}: ${loss.why}`);
  }

  #graceMs(): number {
    return this.#options.configuration.current().snapshot.graceMs;
  }

  #onLost(why: string): void {
    const { log, feed } = this.#options;
    log.error({ code: 'CW_STORE_LOST', why }, 'the store is lost; established access goes on, nothing new begins');
    this.report();
    void feed.beat();
  }

  async #onBack(loss: StoreLoss): Promise<void> {
    const { log, feed, configuration } = this.#options;
    log.warn({ lostMs: Math.round(loss.ms), why: loss.why }, 'the store is back');
    this.report();
    await feed.beat();
    await configuration.catchUp();
    await this.#alert(loss).catch((error: unknown) => log.error({ err: error }, 'the loss of the store is no event'));
  }

  async #alert({ ms, why }: StoreLoss): Promise<void> {
    const { eventLog, now } = this.#options;
    await eventLog.append([
      {
        at: Math.round(now() - ms),
        decision: randomUUID(),
        kind: 'alert',
        user: null,
        device: null,
        session: null,
        app: null,
        method: null,
        verdict: null,
        address: '',
        verb: 'CW_STORE_LOST',
        path: `the store did not answer: ${why}`.slice(0, 500),
        status: null,
        bytesUp: 0,
        bytesDown: 0,
        ms: Math.round(ms),
        worker: -1,
      },
    ]);
  }
}
