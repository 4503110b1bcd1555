import type { Insertable } from 'kysely';
import type { EventQuery, EventRecord } from '../../rpc/messages.ts';
import type { EventTables } from '../store/event-tables.ts';

/** Longer values are found by their beginning, which an index can hold on either database. */
const MAX_KEY = 256;
const MAX_WORDS = 1_024;

/** What events are found by with an index, the most telling first. */
export const SOUGHT = [
  'decision',
  'session',
  'device',
  'user',
  'address',
  'app',
  'rule',
  'status',
  'action',
  'kind',
] as const;
export type Sought = (typeof SOUGHT)[number];

/** As stored and as compared: PostgreSQL's text has no NUL. */
export function keyOf(text: string): string {
  return text.replaceAll('\0', '').slice(0, MAX_KEY).toLowerCase();
}

/** Ids differ by case. */
const exact = (text: string): string => text.replaceAll('\0', '').slice(0, MAX_KEY);

export function wordsOf(event: EventRecord): string {
  const { verb, path, verdict } = event;
  const words = [verb, path, verdict?.why].filter((part) => part !== null && part !== undefined).join(' ');
  return words.replaceAll('\0', '').slice(0, MAX_WORDS).toLowerCase();
}

export function toRow(event: EventRecord): Insertable<EventTables['event']> {
  const key = (text: string | null | undefined): string | null =>
    text === null || text === undefined ? null : keyOf(text);
  return {
    at: event.at,
    kind: event.kind,
    user: key(event.user),
    device: key(event.device),
    session: event.session === null ? null : exact(event.session),
    app: key(event.app),
    rule: key(event.verdict?.rule),
    action: event.verdict?.action ?? null,
    decision: exact(event.decision),
    address: event.address === '' ? null : keyOf(event.address),
    status: event.status,
    words: wordsOf(event),
    record: JSON.stringify(event),
  };
}

/** What a query asks of the indexed columns, in the order of `SOUGHT`. */
export function conditionsOf(query: EventQuery): { column: Sought; value: string | number }[] {
  return SOUGHT.flatMap((column): { column: Sought; value: string | number }[] => {
    const value = query[column];
    if (value === undefined) return [];
    if (typeof value === 'number') return [{ column, value }];
    return [{ column, value: column === 'decision' || column === 'session' ? exact(value) : keyOf(value) }];
  });
}

/** Whether an event that is not stored yet is one of those that the query finds. */
export function matches(query: EventQuery, event: EventRecord): boolean {
  const { since, until, text } = query;
  if (since !== undefined && event.at < since) return false;
  if (until !== undefined && event.at >= until) return false;
  const row = toRow(event);
  if (!conditionsOf(query).every(({ column, value }) => row[column] === value)) return false;
  return text === undefined || row.words.includes(keyOf(text));
}
