import { sql, type Kysely } from 'kysely';
import { CausewayError } from '@causeway/contract';
import type { EventPage, EventPageRequest, EventQuery, EventRecord } from '../../rpc/messages.ts';
import type { StoreTables } from '../store/schema.ts';
import { conditionsOf, keyOf } from './event-columns.ts';

const MAX_PAGE = 500;

interface Place {
  readonly at: number;
  readonly seq: number;
}

/**
 * A page of events, by time, newest first. One condition is answered by its index; where there are more, the events
 * that the first index finds are looked at one by one, at most `scan` of them in a page, so that no page takes long
 * whatever is asked for.
 *
 * @throws CausewayError `CW_INPUT_INVALID`
 */
export async function searchEvents(
  db: Kysely<StoreTables>,
  query: EventQuery,
  { limit, cursor }: EventPageRequest,
  scan: number,
): Promise<EventPage> {
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_PAGE) {
    throw new CausewayError('CW_INPUT_INVALID', `limit is a whole number from 1 to ${MAX_PAGE}`);
  }
  const before = cursor === undefined ? null : readCursor(cursor);
  const [first, ...others] = conditionsOf(query);
  let found = db.selectFrom('event').orderBy('at', 'desc').orderBy('seq', 'desc');
  if (query.since !== undefined) found = found.where('at', '>=', query.since);
  if (query.until !== undefined) found = found.where('at', '<', query.until);
  if (before !== null) found = found.where(sql<boolean>`(at, seq) < (${before.at}, ${before.seq})`);
  if (first !== undefined) found = found.where(sql<boolean>`${sql.ref(first.column)} = ${first.value}`);

  const columns = ['at', 'seq', 'record'] as const;
  if (others.length === 0 && query.text === undefined) {
    return pageOf(
      await found
        .select(columns)
        .limit(limit + 1)
        .execute(),
      limit,
      null,
    );
  }
  let kept = db
    .selectFrom(found.selectAll().limit(scan).as('found'))
    .select(columns)
    .orderBy('at', 'desc')
    .orderBy('seq', 'desc')
    .limit(limit + 1);
  for (const { column, value } of others) kept = kept.where(sql<boolean>`${sql.ref(column)} = ${value}`);
  if (query.text !== undefined) {
    const pattern = `%${keyOf(query.text).replaceAll(/[!%_]/g, '!$&')}%`;
    kept = kept.where(sql<boolean>`words like ${pattern} escape '!'`);
  }
  const rows = await kept.execute();
  if (rows.length > limit) return pageOf(rows, limit, null);
  const last = await found
    .select(['at', 'seq'])
    .limit(1)
    .offset(scan - 1)
    .executeTakeFirst();
  return pageOf(rows, limit, last ?? null);
}

/** @param last of those that were looked at, where there may be more */
function pageOf(rows: readonly (Place & { record: string })[], limit: number, last: Place | null): EventPage {
  const shown = rows.slice(0, limit);
  const place = rows.length > limit ? (shown.at(-1) ?? null) : last;
  return {
    items: shown.map(({ record }) => JSON.parse(record) as EventRecord),
    next: place === null ? null : `${place.at}.${place.seq}`,
    partial: last !== null,
  };
}

function readCursor(text: string): Place {
  const match = /^(\d{1,15})\.(\d{1,15})$/.exec(text);
  if (match === null) throw new CausewayError('CW_INPUT_INVALID', 'the cursor is none of this list');
  return { at: Number(match[1]), seq: Number(match[2]) };
}
