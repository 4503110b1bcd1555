import type { PolicyInput, PolicyRuleInput } from './policy-input.ts';

/** Which apps a rule names, by index; `null` for every app. */
export function appFinder(apps: PolicyInput['apps']): (rule: PolicyRuleInput) => ReadonlySet<number> | null {
  const byName = new Map(apps.map((app, index) => [app.name, index]));
  const byTag = new Map<string, number[]>();
  for (const [index, app] of apps.entries()) {
    for (const tag of new Set(app.tags)) {
      const tagged = byTag.get(tag);
      if (tagged === undefined) byTag.set(tag, [index]);
      else tagged.push(index);
    }
  }
  return (rule) => {
    if (rule.apps === undefined && rule.tags === undefined) return null;
    const named = new Set(rule.apps?.flatMap((name) => byName.get(name) ?? []));
    if (rule.tags === undefined) return named;
    const tagged = new Set(rule.tags.flatMap((tag) => byTag.get(tag) ?? []));
    return rule.apps === undefined ? tagged : new Set([...named].filter((app) => tagged.has(app)));
  };
}
