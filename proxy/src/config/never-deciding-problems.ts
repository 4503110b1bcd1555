import type { PolicyRule, PrivateApp } from '@causeway/contract';
import type { ShadowedRule } from '@causeway/wasm-core';
import { neverDeciding } from '../policy/never-deciding.ts';
import type { Problem } from './object-checks.ts';

export interface NeverDecidingProblems {
  readonly shadowed: readonly ShadowedRule[];
  /** Warnings, each at its rule. */
  readonly problems: readonly Problem[];
}

/** Rules that can never decide, in the words of a warning. Of thousands of rules it takes seconds. */
export function neverDecidingProblems(
  apps: readonly PrivateApp[],
  rules: readonly PolicyRule[],
): NeverDecidingProblems {
  const shadowed = neverDeciding(apps, rules);
  const tags = new Set(apps.flatMap((app) => app.tags));
  // Where no app has its tag yet, that is said already.
  const waits = (rule: number): boolean => rules[rule]?.tags?.some((tag) => !tags.has(tag)) === true;
  const told = shadowed.filter(({ rule, by }) => by !== null || !waits(rule));
  return { shadowed, problems: told.map((one) => warning(rules, one)) };
}

function warning(rules: readonly PolicyRule[], { rule, by }: ShadowedRule): Problem {
  const cover = by === null ? undefined : rules[by];
  const message =
    cover === undefined
      ? 'never decides: no app is what it asks for'
      : `never decides: rules[${by}] "${cover.name}" before it matches whatever it does`;
  return { path: ['rules', rule], message: `"${rules[rule]?.name ?? ''}" ${message}`, severity: 'warning' };
}
