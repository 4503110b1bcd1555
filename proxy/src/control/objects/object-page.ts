import { sql, type Expression, type ExpressionBuilder, type SqlBool } from 'kysely';
import { CausewayError, slug, type ObjectKind } from '@causeway/contract';
import { didYouMean } from '../../config/closest.ts';
import type { Database } from '../store/database.ts';
import type { StoreTables } from '../store/schema.ts';
import { KINDS } from './kinds/kinds.ts';
import type { Page, StoredObject } from './model.ts';
import { toObject } from './object-rows.ts';
import { filterFields } from './searchable.ts';

export interface ListQuery {
  /** 1 to 500. */
  readonly limit: number;
  /** What an earlier page gave as `next`, with the same sort. */
  readonly cursor?: string;
  /** `name`, `position`, `createdAt` or `updatedAt`, with `-` downwards; position for ordered kinds, name otherwise. */
  readonly sort?: string;
  /** Exact values without regard to case, all of which must be there: `managedBy`, references and the kind's fields. */
  readonly filter?: Readonly<Record<string, string>>;
  /** Words, each of which occurs somewhere in name, description or fields, without regard to case. */
  readonly q?: string;
}

const SORTS = { name: 'name', position: 'position', createdAt: 'created_at', updatedAt: 'updated_at' } as const;
type SortField = keyof typeof SORTS;

const MAX_LIMIT = 500;
const MAX_WORDS = 8;
const MAX_CURSOR = 1_000;
/** Characters of a search, or of a value to filter by. */
const MAX_TEXT = 1_000;

type Conditions = ExpressionBuilder<StoreTables, 'object'>;

/** @throws CausewayError `CW_INPUT_INVALID` */
export async function listObjects(
  { read }: Pick<Database, 'read'>,
  kind: ObjectKind,
  query: ListQuery,
): Promise<Page<StoredObject>> {
  const { limit } = query;
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_LIMIT) refuse('limit', `from 1 to ${MAX_LIMIT}`);
  const sort = query.sort ?? (KINDS[kind].ordered ? 'position' : 'name');
  const down = sort.startsWith('-');
  const field = sortField(down ? sort.slice(1) : sort);
  const column = SORTS[field];
  const after = query.cursor === undefined ? null : readCursor(query.cursor, sort);
  const direction = down ? 'desc' : 'asc';
  const rows = await read
    .selectFrom('object')
    .select(['kind', 'name', 'revision', 'position', 'managed_by', 'created_at', 'updated_at', 'updated_by', 'body'])
    .where('kind', '=', kind)
    .where((e) =>
      e.and([
        ...(after === null ? [] : [e(e.refTuple(column, 'name'), down ? '<' : '>', e.tuple(after.value, after.name))]),
        ...filters(e, kind, query.filter ?? {}),
        ...wordsOf(query.q).map((word) => contains('words', word)),
      ]),
    )
    .orderBy(column, direction)
    .orderBy('name', direction)
    .limit(limit + 1)
    .execute();
  const items = rows.slice(0, limit).map(toObject);
  const last = items.at(-1);
  return { items, next: rows.length > limit && last !== undefined ? writeCursor(sort, last[field], last.name) : null };
}

function filters(e: Conditions, kind: ObjectKind, filter: Readonly<Record<string, string>>): Expression<SqlBool>[] {
  return Object.entries(filter).map(([field, value]) => {
    if (value.length > MAX_TEXT) return refuse(`filter.${field}`, `at most ${MAX_TEXT} characters`);
    if (field === 'managedBy') {
      if (value !== 'api' && value !== 'file') return refuse('filter.managedBy', 'api or file');
      return e('managed_by', '=', value);
    }
    const known = filterFields(kind);
    if (!known.includes(field)) {
      return refuse(`filter.${field}`, `not a field to filter by${didYouMean(field, [...known, 'managedBy'])}`);
    }
    return contains('terms', `\n${field}=${value}\n`.toLowerCase());
  });
}

function wordsOf(q: string | undefined): string[] {
  if (q !== undefined && q.length > MAX_TEXT) refuse('q', `at most ${MAX_TEXT} characters`);
  const words = (q ?? '').toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length > MAX_WORDS) refuse('q', `at most ${MAX_WORDS} words`);
  return words;
}

/** With an escape of our own, because only one of the databases has one by itself. */
function contains(column: 'words' | 'terms', text: string): Expression<SqlBool> {
  const pattern = `%${text.replaceAll('\0', '').replaceAll(/[\\%_]/g, String.raw`\$&`)}%`;
  return sql<SqlBool>`${sql.ref(column)} like ${pattern} escape '\\'`;
}

function sortField(text: string): SortField {
  if (Object.hasOwn(SORTS, text)) return text as SortField;
  return refuse('sort', `one of ${Object.keys(SORTS).join(', ')}${didYouMean(text, Object.keys(SORTS))}`);
}

function writeCursor(sort: string, value: string | number, name: string): string {
  return Buffer.from(JSON.stringify([sort, value, name])).toString('base64url');
}

function readCursor(text: string, sort: string): { value: string | number; name: string } {
  let parsed: unknown = null;
  try {
    if (text.length <= MAX_CURSOR) parsed = JSON.parse(Buffer.from(text, 'base64url').toString());
  } catch {
    // said below
  }
  if (!Array.isArray(parsed)) return refuse('cursor', 'not one of ours');
  const [of, value, name] = parsed as unknown[];
  const type = sort.endsWith('name') ? 'string' : 'number';
  if (of !== sort) return refuse('cursor', 'belongs to a list that is sorted otherwise');
  const checked = slug.safeParse(name);
  const known = type === 'string' ? value === name : Number.isSafeInteger(value);
  if (!checked.success || !known) return refuse('cursor', 'not one of ours');
  return { value: value as string | number, name: checked.data };
}

function refuse(path: string, message: string): never {
  throw new CausewayError('CW_INPUT_INVALID', `${path}: ${message}`, { problems: [{ path, message }] });
}
