import type { Kysely } from 'kysely';
import { CausewayError, type ObjectKind } from '@causeway/contract';
import type { StoreTables } from '../store/schema.ts';
import type { Chunk, Parts } from './chunks.ts';
import type { Page } from './model.ts';
import { batches, type Tx } from './object-rows.ts';

/** A published configuration, as people see it in a list. */
export interface SnapshotSummary {
  readonly number: number;
  readonly publishedAt: number;
  readonly publishedBy: string;
  readonly comment: string;
  /** Version of the working set that it was made from. */
  readonly working: number;
  readonly objects: number;
}

/** What becomes a snapshot. */
export interface SnapshotContents {
  readonly parts: Parts;
  readonly digest: string;
  readonly objects: number;
  /** Chunks that may not be stored yet, at least. */
  readonly chunks: readonly Chunk[];
  readonly working: number;
  /** The last snapshot's number when the contents were read. */
  readonly base: number;
}

const CHUNKS_AT_ONCE = 20;

/**
 * Gives contents the next number, or the last one where nothing changed. What is old is forgotten, with the chunks that
 * only it had.
 *
 * @throws CausewayError `CW_CONFLICT` where somebody else has published since the contents were read
 */
export async function addSnapshot(
  tx: Tx,
  { parts, digest, objects, chunks, working, base }: SnapshotContents,
  by: { readonly actor: string; readonly comment: string },
  now: number,
  keep: number,
): Promise<number> {
  const counter = await tx
    .updateTable('counter')
    .set((e) => ({ value: e.ref('value') }))
    .where('name', '=', 'snapshot')
    .returning('value')
    .executeTakeFirstOrThrow();
  const last = await tx
    .selectFrom('snapshot')
    .select(['number', 'digest'])
    .orderBy('number', 'desc')
    .limit(1)
    .executeTakeFirst();
  // Only the last: numbers rise, so going back to older contents is a new number.
  if (last?.digest === digest) return last.number;
  if ((last?.number ?? 0) !== base) {
    throw new CausewayError('CW_CONFLICT', `snapshot ${last?.number ?? 0} was published meanwhile`);
  }
  const number = counter.value + 1;
  for (const batch of batches(chunks, CHUNKS_AT_ONCE)) {
    const rows = batch.map(({ hash, text }) => ({ hash, text }));
    await tx
      .insertInto('snapshot_chunk')
      .values(rows)
      .onConflict((c) => c.column('hash').doNothing())
      .execute();
  }
  const { actor, comment } = by;
  await tx
    .insertInto('snapshot')
    .values({ number, published_at: now, published_by: actor, comment, working, digest, objects })
    .execute();
  const uses = Object.entries(parts).flatMap(([kind, hashes]) =>
    hashes.map((chunk, place) => ({ snapshot: number, kind: kind as ObjectKind, place, chunk })),
  );
  for (const batch of batches(uses)) await tx.insertInto('snapshot_part').values(batch).execute();
  await forget(tx, number - keep);
  await tx.updateTable('counter').set({ value: number }).where('name', '=', 'snapshot').execute();
  return number;
}

async function forget(tx: Tx, upTo: number): Promise<void> {
  const old = await tx.deleteFrom('snapshot_part').where('snapshot', '<=', upTo).executeTakeFirstOrThrow();
  if (old.numDeletedRows === 0n) return;
  await tx.deleteFrom('snapshot').where('number', '<=', upTo).execute();
  await tx
    .deleteFrom('snapshot_chunk')
    .where((e) =>
      e.not(e.exists(e.selectFrom('snapshot_part').select('chunk').whereRef('chunk', '=', 'snapshot_chunk.hash'))),
    )
    .execute();
}

export async function lastNumber(db: Kysely<StoreTables>): Promise<number> {
  const row = await db.selectFrom('counter').select('value').where('name', '=', 'snapshot').executeTakeFirstOrThrow();
  return row.value;
}

/** The newest first. @param query `cursor`: the `next` of the page before */
export async function listSnapshots(
  db: Kysely<StoreTables>,
  query: { readonly limit: number; readonly cursor?: string },
): Promise<Page<SnapshotSummary>> {
  const before = query.cursor === undefined ? Number.MAX_SAFE_INTEGER : Number(query.cursor);
  const { limit } = query;
  if (!Number.isSafeInteger(before)) refuse('cursor', 'not one of ours');
  if (!Number.isInteger(limit) || limit < 1 || limit > 500) refuse('limit', 'from 1 to 500');
  const rows = await db
    .selectFrom('snapshot')
    .select(['number', 'published_at', 'published_by', 'comment', 'working', 'objects'])
    .where('number', '<', before)
    .orderBy('number', 'desc')
    .limit(limit + 1)
    .execute();
  const items = rows.slice(0, limit).map(({ published_at, published_by, ...row }) => ({
    ...row,
    publishedAt: published_at,
    publishedBy: published_by,
  }));
  return { items, next: rows.length > limit ? String(items.at(-1)?.number ?? 0) : null };
}

function refuse(path: string, message: string): never {
  throw new CausewayError('CW_INPUT_INVALID', `${path}: ${message}`, { problems: [{ path, message }] });
}
