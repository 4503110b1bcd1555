import type { EventPage, EventPageRequest, EventQuery, EventRecord } from '../../rpc/messages.ts';
import type { Database } from '../store/database.ts';
import { storeFailed } from '../store/open-database.ts';
import { toRow } from './event-columns.ts';
import { LiveTail, type TailListener } from './live-tail.ts';
import { withPrivacy, type EventPrivacy } from './privacy.ts';
import { sweepEvents, type Retention } from './retention.ts';
import { searchEvents } from './search.ts';

export interface EventLogOptions {
  readonly database: Database;
  /** Of the pseudonyms, 32 bytes. */
  readonly key: Buffer;
  readonly privacy: () => EventPrivacy;
  /** Told what was stored, after it was. */
  readonly onStored: (events: readonly EventRecord[]) => void;
  readonly now: () => number;
  /** Events that a page of a search looks at, at most. */
  readonly scan?: number;
}

/** Rows of one insert statement; a database limits the parameters of a statement. */
const INSERT_ROWS = 200;
const SCAN = 20_000;

/** Everything that happened, under the id of the decision it belongs to: stored, found, followed and forgotten. */
export class EventLog {
  readonly #options: EventLogOptions;
  readonly #tail = new LiveTail();

  constructor(options: EventLogOptions) {
    this.#options = options;
  }

  /** All of them are stored when it resolves, without what privacy takes away, or none. @throws CausewayError `CW_STORE_FAILED` */
  async append(events: readonly EventRecord[]): Promise<void> {
    if (events.length === 0) return;
    const { database, key, privacy, onStored } = this.#options;
    const switches = privacy();
    const told = events.map((event) => withPrivacy(event, switches, key));
    try {
      await database.transaction(async (tx) => {
        for (let from = 0; from < told.length; from += INSERT_ROWS) {
          const rows = told.slice(from, from + INSERT_ROWS).map(toRow);
          await tx.insertInto('event').values(rows).execute();
        }
      });
    } catch (error) {
      throw storeFailed(error);
    }
    this.#tail.push(told);
    onStored(told);
  }

  /** Newest first, by any field and time. @throws CausewayError `CW_INPUT_INVALID`, `CW_STORE_FAILED` */
  async search(query: EventQuery, page: EventPageRequest): Promise<EventPage> {
    const { database, scan = SCAN } = this.#options;
    try {
      return await searchEvents(database.read, query, page, scan);
    } catch (error) {
      throw storeFailed(error);
    }
  }

  /** What this control process stores from now on. @returns stops it @throws CausewayError `CW_BUSY` */
  tail(query: EventQuery, listener: TailListener): () => void {
    return this.#tail.add(query, listener);
  }

  /** Bounded work; what is left is for the next time. @throws CausewayError `CW_STORE_FAILED` */
  async sweep(retention: Retention): Promise<void> {
    try {
      await sweepEvents(this.#options.database.write, retention, this.#options.now());
    } catch (error) {
      throw storeFailed(error);
    }
  }
}
