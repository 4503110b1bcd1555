import type { PolicyRule } from '@causeway/contract';
import type { PrincipalSketch } from './model.ts';

/** People whom none of the rules tells apart. */
export interface PrincipalClass {
  /** Any one of them stands for all. */
  readonly sketch: PrincipalSketch;
  readonly users: readonly string[];
}

/** Who differs only in names, groups and units that no rule mentions falls into one class. In the order of the principals. */
export function principalClasses(
  principals: readonly PrincipalSketch[],
  rules: readonly PolicyRule[],
): PrincipalClass[] {
  const users = new Set(rules.flatMap((rule) => rule.users ?? []));
  const groups = new Set(rules.flatMap((rule) => rule.groups ?? []));
  const units = new Set(rules.flatMap((rule) => rule.ous ?? []));
  const classes = new Map<string, { sketch: PrincipalSketch; users: string[] }>();
  for (const principal of principals) {
    const seen = [...new Set(principal.groups.filter((group) => groups.has(group)))].toSorted();
    const key = JSON.stringify([
      users.has(principal.user) ? principal.user : null,
      seen,
      unitsAbove(principal.ou, units),
    ]);
    const known = classes.get(key);
    if (known !== undefined) known.users.push(principal.user);
    else {
      const { user, ou } = principal;
      classes.set(key, { sketch: { user, groups: seen, ou }, users: [user] });
    }
  }
  return [...classes.values()];
}

/** Those units among these that are this one or above it; `null` where none is known, which rules tell apart as well. */
function unitsAbove(ou: string | undefined, units: ReadonlySet<string>): string[] | null {
  if (units.size === 0) return [];
  if (ou === undefined) return null;
  const path = ou.split('/');
  return path.map((_, i) => path.slice(0, i + 1).join('/')).filter((unit) => units.has(unit));
}
