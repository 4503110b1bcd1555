import type { Filter } from './filter.ts';
import { parseFilter } from './filter-parser.ts';
import { invalid } from './scim-error.ts';

/** What a client asked for in the query of a list (RFC 7644 §3.4.2). */
export interface ListQuery {
  readonly filter: Filter | null;
  /** Lower case; `null` for the order of creation. */
  readonly sortBy: string | null;
  readonly descending: boolean;
  /** From 1. */
  readonly startIndex: number;
  readonly count: number;
}

const COUNT_DEFAULT = 100;
export const COUNT_MAX = 500;
const START_MAX = 10_000_000;

/** @throws ScimError */
export function listQuery(query: URLSearchParams): ListQuery {
  const filter = query.get('filter');
  return {
    filter: filter === null || filter.trim() === '' ? null : parseFilter(filter),
    sortBy: query.get('sortBy')?.toLowerCase() ?? null,
    descending: query.get('sortOrder')?.toLowerCase() === 'descending',
    startIndex: Math.max(1, integer(query, 'startIndex', 1, START_MAX)),
    count: Math.max(0, integer(query, 'count', COUNT_DEFAULT, COUNT_MAX)),
  };
}

function integer(query: URLSearchParams, name: string, absent: number, most: number): number {
  const text = query.get(name);
  if (text === null || text === '') return absent;
  if (!/^-?\d{1,15}$/.test(text)) throw invalid('invalidValue', `${name} is a number`);
  return Math.min(Number(text), most);
}
