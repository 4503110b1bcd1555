import { sql, type Expression, type SqlBool } from 'kysely';
import { z } from '@hono/zod-openapi';
import { refuseInput } from './problem.ts';

export const MAX_PAGE = 500;
const DEFAULT_PAGE = 50;

/** Of every list that answers part by part. */
export const pageQuery = {
  limit: z.coerce.number().int().min(1).max(MAX_PAGE).default(DEFAULT_PAGE).describe('items at most'),
  cursor: z.string().min(1).max(1_000).optional().describe('the next of the page before, with the same sort'),
};

export const search = z.string().max(200).optional().describe('words, each of which occurs somewhere');

/** @param fields what can be sorted by, with `-` downwards */
export function sortBy<const F extends string>(fields: readonly [F, ...F[]], standard: F | `-${F}`) {
  const words: readonly string[] = [...fields, ...fields.map((field) => `-${field}`)];
  return z.enum(words as [string, ...string[]]).default(standard);
}

export function page<T extends z.ZodType>(item: T) {
  return z.object({
    items: z.array(item),
    next: z.string().nullable().describe('continues after the last item; null at the end'),
  });
}

/** Milliseconds since 1970. */
export const time = z.int().min(0).max(8.64e15).describe('milliseconds since 1970');

/** A place between rows, by the value that they are sorted by and what tells equal ones apart. */
interface Place {
  readonly value: string | number;
  readonly id: string | number;
}

/** A column that lists are sorted by; never null. */
export interface SortColumn {
  readonly column: string;
  readonly type: 'number' | 'string';
}

/** How a list is read: in this order, after that place, one row more than the page has. */
export interface Keyset {
  readonly column: string;
  readonly id: string;
  readonly descending: boolean;
  readonly after: Place | null;
}

/**
 * @param id what tells rows apart that are equal otherwise
 * @throws CausewayError `CW_INPUT_INVALID` on a cursor that is none of this sort
 */
export function keyset(
  query: { readonly sort: string; readonly cursor?: string | undefined },
  columns: Readonly<Record<string, SortColumn>>,
  id: SortColumn,
): Keyset {
  const descending = query.sort.startsWith('-');
  const by = columns[descending ? query.sort.slice(1) : query.sort];
  if (by === undefined) refuseInput('sort', 'there is no such field');
  const after = query.cursor === undefined ? null : readCursor(query.cursor, query.sort, [by.type, id.type]);
  return { column: by.column, id: id.column, descending, after };
}

/** Rows beyond the place that the cursor names. */
export function beyond({ column, id, descending, after }: Keyset): Expression<SqlBool> {
  if (after === null) return sql<SqlBool>`1 = 1`;
  const sign = sql.raw(descending ? '<' : '>');
  return sql<SqlBool>`(${sql.ref(column)}, ${sql.ref(id)}) ${sign} (${after.value}, ${after.id})`;
}

/** @param rows one more than the page has where there are more */
export function pageOf<R, T>(
  rows: readonly R[],
  query: { readonly limit: number; readonly sort: string },
  item: (row: R) => T,
  place: (row: R) => Place,
): { items: T[]; next: string | null } {
  const kept = rows.slice(0, query.limit);
  const last = kept.at(-1);
  const more = rows.length > query.limit && last !== undefined;
  return { items: kept.map(item), next: more ? writeCursor(query.sort, place(last)) : null };
}

const cursorShape = z.tuple([z.string(), z.union([z.string(), z.number()]), z.union([z.string(), z.number()])]);

function writeCursor(sort: string, { value, id }: Place): string {
  return Buffer.from(JSON.stringify([sort, value, id])).toString('base64url');
}

function readCursor(text: string, sort: string, types: readonly [string, string]): Place {
  let given: unknown;
  try {
    given = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
  } catch {
    refuseInput('cursor', 'not one of ours');
  }
  const { success, data } = cursorShape.safeParse(given);
  if (!success || data[0] !== sort) refuseInput('cursor', 'not one of ours, or of another sort');
  const [, value, id] = data;
  if (!sound(value, types[0]) || !sound(id, types[1])) refuseInput('cursor', 'not one of ours');
  return { value, id };
}

function sound(part: string | number, type: string): boolean {
  return typeof part === type && (typeof part === 'string' ? !part.includes('\0') : Number.isSafeInteger(part));
}
