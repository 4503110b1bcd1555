import type { EventRecord } from '../rpc/messages.ts';
import type { EventSpill } from './event-spill.ts';

export interface EventsOptions {
  /** Resolves when control has stored them. */
  deliver(events: readonly EventRecord[]): Promise<void>;
  readonly spill: Pick<EventSpill, 'append' | 'replay'>;
  /** Events that no place was left for. */
  onDropped(count: number): void;
}

const BATCH = 500;
const BATCH_MS = 250;
/** Held in memory while a batch is on its way; more is written beside. */
const MAX_QUEUED = 20_000;
/** Held while that is written, batch by batch; what comes then is dropped. */
const MAX_HELD = 2 * MAX_QUEUED;

/**
 * Events on their way to the store: at most `BATCH` or 250 ms together, one batch at a time. What control does not take
 * is written beside and delivered later; only what finds no place there either is lost, and counted. Who pushes an event
 * pays for its place in the queue alone: sending and writing have turns of the loop of their own.
 */
export class Events {
  readonly #options: EventsOptions;
  #queue: EventRecord[] = [];
  #timer: NodeJS.Timeout | null = null;
  #soon: NodeJS.Immediate | null = null;
  #sending: Promise<void> | null = null;
  #dropped = 0;

  constructor(options: EventsOptions) {
    this.#options = options;
  }

  /** Events lost so far. */
  get dropped(): number {
    return this.#dropped;
  }

  push(event: EventRecord): void {
    const queued = this.#queue.length;
    if (queued >= MAX_HELD) return this.#drop(1);
    this.#queue.push(event);
    if (queued + 1 >= BATCH) {
      // While a batch is on its way there is something to do only when memory runs out.
      if (this.#sending === null || queued >= MAX_QUEUED) this.#soon ??= setImmediate(() => this.#turn());
    } else if (this.#sending === null) {
      this.#timer ??= setTimeout(() => this.#send(), BATCH_MS);
    }
  }

  /** Control is back: what was written beside goes first. */
  async replay(): Promise<void> {
    await this.#options.spill.replay((events) => this.#options.deliver(events));
  }

  /** Delivers or writes down everything that is held. */
  async close(): Promise<void> {
    this.#clear();
    while (this.#sending !== null || this.#queue.length > 0) {
      if (this.#sending === null) this.#send();
      await this.#sending;
    }
  }

  /** Sends a batch where none is on its way; else makes room, a batch a turn. */
  #turn(): void {
    this.#soon = null;
    if (this.#sending === null) return this.#send();
    if (this.#queue.length <= MAX_QUEUED) return;
    this.#writeBeside(this.#queue.splice(0, BATCH));
    this.#soon ??= setImmediate(() => this.#turn());
  }

  #send(): void {
    this.#clear();
    const batch = this.#queue.splice(0, BATCH);
    if (batch.length === 0) return;
    this.#sending = this.#options.deliver(batch).then(
      () => this.#sent(),
      () => {
        this.#writeBeside(batch);
        this.#sent();
      },
    );
  }

  #sent(): void {
    this.#sending = null;
    if (this.#queue.length >= BATCH) this.#send();
    else if (this.#queue.length > 0) this.#timer ??= setTimeout(() => this.#send(), BATCH_MS);
  }

  #writeBeside(batch: readonly EventRecord[]): void {
    this.#drop(this.#options.spill.append(batch));
  }

  #drop(count: number): void {
    if (count === 0) return;
    this.#dropped += count;
    this.#options.onDropped(count);
  }

  #clear(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (this.#soon !== null) clearImmediate(this.#soon);
    this.#timer = null;
    this.#soon = null;
  }
}
