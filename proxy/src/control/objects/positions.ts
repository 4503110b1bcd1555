/** Numbers between which the positions of one list lie, both excluded. */
export interface PositionRange {
  readonly low: number;
  readonly high: number;
}

/** The API's objects; those of the file come before all of them. Everything stays below 2^53. */
export const API_POSITIONS: PositionRange = { low: 0, high: 2 ** 52 };
export const FILE_POSITIONS: PositionRange = { low: -(2 ** 52), high: 0 };

/** Room for 32 objects put one after the other into the same place before anything else must move. */
const GAP = 2 ** 32;

/**
 * Positions for a list in its order, of which most keep the one they have: only what stands out of order, and what has
 * none (`null`), gets a new one. All get new ones where there is no room left between two.
 */
export function placeInOrder(present: readonly (number | null)[], range: PositionRange): number[] {
  const kept = longestIncreasing(present);
  const placed: number[] = [];
  let from = 0;
  let before: number | null = null;
  for (const index of [...kept, present.length]) {
    const after = present[index] ?? null;
    const between = positionsBetween(before, after, index - from, range);
    if (between === null) return spread(range.low, range.high, present.length) ?? [];
    placed.push(...between);
    if (after !== null) placed.push(after);
    before = after;
    from = index + 1;
  }
  return placed;
}

/**
 * `count` positions between two neighbours, `null` for the end of the list on that side.
 *
 * @returns `null` where there is no room
 */
export function positionsBetween(
  before: number | null,
  after: number | null,
  count: number,
  { low, high }: PositionRange,
): number[] | null {
  if (count === 0) return [];
  const steps = (first: number): number[] => Array.from({ length: count }, (_, i) => first + i * GAP);
  if (before === null || after === null) {
    const middle = low + Math.floor((high - low) / 2) - Math.floor(count / 2) * GAP;
    const first = before !== null ? before + GAP : after !== null ? after - count * GAP : middle;
    if (first > low && first + (count - 1) * GAP < high) return steps(first);
  }
  return spread(before ?? low, after ?? high, count);
}

function spread(low: number, high: number, count: number): number[] | null {
  const step = Math.floor((high - low) / (count + 1));
  return step < 1 ? null : Array.from({ length: count }, (_, i) => low + (i + 1) * step);
}

/** Indexes of the longest strictly increasing run of the numbers, by patience sorting. */
export function longestIncreasing(values: readonly (number | null)[]): number[] {
  /** By length: the index of the smallest last value of a run of that length. */
  const ends: number[] = [];
  const previous = new Int32Array(values.length).fill(-1);
  for (const [index, value] of values.entries()) {
    if (value === null) continue;
    let from = 0;
    let to = ends.length;
    while (from < to) {
      const middle = (from + to) >> 1;
      if ((values[ends[middle] ?? 0] ?? 0) < value) from = middle + 1;
      else to = middle;
    }
    previous[index] = ends[from - 1] ?? -1;
    ends[from] = index;
  }
  const run: number[] = [];
  for (let index = ends.at(-1) ?? -1; index >= 0; index = previous[index] ?? -1) run.push(index);
  return run.reverse();
}
