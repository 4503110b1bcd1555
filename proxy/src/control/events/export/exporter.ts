import { Events } from '../../../delivery/events.ts';
import type { EventSpill } from '../../../delivery/event-spill.ts';
import type { EventRecord } from '../../../rpc/messages.ts';
import type { Sink } from './sink.ts';

export interface ExporterOptions {
  readonly sink: Sink;
  readonly spill: EventSpill;
  readonly onDelivered: (count: number) => void;
  readonly onDropped: (count: number) => void;
  /** What keeps it from delivering; `null` when it delivers again. */
  readonly onState: (failure: string | null) => void;
  /** First and longest wait after a failure. */
  readonly retryMs?: readonly [number, number];
}

const SEND_MS = 10_000;
const RETRY_MS = [1_000, 60_000] as const;

/**
 * Events on their way to one sink, in batches. While it fails they are written beside and sent when it takes them
 * again, at least once; what finds no place there is dropped and counted.
 */
export class Exporter {
  readonly #options: ExporterOptions;
  readonly #events: Events;
  readonly #ending = new AbortController();
  #waitMs: number;
  #retry: NodeJS.Timeout | null = null;
  /** The sink gets one batch after the other. */
  #last: Promise<void> = Promise.resolve();
  #replaying: Promise<void> = Promise.resolve();

  constructor(options: ExporterOptions) {
    this.#options = options;
    const { spill, onDropped } = options;
    this.#events = new Events({ deliver: (events) => this.#deliver(events), spill, onDropped });
    [this.#waitMs] = options.retryMs ?? RETRY_MS;
    this.#replay();
  }

  push(events: readonly EventRecord[]): void {
    for (const event of events) this.#events.push(event);
  }

  /** Writes down what is not delivered yet, for the next start. */
  async close(): Promise<void> {
    this.#ending.abort();
    if (this.#retry !== null) clearTimeout(this.#retry);
    await this.#events.close();
    await this.#replaying;
    await this.#options.sink.close();
  }

  /** Live batches while nothing waits for a retry; those go beside without a try. */
  #deliver(events: readonly EventRecord[]): Promise<void> {
    if (this.#retry !== null) return Promise.reject(new Error('it failed a moment ago'));
    return this.#send(events);
  }

  #send(events: readonly EventRecord[]): Promise<void> {
    const { sink, onDelivered, onState, retryMs = RETRY_MS } = this.#options;
    const sent = this.#last.then(async () => {
      this.#ending.signal.throwIfAborted();
      try {
        await sink.send(events, AbortSignal.any([this.#ending.signal, AbortSignal.timeout(SEND_MS)]));
      } catch (error) {
        if (!this.#ending.signal.aborted) {
          onState(error instanceof Error ? error.message : String(error));
          this.#retryLater(retryMs[1]);
        }
        throw error;
      }
      [this.#waitMs] = retryMs;
      onState(null);
      onDelivered(events.length);
    });
    this.#last = sent.catch(() => undefined);
    return sent;
  }

  #retryLater(longest: number): void {
    this.#retry ??= setTimeout(() => {
      this.#retry = null;
      this.#replay();
    }, this.#waitMs).unref();
    this.#waitMs = Math.min(this.#waitMs * 2, longest);
  }

  /** What an earlier replay left and what came beside meanwhile; a failure has asked for the next already. */
  #replay(): void {
    const { spill } = this.#options;
    const run = async (): Promise<void> => {
      do await spill.replay((events) => this.#send(events));
      while (spill.bytes > 0 && !this.#ending.signal.aborted);
    };
    this.#replaying = this.#replaying.then(run).catch(() => undefined);
  }
}
