import type { PolicyRule } from '@causeway/contract';
import type { PrincipalSketch } from './model.ts';

/** People whom none of the rules tells apart. */
export interface PrincipalClass {
  /** Any one of them stands for all. */
  readonly sketch: PrincipalSketch;
  readonly users: readonly string[];
}

/** Who differs only in names and groups that no rule mentions falls into one class. In the order of the principals. */
export function principalClasses(
  principals: readonly PrincipalSketch[],
  rules: readonly PolicyRule[],
): PrincipalClass[] {
  const users = new Set(rules.flatMap((rule) => rule.users ?? []));
  const groups = new Set(rules.flatMap((rule) => rule.groups ?? []));
  const classes = new Map<string, { sketch: PrincipalSketch; users: string[] }>();
  for (const principal of principals) {
    const seen = [...new Set(principal.groups.filter((group) => groups.has(group)))].toSorted();
    const key = JSON.stringify([users.has(principal.user) ? principal.user : null, seen]);
    const known = classes.get(key);
    if (known !== undefined) known.users.push(principal.user);
    else classes.set(key, { sketch: { user: principal.user, groups: seen }, users: [principal.user] });
  }
  return [...classes.values()];
}
