import type { PolicyRule, PrivateApp } from '@causeway/contract';
import { shadowedRules, type ShadowedRule } from '@causeway/wasm-core';
import { conditionsOf } from './policy-input.ts';

/**
 * Rules that can never decide, because an earlier one matches whatever they match, or because no app is what they ask
 * for. All it names are dead to everybody whose facts are known; it does not find those that only several rules cover
 * together.
 */
export function neverDeciding(
  apps: readonly Pick<PrivateApp, 'name' | 'tags'>[],
  rules: readonly PolicyRule[],
): ShadowedRule[] {
  return shadowedRules({ apps, rules: rules.map(conditionsOf) });
}
