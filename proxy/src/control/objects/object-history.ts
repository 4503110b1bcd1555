import type { Kysely } from 'kysely';
import { CausewayError, type ObjectKind } from '@causeway/contract';
import type { StoreTables } from '../store/schema.ts';
import { differences } from './differences.ts';
import type { ObjectVersion, Page } from './model.ts';
import { toBody } from './object-rows.ts';

export interface HistoryQuery {
  /** 1 to 500. */
  readonly limit: number;
  /** The `next` of the page before. */
  readonly cursor?: string;
}

const MAX_LIMIT = 500;

/** States of one object, also of one that is deleted, the newest first, each with what it changed. */
export async function objectHistory(
  db: Kysely<StoreTables>,
  kind: ObjectKind,
  name: string,
  { limit, cursor }: HistoryQuery,
): Promise<Page<ObjectVersion>> {
  const before = beforeOf(cursor);
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_LIMIT) refuse('limit', `from 1 to ${MAX_LIMIT}`);
  const rows = await versions(db, kind, name)
    .where('revision', '<', before)
    .orderBy('revision', 'desc')
    .limit(limit + 1)
    .execute();
  const items = rows.slice(0, limit).map((row, i) => toVersion(row, rows[i + 1]));
  return { items, next: rows.length > limit ? String(items.at(-1)?.revision ?? 0) : null };
}

/** @returns `null` where there never was such a revision */
export async function objectVersion(
  db: Kysely<StoreTables>,
  kind: ObjectKind,
  name: string,
  revision: number,
): Promise<ObjectVersion | null> {
  if (!Number.isSafeInteger(revision)) return null;
  const [row, older] = await versions(db, kind, name)
    .where('revision', '<=', revision)
    .orderBy('revision', 'desc')
    .limit(2)
    .execute();
  return row?.revision === revision ? toVersion(row, older) : null;
}

function versions(db: Kysely<StoreTables>, kind: ObjectKind, name: string) {
  return db
    .selectFrom('object_revision')
    .innerJoin('object_change', 'object_change.number', 'object_revision.change')
    .select(['kind', 'name', 'revision', 'change', 'op', 'body', 'at', 'actor', 'source', 'comment'])
    .where('kind', '=', kind)
    .where('name', '=', name);
}

type VersionRow = Omit<ObjectVersion, 'body' | 'diff'> & { readonly body: string };

function toVersion(row: VersionRow, older: VersionRow | undefined): ObjectVersion {
  const body = toBody(row.body);
  const compared = row.op === 'updated' && older !== undefined ? differences(toBody(older.body), body) : [];
  return { ...row, body, diff: row.op === 'moved' ? [{ path: '(order)' }] : compared };
}

function beforeOf(cursor: string | undefined): number {
  const before = cursor === undefined ? Number.MAX_SAFE_INTEGER : Number(cursor);
  return Number.isSafeInteger(before) ? before : refuse('cursor', 'not one of ours');
}

function refuse(path: string, message: string): never {
  throw new CausewayError('CW_INPUT_INVALID', `${path}: ${message}`, { problems: [{ path, message }] });
}
