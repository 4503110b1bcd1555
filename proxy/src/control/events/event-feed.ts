import type { Kysely, Selectable } from 'kysely';
import { CausewayError } from '@causeway/contract';
import type { EventGap, EventQuery, StoredEvent } from '../../rpc/messages.ts';
import type { EventTables } from '../store/event-tables.ts';
import type { StoreTables } from '../store/schema.ts';
import { matcherOf } from './event-columns.ts';
import { storedEvent } from './search.ts';

export interface FeedLimits {
  /** Who may follow at once, and of them one owner. */
  readonly followers: number;
  readonly perOwner: number;
  /** Events at hand for those who are up to date. */
  readonly kept: number;
  /** Who was up to date and is so many behind goes on with the newest. */
  readonly behind: number;
  /** How often the store is asked for what others wrote into it. */
  readonly pollMs: number;
}

const FEED_LIMITS: FeedLimits = { followers: 100, perOwner: 5, kept: 2_000, behind: 20_000, pollMs: 400 };

/** Events that one query finds, and what was left out before them. */
export interface Followed {
  readonly events: readonly StoredEvent[];
  readonly gap: EventGap | null;
}

/** Somebody who follows: asks for the next batch when the last one is dealt with, so nothing is queued for them. */
export interface Follower {
  /** The next events, in the order of their numbers; `null` when `signal` is aborted first. @throws CausewayError `CW_STORE_FAILED` */
  next(signal: AbortSignal): Promise<Followed | null>;
  /** The number up to which everything was looked at. */
  place(): number;
  close(): void;
}

type Row = Selectable<EventTables['event']>;

interface Page {
  readonly rows: readonly Row[];
  readonly gap: EventGap | null;
  /** Everything up to here was looked at. */
  readonly last: number;
}

const PAGE = 500;

/**
 * Events in the order in which they were stored, for those who look on. While somebody does, this process reads what is
 * new once for all of them and keeps the newest at hand:
 *
 *     store …|1|2|3|4|5|6|7|8|9|   newest, read once for all
 *                    └── kept ──┘
 *      slow follower ↑       ↑ follower that is up to date
 *      (reads the store)       (reads what is kept)
 *
 * So memory does not grow with who is slow, and who was away resumes behind the number that they saw last.
 */
export class EventFeed {
  readonly #db: Kysely<StoreTables>;
  readonly #limits: FeedLimits;
  readonly #owners = new Map<string, number>();
  #followers = 0;
  /** Everything in the store behind `#from` and up to `#head`. */
  #kept: Row[] = [];
  #from = 0;
  #head: number | null = null;
  #reading = false;
  #again = false;
  #closed = false;
  #timer: NodeJS.Timeout | null = null;
  #moved = Promise.withResolvers<void>();

  constructor(db: Kysely<StoreTables>, limits: FeedLimits = FEED_LIMITS) {
    this.#db = db;
    this.#limits = limits;
  }

  /** Something was stored. */
  wake(): void {
    if (this.#followers === 0) return;
    this.#again = true;
    if (!this.#reading) void this.#read();
  }

  /**
   * @param after the number behind which to begin; from now on where it is absent
   * @throws CausewayError `CW_BUSY` where too many follow, `CW_STORE_FAILED`
   */
  async follow(query: EventQuery, owner: string, after?: number): Promise<Follower> {
    const { followers, perOwner } = this.#limits;
    const own = this.#owners.get(owner) ?? 0;
    if (this.#followers >= followers || own >= perOwner)
      throw new CausewayError('CW_BUSY', 'too many follow the events');
    this.#followers++;
    this.#owners.set(owner, own + 1);
    let closed = false;
    const close = (): void => {
      if (!closed) this.#leave(owner);
      closed = true;
    };
    try {
      const head = await this.#start();
      const matches = matcherOf(query);
      let place = after ?? head;
      let upToDate = after === undefined;
      const next = async (signal: AbortSignal): Promise<Followed | null> => {
        for (;;) {
          if (signal.aborted || closed || this.#closed) return null;
          const moved = this.#moved.promise;
          const { rows, gap, last } = await this.#after(place, upToDate);
          place = last;
          upToDate ||= rows.length < PAGE;
          const events = rows.filter(matches).map(storedEvent);
          if (events.length > 0 || gap !== null) return { events, gap };
          if (rows.length === 0) await movedOrAborted(moved, signal);
        }
      };
      return { next, place: () => place, close };
    } catch (error) {
      close();
      throw error;
    }
  }

  /** Whoever follows is told that it has ended. */
  close(): void {
    this.#closed = true;
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    this.#tell();
  }

  #leave(owner: string): void {
    this.#followers--;
    const own = (this.#owners.get(owner) ?? 1) - 1;
    if (own === 0) this.#owners.delete(owner);
    else this.#owners.set(owner, own);
    if (this.#followers > 0) return;
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    this.#head = null;
    this.#kept = [];
  }

  /** @returns the newest number */
  async #start(): Promise<number> {
    if (this.#head !== null) return this.#head;
    const newest = await this.#db.selectFrom('event').select('seq').orderBy('seq', 'desc').limit(1).executeTakeFirst();
    const seq = newest?.seq ?? 0;
    if (this.#head === null) {
      this.#from = seq;
      this.#head = seq;
      this.#timer ??= setInterval(() => this.wake(), this.#limits.pollMs).unref();
    }
    return seq;
  }

  async #after(place: number, upToDate: boolean): Promise<Page> {
    const head = this.#head ?? place;
    if (upToDate && head - place > this.#limits.behind) {
      return { rows: [], gap: { after: place, until: head, why: 'too slow' }, last: head };
    }
    if (place >= this.#from && this.#head !== null) {
      if (place > head) return this.#unknown(place, head);
      // Numbers rise, so what is behind a place begins at the first that is greater.
      const at = firstBeyond(this.#kept, place);
      const rows = this.#kept.slice(at, at + PAGE);
      return { rows, gap: null, last: rows.at(-1)?.seq ?? place };
    }
    const rows = await this.#stored(place, PAGE);
    const first = rows[0];
    // Numbers may be left out by what was taken back, so a hole at the beginning alone tells that some were forgotten.
    const gap =
      first !== undefined && first.seq > place + 1 && !(await this.#hasBefore(first.seq))
        ? ({ after: place, until: first.seq - 1, why: 'forgotten' } as const)
        : null;
    return { rows, gap, last: rows.at(-1)?.seq ?? Math.max(place, this.#from) };
  }

  /** A number that the store has not given yet is of another store, or of one that was restored. */
  async #unknown(place: number, head: number): Promise<Page> {
    const later = await this.#stored(head, PAGE);
    if ((later.at(-1)?.seq ?? head) >= place) return { rows: [], gap: null, last: place };
    return { rows: [], gap: { after: place, until: head, why: 'unknown id' }, last: head };
  }

  async #hasBefore(seq: number): Promise<boolean> {
    const before = await this.#db.selectFrom('event').select('seq').where('seq', '<', seq).limit(1).executeTakeFirst();
    return before !== undefined;
  }

  #stored(place: number, limit: number): Promise<Row[]> {
    return this.#db.selectFrom('event').selectAll().where('seq', '>', place).orderBy('seq').limit(limit).execute();
  }

  async #read(): Promise<void> {
    const { kept } = this.#limits;
    this.#reading = true;
    while (this.#again && this.#head !== null) {
      this.#again = false;
      try {
        const rows = await this.#stored(this.#head, PAGE);
        if (rows.length === 0 || this.#head === null) continue;
        this.#kept.push(...rows);
        this.#head = rows.at(-1)?.seq ?? this.#head;
        const surplus = this.#kept.splice(0, Math.max(0, this.#kept.length - kept));
        this.#from = surplus.at(-1)?.seq ?? this.#from;
        if (rows.length === PAGE) this.#again = true;
        this.#tell();
      } catch {
        break; // the store is away; the next poll asks again
      }
    }
    this.#reading = false;
  }

  #tell(): void {
    const { resolve } = this.#moved;
    this.#moved = Promise.withResolvers<void>();
    resolve();
  }
}

function firstBeyond(rows: readonly Row[], place: number): number {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((rows[middle]?.seq ?? 0) > place) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Leaves nothing behind at the signal, which may be that of a connection that lasts for days. */
async function movedOrAborted(moved: Promise<void>, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const onAbort = (): void => resolve();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    await Promise.race([moved, promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
