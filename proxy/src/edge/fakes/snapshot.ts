import { hash, randomBytes } from 'node:crypto';
import { policyRule, privateApp, type PolicyRule, type PrivateApp } from '@causeway/contract';
import { compilePolicy } from '@causeway/wasm-core';
import type { z } from 'zod';
import { policyInput } from '../../policy/policy-input.ts';
import { packFacts } from '../../policy/packed-facts.ts';
import { factsOf } from '../../policy/rule-facts.ts';
import { atOnce } from '../../policy/steps.ts';
import { cutPieces } from '../../rpc/cut-pieces.ts';
import type { EdgeSecrets } from '../../rpc/messages.ts';
import { offeredSnapshot, type OfferedSnapshot } from '../../rpc/offered-snapshot.ts';
import type { PieceName } from '../../rpc/snapshot.ts';
import { ActiveSnapshot } from '../config/active-snapshot.ts';
import type { FakeCa } from './ca.ts';

export const ACCESS_DOMAIN = 'causeway.localhost';
export const TUNNEL_DOMAIN = 'tunnel.causeway-pop.localhost';

const APPS_OF_A_PIECE = 3;

export interface Configuration {
  readonly apps: readonly z.input<typeof privateApp>[];
  readonly rules: readonly z.input<typeof policyRule>[];
}

interface Made {
  readonly offered: OfferedSnapshot;
  readonly apps: readonly PrivateApp[];
  readonly image: Uint8Array<ArrayBuffer>;
  readonly facts: Uint8Array<ArrayBuffer>;
}

function made(number: number, configuration: Configuration): Made {
  const apps: PrivateApp[] = configuration.apps.map((app) => privateApp.parse(app));
  const rules: PolicyRule[] = configuration.rules.map((rule) => policyRule.parse(rule));
  const image = new Uint8Array(compilePolicy(policyInput(apps, rules)));
  const facts = packFacts(factsOf(apps, rules));
  const head = {
    number,
    accessDomain: ACCESS_DOMAIN,
    identityDomain: 'causeway-id.localhost',
    tunnelDomain: TUNNEL_DOMAIN,
    loginOrigin: 'https://login.causeway-id.localhost:8443',
    timeZone: 'UTC',
    graceMs: 15 * 60_000,
    publishers: [...new Set(apps.flatMap((app) => app.publishers))],
    publicPort: 8443,
  };
  const texts = new Map<string, Uint8Array>();
  const pieces: PieceName[] = [];
  for (let at = 0; at < apps.length; at += APPS_OF_A_PIECE) {
    const entries = apps.slice(at, at + APPS_OF_A_PIECE).map((body) => ({ managedBy: 'file', body }));
    const text = Buffer.from(JSON.stringify(entries), 'utf8');
    const name = hash('sha256', text, 'base64url');
    texts.set(name, text);
    pieces.push({ hash: name, bytes: text.length });
  }
  const parts = {
    rules: rules.length,
    objects: { apps: pieces },
    image: cutPieces(image),
    facts: cutPieces(facts),
  };
  return { offered: offeredSnapshot(head, parts, (name) => texts.get(name)), apps, image, facts };
}

/** A published configuration as control would compile and offer it. */
export function snapshotOf(number: number, configuration: Configuration): OfferedSnapshot {
  return made(number, configuration).offered;
}

/** The same as an edge has it in force. */
export function activeSnapshotOf(number: number, configuration: Configuration, now: number): ActiveSnapshot {
  const { offered, apps, image, facts } = made(number, configuration);
  const loaded = { manifest: offered.manifest, objects: { apps }, image, facts };
  return atOnce(ActiveSnapshot.building(loaded, now));
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
