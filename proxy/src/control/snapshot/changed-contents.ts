import type { PreparedChange } from '../objects/prepared-change.ts';
import type { ContentTexts } from './stored-contents.ts';
import { noContents } from './stored-contents.ts';

/** Contents as they would be after changes that are not made. Where among its kind one comes is not looked at. */
export function changedContents(contents: ContentTexts, changes: readonly PreparedChange[]): ContentTexts {
  if (changes.length === 0) return contents;
  const changed = { ...noContents(), ...contents };
  for (const [kind, own] of Map.groupBy(changes, (change) => change.kind)) {
    const byName = new Map(own.map((change) => [change.name, change]));
    const kept = contents[kind].flatMap((entry) => {
      const change = byName.get(entry.name);
      if (change === undefined) return [entry];
      byName.delete(entry.name);
      return change.put === null ? [] : [{ ...entry, text: change.put.text }];
    });
    const added = [...byName.values()].flatMap(({ name, put }) =>
      put === null ? [] : [{ name, managedBy: 'api' as const, text: put.text }],
    );
    changed[kind] = [...kept, ...added];
  }
  return changed;
}
