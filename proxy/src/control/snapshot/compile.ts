import { parsePortRange, type PolicyRule, type PrivateApp } from '@causeway/contract';
import type { compilePolicy } from '@causeway/wasm-core';

/** The policy in the core's words; rule and app numbers of its answers index these very lists. */
export function policyInput(apps: readonly PrivateApp[], rules: readonly PolicyRule[]): PolicyInput {
  return { apps: apps.map(({ name, tags }) => ({ name, tags })), rules: rules.map(coreRule) };
}

/** Rules as the edges need them, which know notices and no templates. */
export function withNotices(
  rules: readonly PolicyRule[],
  templates: readonly { readonly name: string; readonly notice: string }[],
): readonly PolicyRule[] {
  if (templates.length === 0) return rules;
  const notices = new Map(templates.map(({ name, notice }) => [name, notice]));
  return rules.map((rule) => {
    const notice = rule.template === undefined ? undefined : notices.get(rule.template);
    return notice === undefined ? rule : { ...rule, notice };
  });
}

type PolicyInput = Parameters<typeof compilePolicy>[0];
type CoreRule = PolicyInput['rules'][number];

/** The core knows conditions; what a match means (allow, block, notice) stays with the rule. */
function coreRule({ users, groups, apps, tags, ports, methods }: PolicyRule): CoreRule {
  return {
    ...(users === undefined ? {} : { users }),
    ...(groups === undefined ? {} : { groups }),
    ...(apps === undefined ? {} : { apps }),
    ...(tags === undefined ? {} : { tags }),
    ...(ports === undefined ? {} : { ports: ports.map(parsePortRange) }),
    ...(methods === undefined ? {} : { methods }),
  };
}
