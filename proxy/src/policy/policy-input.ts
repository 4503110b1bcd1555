import {
  parsePortRange,
  parseTimeOfDay,
  UNKNOWN_UNIT,
  type AccessMethod,
  type PolicyRule,
  type PrivateApp,
  type TimeWindow,
} from '@causeway/contract';
import type { PolicyInput, PolicyRuleInput, PolicySubject, PolicyTimeWindow } from '@causeway/wasm-core';

/** What of a principal rules ask for. */
export interface PolicyPrincipal {
  readonly user: string;
  readonly groups: readonly string[];
  readonly ou?: string | undefined;
  readonly method: AccessMethod;
}

/** The policy in the core's words; rule and app numbers of its answers index these very lists. */
export function policyInput(apps: readonly PrivateApp[], rules: readonly PolicyRule[]): PolicyInput {
  return { apps: apps.map(({ name, tags }) => ({ name, tags })), rules: rules.map(decidedRule) };
}

/** Who asks, in the core's words. @param source an address; `null` where it is unknown or no rule asks for it */
export function policySubject({ user, groups, ou, method }: PolicyPrincipal, source: string | null): PolicySubject {
  return { user, groups, ou: ou ?? UNKNOWN_UNIT, method, ...(source === null ? {} : { source }) };
}

/** A rule's conditions as they are written. What a match means (allow, block, notice) stays with the rule. */
export function conditionsOf(rule: PolicyRule): PolicyRuleInput {
  const { users, groups, ous, apps, tags, destinations, ports, methods, activities, sources, times } = rule;
  return {
    ...(users === undefined ? {} : { users }),
    ...(groups === undefined ? {} : { groups }),
    ...(ous === undefined ? {} : { ous }),
    ...(apps === undefined ? {} : { apps }),
    ...(tags === undefined ? {} : { tags }),
    ...(destinations === undefined ? {} : { destinations }),
    ...(ports === undefined ? {} : { ports: ports.map(parsePortRange) }),
    ...(methods === undefined ? {} : { methods }),
    ...(activities === undefined ? {} : { activities }),
    ...(sources === undefined ? {} : { sources }),
    ...(times === undefined ? {} : { times: times.map(coreWindow) }),
  };
}

/**
 * To the core a fact that it was not told satisfies no condition, whatever the rule means; so a person whose unit the
 * identity provider leaves out would walk past every block of units. Who has no unit is told to be in this one.
 */
function decidedRule(rule: PolicyRule): PolicyRuleInput {
  const conditions = conditionsOf(rule);
  const { ous } = conditions;
  return ous === undefined || rule.action === 'allow' ? conditions : { ...conditions, ous: [...ous, UNKNOWN_UNIT] };
}

export function coreWindow({ days, from, to }: TimeWindow): PolicyTimeWindow {
  return { days, from: parseTimeOfDay(from), to: parseTimeOfDay(to) };
}
