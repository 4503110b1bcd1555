import type { PolicyInput, PolicyRuleInput } from './policy-input.ts';

const NO_APPS: ReadonlySet<number> = new Set();

type Names = PolicyRuleInput['apps'];

/** Which apps a rule with these apps and tags is for, by index; `null` for every app. Equal ones get the same set. */
export function appFinder(apps: PolicyInput['apps']): (names: Names, tags: Names) => ReadonlySet<number> | null {
  const byName = new Map(apps.map((app, index): [string, ReadonlySet<number>] => [app.name, new Set([index])]));
  const byTag = new Map<string, Set<number>>();
  for (const [index, app] of apps.entries()) {
    for (const tag of app.tags) {
      const tagged = byTag.get(tag);
      if (tagged === undefined) byTag.set(tag, new Set([index]));
      else tagged.add(index);
    }
  }
  const known = new Map<string, ReadonlySet<number>>();
  return (names, tags) => {
    if (names === undefined && tags === undefined) return null;
    const [name] = names ?? [];
    const [tag] = tags ?? [];
    if (tags === undefined && names?.length === 1 && name !== undefined) return byName.get(name) ?? NO_APPS;
    if (names === undefined && tags?.length === 1 && tag !== undefined) return byTag.get(tag) ?? NO_APPS;
    const key = JSON.stringify([names, tags]);
    const found = known.get(key);
    if (found !== undefined) return found;
    const named = union(names, byName);
    const tagged = union(tags, byTag);
    const both =
      named === null || tagged === null
        ? (named ?? tagged ?? NO_APPS)
        : new Set([...named].filter((app) => tagged.has(app)));
    known.set(key, both);
    return both;
  };
}

function union(keys: Names, sets: ReadonlyMap<string, ReadonlySet<number>>): Set<number> | null {
  return keys === undefined ? null : new Set(keys.flatMap((key) => [...(sets.get(key) ?? NO_APPS)]));
}
