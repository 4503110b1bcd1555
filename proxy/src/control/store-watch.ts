import { setTimeout as delay } from 'node:timers/promises';
import { CausewayError } from '@causeway/contract';
import type { Database } from './store/database.ts';

export interface StoreWatchOptions {
  readonly database: Pick<Database, 'gate' | 'probe'>;
  /** Reads again what may have moved meanwhile. The store stays lost where it rejects. */
  readonly reread: () => Promise<void>;
  readonly onLost: (why: string) => void;
  /** Never rejects. */
  readonly onBack: (loss: StoreLoss) => Promise<void>;
  /** Monotonic, in milliseconds. */
  readonly clock: () => number;
}

/** A loss that is over, or goes on. */
export interface StoreLoss {
  /** Since the store last answered. */
  readonly ms: number;
  readonly why: string;
}

/** A look at a store that works, and the one after a look without an answer. */
const LOOK_MS = 1_000;
const SECOND_LOOK_MS = 250;
/** Looks at a store that is lost: an answer is wanted soon, but not from every PoP at the same moment. */
const FIRST_RETRY_MS = 200;
const LAST_RETRY_MS = 1_000;
const ANSWER_MS = 6_000;

/**
 * The one who knows whether the store is there: looks every second, and at once when a statement failed as if it were not.
 *
 *     ok --a look without an answer--> doubted --another one--> lost --an answer, everything read again--> ok
 *      ^----------- an answer ------------+
 *
 * While it is lost the gate in front of the store is closed: nobody waits for it, nothing new is granted. A store that
 * answers but takes no writes is lost too: then nobody could end anybody's access.
 */
export class StoreWatch {
  readonly #options: StoreWatchOptions;
  readonly #stopped = new AbortController();
  #state: 'ok' | 'doubted' | 'lost' = 'ok';
  #answeredAt: number;
  #why = '';
  /** Somebody's statement failed, perhaps one that writes: reading alone would not show it. */
  #mustWrite = false;
  #retryMs = FIRST_RETRY_MS;
  #asking: Promise<void> | null = null;
  #wake: () => void = () => {};
  #running: Promise<void> | null = null;
  #lostBefore = 0;
  /** How often it was lost. */
  losses = 0;

  constructor(options: StoreWatchOptions) {
    this.#options = options;
    this.#answeredAt = options.clock();
  }

  /** `null` while the store is there. */
  get loss(): StoreLoss | null {
    return this.#state === 'lost' ? { ms: this.#options.clock() - this.#answeredAt, why: this.#why } : null;
  }

  /** Milliseconds that it was lost since the start. */
  get lostMs(): number {
    return this.#lostBefore + (this.loss?.ms ?? 0);
  }

  start(): void {
    const ended = this.#options.database.gate.onSuspected(() => {
      this.#mustWrite = true;
      if (this.#state === 'ok') this.#wake();
    });
    this.#running = this.#run().finally(ended);
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    this.#wake();
    await this.#running;
  }

  /** Never rejects. @returns milliseconds until the next look */
  async look(): Promise<number> {
    const mustWrite = this.#mustWrite || this.#state === 'lost';
    try {
      await this.#answer(mustWrite);
    } catch (error) {
      return this.#unanswered(messageOf(error));
    }
    if (this.#state === 'lost') return this.#back();
    this.#answered();
    if (mustWrite) this.#mustWrite = false;
    return LOOK_MS;
  }

  #answered(): void {
    this.#state = 'ok';
    this.#answeredAt = this.#options.clock();
    this.#retryMs = FIRST_RETRY_MS;
  }

  #unanswered(why: string): number {
    this.#why = why;
    if (this.#state === 'ok') {
      this.#state = 'doubted';
      return SECOND_LOOK_MS;
    }
    if (this.#state === 'doubted') {
      this.#state = 'lost';
      this.losses++;
      this.#options.database.gate.close(why);
      this.#options.onLost(why);
    }
    const pause = this.#retryMs * (0.5 + Math.random() / 2);
    this.#retryMs = Math.min(this.#retryMs * 2, LAST_RETRY_MS);
    return pause;
  }

  async #back(): Promise<number> {
    const { database, reread, onBack } = this.#options;
    const loss = { ms: this.#options.clock() - this.#answeredAt, why: this.#why };
    database.gate.open();
    try {
      await reread();
    } catch (error) {
      database.gate.close(messageOf(error));
      return this.#unanswered(messageOf(error));
    }
    this.#lostBefore += loss.ms;
    this.#answered();
    await onBack(loss);
    return LOOK_MS;
  }

  /** One question at a time: one that was given up may still be under way. */
  async #answer(mustWrite: boolean): Promise<void> {
    this.#asking ??= this.#options.database.probe(mustWrite).finally(() => (this.#asking = null));
    const timeout = Promise.withResolvers<never>();
    const timer = setTimeout(
      () => timeout.reject(new CausewayError('CW_STORE_LOST', `no answer within ${ANSWER_MS} ms`)),
      ANSWER_MS,
    );
    try {
      await Promise.race([this.#asking, timeout.promise]);
    } finally {
      clearTimeout(timer);
    }
  }

  async #run(): Promise<void> {
    let pause = LOOK_MS;
    while (!this.#stopped.signal.aborted) {
      const woken = new AbortController();
      this.#wake = () => woken.abort();
      const signal = AbortSignal.any([woken.signal, this.#stopped.signal]);
      await delay(pause, undefined, { signal, ref: false }).catch(() => undefined);
      if (this.#stopped.signal.aborted) return;
      pause = await this.look();
    }
  }
}

function messageOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  // Of several addresses that refused each has its own message, and the whole has none.
  return message === '' && error instanceof AggregateError ? error.errors.map(messageOf).join('; ') : message;
}
