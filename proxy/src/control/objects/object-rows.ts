import type { Kysely, Selectable, Transaction } from 'kysely';
import type { ObjectKind } from '@causeway/contract';
import type { ObjectTables } from '../store/object-tables.ts';
import type { StoreTables } from '../store/schema.ts';
import type { ObjectBody } from './kinds/kind.ts';
import type { StoredObject } from './model.ts';

export type ObjectRow = Selectable<ObjectTables['object']>;
export type RevisionRow = Selectable<ObjectTables['object_revision']>;
export type Tx = Transaction<StoreTables>;

/** Rows of one statement; a database limits the parameters of a statement. */
const BATCH = 200;

export function toObject(row: Omit<ObjectRow, 'digest' | 'words' | 'terms'>): StoredObject {
  return {
    kind: row.kind,
    name: row.name,
    revision: row.revision,
    body: toBody(row.body),
    position: row.position,
    managedBy: row.managed_by,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    updatedBy: row.updated_by,
  };
}

/** What was stored had passed its schema. */
export function toBody(text: string): ObjectBody {
  return JSON.parse(text) as ObjectBody;
}

export function batches<T>(items: readonly T[], size = BATCH): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));
}

/** Until the transaction ends nobody else changes objects. @returns the working set's version */
export async function lockWorkingSet(tx: Tx): Promise<number> {
  const { value } = await tx
    .updateTable('counter')
    .set((e) => ({ value: e.ref('value') }))
    .where('name', '=', 'working')
    .returning('value')
    .executeTakeFirstOrThrow();
  return value;
}

export async function rowsByName(
  db: Kysely<StoreTables>,
  kind: ObjectKind,
  names: readonly string[],
): Promise<Map<string, ObjectRow>> {
  const found = new Map<string, ObjectRow>();
  for (const batch of batches(names)) {
    const query = db.selectFrom('object').selectAll().where('kind', '=', kind).where('name', 'in', batch);
    for (const row of await query.execute()) found.set(row.name, row);
  }
  return found;
}

/** The last revision of each name that ever had one. */
export async function lastRevisions(
  db: Kysely<StoreTables>,
  kind: ObjectKind,
  names: readonly string[],
): Promise<Map<string, number>> {
  const found = new Map<string, number>();
  for (const batch of batches(names)) {
    const rows = await db
      .selectFrom('object_revision')
      .select((e) => ['name', e.fn.max('revision').as('last')])
      .where('kind', '=', kind)
      .where('name', 'in', batch)
      .groupBy('name')
      .execute();
    for (const { name, last } of rows) found.set(name, last);
  }
  return found;
}

export async function putObjects(tx: Tx, rows: readonly ObjectRow[]): Promise<void> {
  for (const batch of batches(rows)) {
    await tx
      .insertInto('object')
      .values(batch)
      .onConflict((c) =>
        c.columns(['kind', 'name']).doUpdateSet((e) => ({
          revision: e.ref('excluded.revision'),
          position: e.ref('excluded.position'),
          managed_by: e.ref('excluded.managed_by'),
          updated_at: e.ref('excluded.updated_at'),
          updated_by: e.ref('excluded.updated_by'),
          digest: e.ref('excluded.digest'),
          words: e.ref('excluded.words'),
          terms: e.ref('excluded.terms'),
          body: e.ref('excluded.body'),
        })),
      )
      .execute();
  }
}

export async function deleteObjects(tx: Tx, kind: ObjectKind, names: readonly string[]): Promise<void> {
  for (const batch of batches(names)) {
    await tx.deleteFrom('object').where('kind', '=', kind).where('name', 'in', batch).execute();
  }
}

export async function addRevisions(tx: Tx, rows: readonly RevisionRow[]): Promise<void> {
  for (const batch of batches(rows)) await tx.insertInto('object_revision').values(batch).execute();
}
