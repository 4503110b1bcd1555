import type { PolicyRule, PrivateApp } from '@causeway/contract';
import { neverDeciding } from '../../policy/never-deciding.ts';
import type { ShadowedPolicyRule } from './model.ts';

/** The rules that can never decide, in their order. Every one that is named is dead; not every dead one is found. */
export function shadowedPolicyRules(apps: readonly PrivateApp[], rules: readonly PolicyRule[]): ShadowedPolicyRule[] {
  return neverDeciding(apps, rules).map(({ rule, by }) => ({
    rule: rules[rule]?.name ?? '',
    by: by === null ? null : (rules[by]?.name ?? ''),
  }));
}
