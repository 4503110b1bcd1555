import { sql, type Kysely, type SelectQueryBuilder } from 'kysely';
import { CausewayError } from '@causeway/contract';
import type { EventPage, EventPageRequest, EventQuery, EventRecord, StoredEvent } from '../../rpc/messages.ts';
import type { StoreTables } from '../store/schema.ts';
import { conditionsOf, keyOf, type Condition } from './event-columns.ts';

const MAX_PAGE = 500;

interface Place {
  readonly at: number;
  readonly seq: number;
}

interface Cursor extends Place {
  /** Whether it asks for what is before the place in the list's order. */
  readonly backwards: boolean;
}

interface Found extends Place {
  readonly record: string;
}

type Events<O> = SelectQueryBuilder<StoreTables, 'event', O>;

/** The event as it is answered. */
export function storedEvent({ seq, record }: Pick<Found, 'seq' | 'record'>): StoredEvent {
  return { id: seq, ...(JSON.parse(record) as EventRecord) };
}

/** Narrowed by time and by the condition whose index tells most; what is left has to be looked at one by one. */
export function narrowed<O>(events: Events<O>, query: EventQuery): { found: Events<O>; others: Condition[] } {
  const { sought, compared } = conditionsOf(query);
  const [first, ...others] = sought;
  let found = events;
  if (query.since !== undefined) found = found.where('at', '>=', query.since);
  if (query.until !== undefined) found = found.where('at', '<', query.until);
  if (first !== undefined) found = found.where(sql<boolean>`${sql.ref(first.column)} = ${first.value}`);
  return { found, others: [...others, ...compared] };
}

/** Whether a row has what the conditions and the text ask for. */
export function holds(others: readonly Condition[], text: string | undefined) {
  const parts = others.map(({ column, sign, value }) => sql`${sql.ref(column)} ${sql.raw(sign)} ${value}`);
  if (text !== undefined) parts.push(sql`words like ${`%${keyOf(text).replaceAll(/[!%_]/g, '!$&')}%`} escape '!'`);
  return sql<boolean>`${sql.join(parts, sql` and `)}`;
}

/**
 * A page of events by time. One condition is answered by its index; where there are more, the events that the first
 * index finds are looked at one by one, at most `scan` of them in a page, so that no page takes long whatever is asked
 * for.
 *
 * @throws CausewayError `CW_INPUT_INVALID`
 */
export async function searchEvents(
  db: Kysely<StoreTables>,
  query: EventQuery,
  { limit, cursor, oldestFirst = false }: EventPageRequest,
  scan: number,
): Promise<EventPage> {
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_PAGE) {
    throw new CausewayError('CW_INPUT_INVALID', `limit is a whole number from 1 to ${MAX_PAGE}`);
  }
  const from = cursor === undefined ? null : readCursor(cursor);
  const backwards = from?.backwards === true;
  const direction = oldestFirst === backwards ? 'desc' : 'asc';
  const events = db.selectFrom('event').orderBy('at', direction).orderBy('seq', direction);
  const { found: all, others } = narrowed(events, query);
  const sign = sql.raw(direction === 'asc' ? '>' : '<');
  const found = from === null ? all : all.where(sql<boolean>`(at, seq) ${sign} (${from.at}, ${from.seq})`);

  const columns = ['at', 'seq', 'record'] as const;
  let rows: readonly Found[];
  let looked: Place | null = null;
  if (others.length === 0 && query.text === undefined) {
    rows = await found
      .select(columns)
      .limit(limit + 1)
      .execute();
  } else {
    rows = await db
      .selectFrom(found.selectAll().limit(scan).as('found'))
      .select(columns)
      .where(holds(others, query.text))
      .orderBy('at', direction)
      .orderBy('seq', direction)
      .limit(limit + 1)
      .execute();
    if (rows.length <= limit) {
      const last = await found
        .select(['at', 'seq'])
        .limit(1)
        .offset(scan - 1)
        .executeTakeFirst();
      looked = last ?? null;
    }
  }
  return pageOf(rows, limit, from, looked);
}

/** @param looked the last that was looked at, where there may be more behind it */
function pageOf(rows: readonly Found[], limit: number, from: Cursor | null, looked: Place | null): EventPage {
  const shown = rows.slice(0, limit);
  const onward = rows.length > limit ? (shown.at(-1) ?? null) : looked;
  const backwards = from?.backwards === true;
  // A page that found nothing in its share goes back to where it began.
  const back = from === null ? null : (shown[0] ?? from);
  const items = (backwards ? shown.toReversed() : shown).map(storedEvent);
  const [next, previous] = backwards ? [back, onward] : [onward, back];
  return {
    items,
    next: next === null ? null : `${next.at}.${next.seq}`,
    previous: previous === null ? null : `b${previous.at}.${previous.seq}`,
    partial: looked !== null,
  };
}

function readCursor(text: string): Cursor {
  const match = /^(b?)(\d{1,15})\.(\d{1,15})$/.exec(text);
  if (match === null) throw new CausewayError('CW_INPUT_INVALID', 'the cursor is none of this list');
  return { backwards: match[1] === 'b', at: Number(match[2]), seq: Number(match[3]) };
}
