import { CausewayError } from '@causeway/contract';
import type { EventQuery, EventRecord } from '../../rpc/messages.ts';
import { matches } from './event-columns.ts';

/** Takes events as they come. The next batch waits until this resolves; where it rejects, the listener is gone. */
export type TailListener = (events: readonly EventRecord[], dropped: number) => Promise<void>;

const MAX_LISTENERS = 100;
const MAX_WAITING = 1_000;

interface Listening {
  readonly query: EventQuery;
  readonly listener: TailListener;
  waiting: EventRecord[];
  dropped: number;
  busy: boolean;
}

/** Events as they are stored, for those who look on. A slow listener loses the newest, and is told how many. */
export class LiveTail {
  readonly #listening = new Set<Listening>();
  readonly #maxWaiting: number;

  constructor(maxWaiting = MAX_WAITING) {
    this.#maxWaiting = maxWaiting;
  }

  /** @returns stops it @throws CausewayError `CW_BUSY` where too many look on */
  add(query: EventQuery, listener: TailListener): () => void {
    if (this.#listening.size >= MAX_LISTENERS) throw new CausewayError('CW_BUSY', 'too many follow the events');
    const one: Listening = { query, listener, waiting: [], dropped: 0, busy: false };
    this.#listening.add(one);
    return () => void this.#listening.delete(one);
  }

  push(events: readonly EventRecord[]): void {
    for (const one of this.#listening) {
      const own = events.filter((event) => matches(one.query, event));
      const room = this.#maxWaiting - one.waiting.length;
      one.waiting.push(...own.slice(0, room));
      one.dropped += Math.max(0, own.length - room);
      void this.#tell(one);
    }
  }

  async #tell(one: Listening): Promise<void> {
    if (one.busy) return;
    one.busy = true;
    try {
      while ((one.waiting.length > 0 || one.dropped > 0) && this.#listening.has(one)) {
        const { waiting, dropped } = one;
        one.waiting = [];
        one.dropped = 0;
        await one.listener(waiting, dropped);
      }
    } catch {
      this.#listening.delete(one);
    } finally {
      one.busy = false;
    }
  }
}
