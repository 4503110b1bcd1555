import { parsePortRange, type PolicyRule, type PrivateApp } from '@causeway/contract';
import { compilePolicy } from '@causeway/wasm-core';
import { loginOrigin, publicPort } from '../../config/derive.ts';
import type { Config } from '../../config/schema.ts';
import type { Snapshot } from '../../rpc/messages.ts';

/**
 * What the edges need of a configuration, under its number. Pure: the same configuration compiles to the same snapshot.
 *
 * @throws CoreError where the policy is beyond the core's limits
 */
export function compile(config: Config, number: number): Snapshot {
  const { apps, rules, domains } = config;
  const image = compilePolicy(policyInput(apps, rules));
  return {
    number,
    accessDomain: domains.access,
    identityDomain: domains.identity,
    tunnelDomain: domains.tunnel,
    loginOrigin: loginOrigin(config),
    apps,
    rules,
    policyImage: Buffer.from(image).toString('base64'),
    publishers: config.publishers.map(({ name }) => name),
    publicPort: publicPort(config),
  };
}

/** The policy in the core's words; rule and app numbers of its answers index these very lists. */
export function policyInput(apps: readonly PrivateApp[], rules: readonly PolicyRule[]): PolicyInput {
  return { apps: apps.map(({ name, tags }) => ({ name, tags })), rules: rules.map(coreRule) };
}

type PolicyInput = Parameters<typeof compilePolicy>[0];
type CoreRule = Parameters<typeof compilePolicy>[0]['rules'][number];

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
