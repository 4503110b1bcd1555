/** Everything that a list has, page by page. */
export function wholeList<T>(items: AsyncIterable<T>): Promise<T[]> {
  return someOf(items, null);
}

/** The first of a list; pages that nobody needs are not asked for. @param most `null` for all */
export async function someOf<T>(items: AsyncIterable<T>, most: number | null): Promise<T[]> {
  const some: T[] = [];
  if (most === 0) return some;
  for await (const item of items) {
    some.push(item);
    if (some.length === most) break;
  }
  return some;
}
