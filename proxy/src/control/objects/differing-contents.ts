import { OBJECT_KINDS, type ObjectKind } from '@causeway/contract';
import type { ContentText } from './chunks.ts';
import { differences } from './differences.ts';
import { KINDS } from './kinds/kinds.ts';
import type { ObjectDifference } from './model.ts';
import { longestIncreasing } from './positions.ts';

/** What becomes of one object from one state of the contents to another. */
export interface ContentDifference {
  readonly kind: ObjectKind;
  readonly name: string;
  readonly outcome: 'created' | 'updated' | 'moved' | 'deleted';
  /** Of an update; `(order)` where the object also moved. */
  readonly diff: readonly ObjectDifference[];
}

type Contents = Readonly<Record<ObjectKind, readonly ContentText[]>>;

/** Kind by kind; within one what went, then what is there in its order. */
export function differingContents(before: Contents, after: Contents): ContentDifference[] {
  return OBJECT_KINDS.flatMap((kind) => differingKind(kind, before[kind], after[kind]));
}

function differingKind(
  kind: ObjectKind,
  before: readonly ContentText[],
  after: readonly ContentText[],
): ContentDifference[] {
  const old = new Map(before.map((entry, place) => [entry.name, { text: entry.text, place }]));
  const names = new Set(after.map(({ name }) => name));
  const found: ContentDifference[] = before
    .filter(({ name }) => !names.has(name))
    .map(({ name }) => ({ kind, name, outcome: 'deleted', diff: [] }));
  const moved = KINDS[kind].ordered ? movedNames(after, old) : new Set<string>();
  for (const { name, text } of after) {
    const present = old.get(name);
    const order = moved.has(name) ? [{ path: '(order)' }] : [];
    if (present === undefined) found.push({ kind, name, outcome: 'created', diff: [] });
    else if (present.text !== text) {
      const diff = [...differences(JSON.parse(present.text), JSON.parse(text)), ...order];
      if (diff.length > 0) found.push({ kind, name, outcome: 'updated', diff });
    } else if (order.length > 0) found.push({ kind, name, outcome: 'moved', diff: order });
  }
  return found;
}

/** As few of the names on both sides as can be, without which the others stand in the same order. */
function movedNames(after: readonly ContentText[], old: ReadonlyMap<string, { readonly place: number }>): Set<string> {
  const both = after.filter(({ name }) => old.has(name));
  const kept = new Set(longestIncreasing(both.map(({ name }) => old.get(name)?.place ?? null)));
  return new Set(both.filter((_, i) => !kept.has(i)).map(({ name }) => name));
}
