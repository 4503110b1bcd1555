import { randomBytes } from 'node:crypto';
import { policyRule, privateApp, type PolicyRule, type PrivateApp } from '@causeway/contract';
import { compilePolicy } from '@causeway/wasm-core';
import type { z } from 'zod';
import { policyInput } from '../../policy/policy-input.ts';
import type { EdgeSecrets, Snapshot } from '../../rpc/messages.ts';
import type { FakeCa } from './ca.ts';

export const ACCESS_DOMAIN = 'causeway.localhost';
export const TUNNEL_DOMAIN = 'tunnel.causeway-pop.localhost';

export interface Configuration {
  readonly apps: readonly z.input<typeof privateApp>[];
  readonly rules: readonly z.input<typeof policyRule>[];
}

/** A published configuration as control would compile it. */
export function snapshotOf(number: number, configuration: Configuration): Snapshot {
  const apps: PrivateApp[] = configuration.apps.map((app) => privateApp.parse(app));
  const rules: PolicyRule[] = configuration.rules.map((rule) => policyRule.parse(rule));
  const image = compilePolicy(policyInput(apps, rules));
  return {
    number,
    accessDomain: ACCESS_DOMAIN,
    identityDomain: 'causeway-id.localhost',
    tunnelDomain: TUNNEL_DOMAIN,
    loginOrigin: 'https://login.causeway-id.localhost:8443',
    apps,
    rules,
    timeZone: 'UTC',
    policyImage: Buffer.from(image).toString('base64'),
    publishers: [...new Set(apps.flatMap((app) => app.publishers))],
    publicPort: 8443,
  };
}

export async function secretsOf(ca: FakeCa): Promise<EdgeSecrets> {
  const access = await ca.issue({ names: [{ type: 'dns', value: `*.${ACCESS_DOMAIN}` }] });
  const tunnel = await ca.issue({ names: [{ type: 'dns', value: `*.${TUNNEL_DOMAIN}` }] });
  return {
    access: { cert: access.certificate, key: access.key },
    custom: [],
    tunnel: { cert: tunnel.certificate + ca.pem, key: tunnel.key },
    ca: ca.pem,
    ticketKeys: randomBytes(48).toString('base64'),
    intentKey: randomBytes(32).toString('base64'),
  };
}
