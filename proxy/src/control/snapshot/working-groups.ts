import { sql, type Kysely } from 'kysely';
import { OBJECT_KINDS, type ObjectKind } from '@causeway/contract';
import { groupsOf, type ContentText } from '../objects/chunks.ts';
import { batches } from '../objects/object-rows.ts';
import type { StoreTables } from '../store/schema.ts';
import { noContents, workingContents } from './stored-contents.ts';

/** Objects of one kind that become one chunk. */
export interface SourceGroup {
  /** The same for the same states of the same objects; `null` where nothing says what state they are in. */
  readonly key: string | null;
  /** `null` where the key is known. */
  readonly entries: readonly ContentText[] | null;
}

export type SourceGroups = Readonly<Record<ObjectKind, readonly SourceGroup[]>>;

export function groupsOfContents(contents: Readonly<Record<ObjectKind, readonly ContentText[]>>): SourceGroups {
  const groups = OBJECT_KINDS.map((kind): [ObjectKind, SourceGroup[]] => {
    const cut = [...groupsOf(contents[kind], ({ name }) => name)];
    return [kind, cut.map((entries) => ({ key: null, entries }))];
  });
  return Object.fromEntries(groups) as unknown as SourceGroups;
}

/** More than these are read faster with everything else. */
const MAX_READ = 5_000;
/** `name`, revision and manager of an object, and where it stands. */
interface Line {
  readonly state: string;
  readonly name: string;
}

/**
 * The working set in groups, of which only those are read whose key is not known: that an object is in the same
 * revision says that it is the same. One line of text for each object is a tenth of the work of its row.
 *
 * @param isKnown of a kind and key, whether what it stood for is still at hand
 */
export async function workingGroups(db: Kysely<StoreTables>, isKnown: (key: string) => boolean): Promise<SourceGroups> {
  const groups: Partial<Record<ObjectKind, SourceGroup[]>> = {};
  const unread: { readonly kind: ObjectKind; readonly at: number; readonly lines: readonly Line[] }[] = [];
  for (const kind of OBJECT_KINDS) {
    const lines = await linesOf(db, kind);
    if (lines === null) return groupsOfContents(await workingContents(db));
    const own: SourceGroup[] = [];
    for (const group of groupsOf(lines, ({ name }) => name)) {
      const key = `${kind}\n${group.map(({ state }) => state).join('\n')}`;
      if (!isKnown(key)) unread.push({ kind, at: own.length, lines: group });
      own.push({ key, entries: null });
    }
    groups[kind] = own;
  }
  const many = unread.reduce((sum, { lines }) => sum + lines.length, 0) > MAX_READ;
  const all = many ? await workingContents(db) : null;
  const byKind = all === null ? null : texts(all);
  for (const { kind, at, lines } of unread) {
    const names = lines.map(({ name }) => name);
    const known = byKind?.get(kind) ?? (await read(db, kind, names));
    const entries = names.flatMap((name) => known.get(name) ?? []);
    const own = groups[kind];
    const group = own?.[at];
    if (own !== undefined && group !== undefined) own[at] = { ...group, entries };
  }
  return groups as unknown as SourceGroups;
}

/** @returns `null` where the database did not keep to the order */
async function linesOf(db: Kysely<StoreTables>, kind: ObjectKind): Promise<Line[] | null> {
  const { rows } = await sql<{ lines: string | null }>`
    select string_agg(position || ' ' || managed_by || ' ' || revision || ' ' || name, ${sql.lit('\n')}) as lines
    from (
      select position, managed_by, revision, name from object where kind = ${kind} order by position, name
    ) as ordered
  `.execute(db);
  const text = rows[0]?.lines ?? '';
  let last = Number.NEGATIVE_INFINITY;
  const lines: Line[] = [];
  for (const line of text === '' ? [] : text.split('\n')) {
    const space = line.indexOf(' ');
    const position = Number(line.slice(0, space));
    if (!(position >= last)) return null;
    last = position;
    lines.push({ state: line.slice(space + 1), name: line.slice(line.lastIndexOf(' ') + 1) });
  }
  return lines;
}

async function read(
  db: Kysely<StoreTables>,
  kind: ObjectKind,
  names: readonly string[],
): Promise<ReadonlyMap<string, ContentText>> {
  const found = noContents();
  for (const batch of batches(names)) {
    const rows = await db
      .selectFrom('object')
      .select(['name', 'managed_by', 'body'])
      .where('kind', '=', kind)
      .where('name', 'in', batch)
      .execute();
    for (const { name, managed_by, body } of rows) found[kind].push({ name, managedBy: managed_by, text: body });
  }
  return texts(found).get(kind) ?? new Map();
}

function texts(
  contents: Readonly<Record<ObjectKind, readonly ContentText[]>>,
): ReadonlyMap<ObjectKind, ReadonlyMap<string, ContentText>> {
  return new Map(OBJECT_KINDS.map((kind) => [kind, new Map(contents[kind].map((entry) => [entry.name, entry]))]));
}
