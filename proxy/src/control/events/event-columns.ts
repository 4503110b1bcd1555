import type { Insertable, Selectable } from 'kysely';
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
    method: event.method,
    verb: key(event.verb),
    why: key(event.verdict?.why),
    worker: event.worker,
    ms: Math.trunc(event.ms),
    bytes: event.bytesUp + event.bytesDown,
    words: wordsOf(event),
    record: JSON.stringify(event),
  };
}

/** What no index helps to find: rows are looked at one by one. */
const COMPARED = ['method', 'verb', 'worker', 'minMs', 'minBytes'] as const;
const COLUMN_OF = { method: 'method', verb: 'verb', worker: 'worker', minMs: 'ms', minBytes: 'bytes' } as const;

export type Column = Sought | (typeof COLUMN_OF)[keyof typeof COLUMN_OF];

export interface Condition {
  readonly column: Column;
  readonly sign: '=' | '>=';
  readonly value: string | number;
}

/** What a query asks of columns: first those with an index, in the order of `SOUGHT`. */
export function conditionsOf(query: EventQuery): { sought: Condition[]; compared: Condition[] } {
  const condition = (column: Column, sign: Condition['sign'], value: string | number | undefined): Condition[] => {
    if (value === undefined) return [];
    if (typeof value === 'number') return [{ column, sign, value }];
    return [{ column, sign, value: column === 'decision' || column === 'session' ? exact(value) : keyOf(value) }];
  };
  return {
    sought: SOUGHT.flatMap((column) => condition(column, '=', query[column])),
    compared: COMPARED.flatMap((name) => condition(COLUMN_OF[name], name.startsWith('min') ? '>=' : '=', query[name])),
  };
}

/** Whether a query finds this row; the same as the database would say. */
export function matcherOf(query: EventQuery): (row: Selectable<EventTables['event']>) => boolean {
  const { since, until, text } = query;
  const { sought, compared } = conditionsOf(query);
  const conditions = [...sought, ...compared];
  const words = text === undefined ? null : keyOf(text);
  return (row) => {
    if (since !== undefined && row.at < since) return false;
    if (until !== undefined && row.at >= until) return false;
    for (const { column, sign, value } of conditions) {
      const found = row[column];
      if (sign === '=' ? found !== value : found === null || found < value) return false;
    }
    return words === null || row.words.includes(words);
  };
}
