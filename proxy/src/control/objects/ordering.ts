import type { ErrorProblem, ObjectKind } from '@causeway/contract';
import { didYouMean } from '../../config/closest.ts';
import type { Placement } from './model.ts';
import type { Tx } from './object-rows.ts';
import { API_POSITIONS, placeInOrder, positionsBetween } from './positions.ts';

/** A wish for one object of an ordered kind. */
export interface PlacementWish {
  readonly name: string;
  readonly position: Placement;
  /** Where it is; `null` where it is new. */
  readonly present: number | null;
}

export interface Ordered {
  /** Every API object of the kind whose position becomes another. */
  readonly positions: ReadonlyMap<string, number>;
  readonly problems: readonly ErrorProblem[];
}

/**
 * Positions for objects of one ordered kind that are new or move, in the order of the wishes.
 *
 * @param order names that come in this order afterwards
 */
export async function orderObjects(
  tx: Tx,
  kind: ObjectKind,
  wishes: readonly PlacementWish[],
  order: readonly string[] | undefined,
): Promise<Ordered> {
  if (order === undefined && wishes.every(({ position, present }) => position === 'last' && present === null)) {
    const placed = await appended(tx, kind, wishes);
    if (placed !== null) return { positions: placed, problems: [] };
  }
  const [wish, another] = wishes;
  if (order === undefined && wish !== undefined && another === undefined) {
    const placed = await besideNeighbours(tx, kind, wish);
    if (placed !== null) return { positions: new Map([[wish.name, placed]]), problems: [] };
  }
  return rearranged(tx, kind, wishes, order ?? []);
}

async function appended(
  tx: Tx,
  kind: ObjectKind,
  wishes: readonly PlacementWish[],
): Promise<Map<string, number> | null> {
  const row = await positionsOf(tx, kind).orderBy('position', 'desc').limit(1).executeTakeFirst();
  const positions = positionsBetween(row?.position ?? null, null, wishes.length, API_POSITIONS);
  return positions === null ? null : new Map(wishes.map(({ name }, i) => [name, positions[i] ?? 0]));
}

/** The usual case, one rule put somewhere, without reading the whole list. @returns `null` where that does not do */
async function besideNeighbours(tx: Tx, kind: ObjectKind, wish: PlacementWish): Promise<number | null> {
  const { name, position, present } = wish;
  const others = positionsOf(tx, kind).where('name', '!=', name);
  const [first, last] = [others.orderBy('position').limit(1), others.orderBy('position', 'desc').limit(1)];
  let before: number | null = null;
  let after: number | null = null;
  if (position === 'first') after = (await first.executeTakeFirst())?.position ?? null;
  else if (position === 'last') before = (await last.executeTakeFirst())?.position ?? null;
  else {
    const neighbour = 'before' in position ? position.before : position.after;
    const anchor = await others.where('name', '=', neighbour).executeTakeFirst();
    if (anchor === undefined) return null;
    if ('before' in position) {
      after = anchor.position;
      before = (await last.where('position', '<', after).executeTakeFirst())?.position ?? null;
    } else {
      before = anchor.position;
      after = (await first.where('position', '>', before).executeTakeFirst())?.position ?? null;
    }
  }
  if (present !== null && (before ?? -Infinity) < present && present < (after ?? Infinity)) return present;
  return positionsBetween(before, after, 1, API_POSITIONS)?.[0] ?? null;
}

function positionsOf(tx: Tx, kind: ObjectKind) {
  return tx.selectFrom('object').select('position').where('kind', '=', kind).where('managed_by', '=', 'api');
}

/** By the whole list, of which most keep their positions. */
async function rearranged(
  tx: Tx,
  kind: ObjectKind,
  wishes: readonly PlacementWish[],
  order: readonly string[],
): Promise<Ordered> {
  const rows = await tx
    .selectFrom('object')
    .select(['name', 'position'])
    .where('kind', '=', kind)
    .where('managed_by', '=', 'api')
    .orderBy('position')
    .orderBy('name')
    .execute();
  const present = new Map(rows.map(({ name, position }) => [name, position]));
  const problems: ErrorProblem[] = [];
  const names = rows.map(({ name }) => name);
  const all = new Set([...names, ...wishes.map(({ name }) => name)]);
  const missing = (name: string, path: string, other: string): void => {
    const guess = problems.length < 20 ? didYouMean(other, all) : '';
    problems.push({ kind, name, path, message: `the API manages no such object "${other}"${guess}` });
  };
  for (const { name, position } of wishes) {
    const from = present.has(name) ? names.indexOf(name) : -1;
    if (from >= 0) names.splice(from, 1);
    const at = indexFor(position, names);
    if (at === null) missing(name, 'position', neighbourOf(position));
    names.splice(at ?? names.length, 0, name);
    if (at !== from) present.delete(name);
  }
  const wanted = [...new Set(order)].filter((name) => all.has(name));
  for (const name of order) if (!all.has(name)) missing(name, 'order', name);
  const slots = new Set(wanted);
  let next = 0;
  const arranged = names.map((name) => (slots.has(name) ? (wanted[next++] ?? name) : name));
  const placed = placeInOrder(
    arranged.map((name) => present.get(name) ?? null),
    API_POSITIONS,
  );
  const before = new Map(rows.map(({ name, position }) => [name, position]));
  const positions = new Map<string, number>();
  for (const [i, name] of arranged.entries()) {
    const position = placed[i] ?? 0;
    if (before.get(name) !== position) positions.set(name, position);
  }
  return { positions, problems };
}

function neighbourOf(position: Placement): string {
  return typeof position === 'string' ? '' : 'before' in position ? position.before : position.after;
}

/** @returns where to put it in; `null` where the neighbour is not there */
function indexFor(position: Placement, names: readonly string[]): number | null {
  if (position === 'first') return 0;
  if (position === 'last') return names.length;
  const at = names.indexOf(neighbourOf(position));
  if (at < 0) return null;
  return 'before' in position ? at : at + 1;
}
