import type { ObjectDifference } from './model.ts';

/** One object may hold thousands of entries; whoever needs all of them has both bodies. */
const MAX_DIFFERENCES = 200;

/** What is different between two bodies, which are JSON; at most 200 differences. */
export function differences(before: unknown, after: unknown): ObjectDifference[] {
  const found: ObjectDifference[] = [];
  compare('', before, after, found);
  return found.slice(0, MAX_DIFFERENCES);
}

function compare(path: string, before: unknown, after: unknown, found: ObjectDifference[]): void {
  if (found.length > MAX_DIFFERENCES || before === after) return;
  if (before === undefined) found.push({ path, after });
  else if (after === undefined) found.push({ path, before });
  else if (Array.isArray(before) && Array.isArray(after)) compareLists(path, before, after, found);
  else if (isRecord(before) && isRecord(after)) {
    for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
      compare(path === '' ? key : `${path}.${key}`, before[key], after[key], found);
    }
  } else found.push({ path, before, after });
}

/** Lists of words by what came and went, since a word put in front moves all others; lists of objects by place. */
function compareLists(
  path: string,
  before: readonly unknown[],
  after: readonly unknown[],
  found: ObjectDifference[],
): void {
  if (![...before, ...after].every((entry) => typeof entry !== 'object')) {
    for (let i = 0; i < Math.max(before.length, after.length); i++) {
      compare(`${path}[${i}]`, before[i], after[i], found);
    }
    return;
  }
  const [old, fresh] = [new Set(before), new Set(after)];
  const start = found.length;
  for (const entry of old) if (!fresh.has(entry)) found.push({ path, before: entry });
  for (const entry of fresh) if (!old.has(entry)) found.push({ path, after: entry });
  const same = before.length === after.length && before.every((entry, i) => entry === after[i]);
  if (found.length === start && !same) found.push({ path, before, after });
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
