import type { Kysely } from 'kysely';
import { CausewayError, OBJECT_KINDS, type ObjectKind } from '@causeway/contract';
import { entriesOf, type ContentEntry, type ContentText } from '../objects/chunks.ts';
import { batches } from '../objects/object-rows.ts';
import type { StoreTables } from '../store/schema.ts';

/** Objects of every kind in their order. */
export type ContentTexts = Readonly<Record<ObjectKind, readonly ContentText[]>>;

const CHUNKS_AT_ONCE = 100;

export async function workingVersion(db: Kysely<StoreTables>): Promise<number> {
  const query = db.selectFrom('counter').select('value').where('name', '=', 'working');
  return (await query.executeTakeFirstOrThrow()).value;
}

/** The last published snapshot's number, 0 before the first. */
export async function lastSnapshot(db: Kysely<StoreTables>): Promise<number> {
  const query = db.selectFrom('snapshot').select('number').orderBy('number', 'desc').limit(1);
  return (await query.executeTakeFirst())?.number ?? 0;
}

/** The working set; of ordered kinds the file's objects are first. */
export async function workingContents(db: Kysely<StoreTables>): Promise<ContentTexts> {
  const contents = noContents();
  const rows = await db
    .selectFrom('object')
    .select(['kind', 'name', 'managed_by', 'body'])
    .orderBy('kind')
    .orderBy('position')
    .orderBy('name')
    .execute();
  for (const { kind, name, managed_by, body } of rows) contents[kind].push({ name, managedBy: managed_by, text: body });
  return contents;
}

/**
 * What a snapshot holds; nothing for number 0.
 *
 * @throws CausewayError `CW_NOT_FOUND` where it was never published, or so long ago that it is not kept
 */
export async function snapshotContents(db: Kysely<StoreTables>, number: number): Promise<ContentTexts> {
  const contents = noContents();
  if (number === 0) return contents;
  for (const [kind, hashes] of Object.entries(await snapshotParts(db, number)) as [ObjectKind, string[]][]) {
    for (const batch of batches(hashes, CHUNKS_AT_ONCE)) {
      const rows = await db.selectFrom('snapshot_chunk').selectAll().where('hash', 'in', batch).execute();
      const texts = new Map(rows.map(({ hash, text }) => [hash, text]));
      for (const hash of batch) {
        contents[kind].push(...entriesOf(texts.get(hash) ?? '[]').map((entry) => contentText(entry)));
      }
    }
  }
  return contents;
}

/** Where a page of a snapshot's objects begins: the place of a chunk among the kind's, and of an object in it. */
export interface EntryPlace {
  readonly chunk: number;
  readonly entry: number;
}

/**
 * Some of a snapshot's objects of one kind, from only the chunks that they are in.
 *
 * @throws CausewayError `CW_NOT_FOUND` as `snapshotContents`
 */
export async function snapshotPage(
  db: Kysely<StoreTables>,
  { number, kind, from, limit }: { number: number; kind: ObjectKind; from: EntryPlace; limit: number },
): Promise<{ readonly entries: readonly ContentEntry[]; readonly next: EntryPlace | null }> {
  const hashes = (await snapshotParts(db, number))[kind] ?? [];
  const entries: ContentEntry[] = [];
  let { chunk, entry } = from;
  while (chunk < hashes.length) {
    if (entries.length === limit) return { entries, next: { chunk, entry } };
    const query = db
      .selectFrom('snapshot_chunk')
      .select('text')
      .where('hash', '=', hashes[chunk] ?? '');
    const own = entriesOf((await query.executeTakeFirst())?.text ?? '[]');
    const taken = own.slice(entry, entry + limit - entries.length);
    entries.push(...taken);
    entry += taken.length;
    if (entry >= own.length) {
      chunk++;
      entry = 0;
    }
  }
  return { entries, next: null };
}

async function snapshotParts(db: Kysely<StoreTables>, number: number): Promise<Partial<Record<ObjectKind, string[]>>> {
  const known = await db.selectFrom('snapshot').select('number').where('number', '=', number).executeTakeFirst();
  if (known === undefined) throw new CausewayError('CW_NOT_FOUND', `there is no snapshot ${number}, or not any more`);
  const rows = await db
    .selectFrom('snapshot_part')
    .select(['kind', 'chunk'])
    .where('snapshot', '=', number)
    .orderBy('kind')
    .orderBy('place')
    .execute();
  const parts: Partial<Record<ObjectKind, string[]>> = {};
  for (const { kind, chunk } of rows) (parts[kind] ??= []).push(chunk);
  return parts;
}

/** Which of these the store has. */
export async function storedChunks(db: Kysely<StoreTables>, hashes: readonly string[]): Promise<Set<string>> {
  const stored = new Set<string>();
  for (const batch of batches(hashes)) {
    const rows = await db.selectFrom('snapshot_chunk').select('hash').where('hash', 'in', batch).execute();
    for (const { hash } of rows) stored.add(hash);
  }
  return stored;
}

function contentText({ managedBy, body }: ContentEntry): ContentText {
  return { name: body.name, managedBy, text: JSON.stringify(body) };
}

export function noContents(): Record<ObjectKind, ContentText[]> {
  return Object.fromEntries(OBJECT_KINDS.map((kind) => [kind, []])) as unknown as Record<ObjectKind, ContentText[]>;
}
