import { compilePolicy } from '@causeway/wasm-core';
import { loginOrigin, publicPort } from '../../config/derive.ts';
import type { Config } from '../../config/schema.ts';
import { policyInput } from '../../policy/policy-input.ts';
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
    timeZone: config.timeZone,
    policyImage: Buffer.from(image).toString('base64'),
    publishers: config.publishers.map(({ name }) => name),
    publicPort: publicPort(config),
  };
}
