import type { EventRecord } from '../rpc/messages.ts';
import type { EventSpill } from './event-spill.ts';

export interface EventsOptions {
  /** Resolves when control has stored them. */
  deliver(events: readonly EventRecord[]): Promise<void>;
  readonly spill: EventSpill;
  /** Events that no place was left for. */
  onDropped(count: number): void;
}

const BATCH = 500;
const BATCH_MS = 250;
/** Held in memory while a batch is on its way. */
const MAX_QUEUED = 20_000;

/**
 * Events on their way to the store: at most `BATCH` or 250 ms together, one batch at a time. What control does not take
 * is written beside and delivered later; only what finds no place there either is lost, and counted.
 */
export class Events {
  readonly #options: EventsOptions;
  #queue: EventRecord[] = [];
  #timer: NodeJS.Timeout | null = null;
  #sending: Promise<void> | null = null;

  constructor(options: EventsOptions) {
    this.#options = options;
  }

  push(event: EventRecord): void {
    if (this.#queue.length >= MAX_QUEUED) {
      this.#options.onDropped(this.#options.spill.append(this.#queue.splice(0)));
    }
    this.#queue.push(event);
    if (this.#sending !== null) return;
    if (this.#queue.length >= BATCH) this.#send();
    else this.#timer ??= setTimeout(() => this.#send(), BATCH_MS);
  }

  /** Control is back: what was written beside goes first. */
  async replay(): Promise<void> {
    await this.#options.spill.replay((events) => this.#options.deliver(events));
  }

  /** Delivers or writes down everything that is held. */
  async close(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    while (this.#sending !== null || this.#queue.length > 0) {
      if (this.#sending === null) this.#send();
      await this.#sending;
    }
  }

  #send(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const batch = this.#queue.splice(0, BATCH);
    if (batch.length === 0) return;
    this.#sending = this.#options.deliver(batch).then(
      () => this.#sent(),
      () => {
        this.#options.onDropped(this.#options.spill.append(batch));
        this.#sent();
      },
    );
  }

  #sent(): void {
    this.#sending = null;
    if (this.#queue.length >= BATCH) this.#send();
    else if (this.#queue.length > 0) this.#timer ??= setTimeout(() => this.#send(), BATCH_MS);
  }
}
