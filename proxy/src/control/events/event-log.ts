import { sql, type Transaction } from 'kysely';
import type { EventPage, EventPageRequest, EventQuery, EventRecord, StoredEvent } from '../../rpc/messages.ts';
import type { Database } from '../store/database.ts';
import { storeFailed } from '../store/open-database.ts';
import type { StoreTables } from '../store/schema.ts';
import { toRow } from './event-columns.ts';
import { EventFeed, type FeedLimits, type Follower } from './event-feed.ts';
import { countEvents, type EventCounts, type EventCountsRequest } from './event-counts.ts';
import { withPrivacy, type EventPrivacy } from './privacy.ts';
import { sweepEvents, type Retention } from './retention.ts';
import { searchEvents, storedEvent } from './search.ts';

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
  readonly feed?: FeedLimits;
}

/** Rows of one insert statement; a database limits the parameters of a statement. */
const INSERT_ROWS = 200;
const SCAN = 20_000;
/** Any number that nobody else locks in this database. */
const ORDER_LOCK = 0x6361_7565;

/** Everything that happened, under the id of the decision it belongs to: stored, found, followed and forgotten. */
export class EventLog {
  readonly #options: EventLogOptions;
  readonly #feed: EventFeed;

  constructor(options: EventLogOptions) {
    this.#options = options;
    this.#feed = new EventFeed(options.database.read, options.feed);
  }

  /** All of them are stored when it resolves, without what privacy takes away, or none. @throws CausewayError `CW_STORE_FAILED` */
  async append(events: readonly EventRecord[]): Promise<void> {
    if (events.length > 0) await this.record(async () => ({ events, value: undefined }));
  }

  /**
   * Stores what `body` writes and the events that tell of it in one transaction.
   *
   * @throws CausewayError `CW_STORE_FAILED`, and whatever `body` throws
   */
  async record<T>(
    body: (tx: Transaction<StoreTables>) => Promise<{ events: readonly EventRecord[]; value: T }>,
  ): Promise<T> {
    const { database, key, privacy, onStored } = this.#options;
    const switches = privacy();
    let told: readonly EventRecord[] = [];
    let value: T;
    try {
      value = await database.transaction(async (tx) => {
        const written = await body(tx);
        told = written.events.map((event) => withPrivacy(event, switches, key));
        // Numbers are given in the order of commits, so that who has seen one has seen all before. Last of all locks,
        // so that nobody who has it waits for another.
        if (database.dialect === 'postgres' && told.length > 0) {
          await sql`select pg_advisory_xact_lock(${sql.lit(ORDER_LOCK)})`.execute(tx);
        }
        for (let from = 0; from < told.length; from += INSERT_ROWS) {
          const rows = told.slice(from, from + INSERT_ROWS).map(toRow);
          await tx.insertInto('event').values(rows).execute();
        }
        return written.value;
      });
    } catch (error) {
      throw storeFailed(error);
    }
    if (told.length > 0) {
      this.#feed.wake();
      onStored(told);
    }
    return value;
  }

  /** By any field and time. @throws CausewayError `CW_INPUT_INVALID`, `CW_STORE_FAILED` */
  async search(query: EventQuery, page: EventPageRequest): Promise<EventPage> {
    const { database, scan = SCAN } = this.#options;
    try {
      return await searchEvents(database.read, query, page, scan);
    } catch (error) {
      throw storeFailed(error);
    }
  }

  /** @throws CausewayError `CW_STORE_FAILED` */
  async get(id: number): Promise<StoredEvent | null> {
    const { database } = this.#options;
    try {
      const row = await database.read
        .selectFrom('event')
        .select(['seq', 'record'])
        .where('seq', '=', id)
        .executeTakeFirst();
      return row === undefined ? null : storedEvent(row);
    } catch (error) {
      throw storeFailed(error);
    }
  }

  /** How many, by the values of a field and over time. @throws CausewayError `CW_STORE_FAILED` */
  async counts(query: EventQuery, request: EventCountsRequest): Promise<EventCounts> {
    try {
      return await countEvents(this.#options.database.read, query, request);
    } catch (error) {
      throw storeFailed(error);
    }
  }

  /**
   * Events as they are stored, by this control process or another of the same store.
   *
   * @param owner whose share of followers it counts against
   * @param after the number behind which to begin; from now on where it is absent
   * @throws CausewayError `CW_BUSY`, `CW_STORE_FAILED`
   */
  async follow(query: EventQuery, owner: string, after?: number): Promise<Follower> {
    try {
      return await this.#feed.follow(query, owner, after);
    } catch (error) {
      throw storeFailed(error);
    }
  }

  /** Bounded work; what is left is for the next time. @throws CausewayError `CW_STORE_FAILED` */
  async sweep(retention: Retention): Promise<void> {
    try {
      await sweepEvents(this.#options.database.write, retention, this.#options.now());
    } catch (error) {
      throw storeFailed(error);
    }
  }

  /** Ends all following. */
  close(): void {
    this.#feed.close();
  }
}
