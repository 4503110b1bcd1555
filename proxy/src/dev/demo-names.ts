import { webOrigin } from '../config/derive.ts';
import type { DemoApp } from './demo-app.ts';

/** Names of the demo. Everything below `localhost` is loopback in browsers and in our diallers (RFC 6761 §6.3). */
export const DEMO_DOMAINS = {
  access: 'causeway.localhost',
  identity: 'causeway-id.localhost',
  tunnel: 'tunnel.causeway-pop.localhost',
} as const;

/** A third site, so that the browser treats the identity provider as the stranger that it is. */
export const DEMO_IDP_HOST = 'idp.causeway-idp.localhost';

/** The demo's one publisher. */
export const DEMO_PUBLISHER = 'demo';

export interface DemoPorts {
  readonly pop: number;
  readonly idp: number;
  readonly operations: number;
  /** The agent's HTTP proxy, SOCKS5 and PAC file. */
  readonly agent: number;
}

export function demoPorts(given: Partial<DemoPorts> = {}): DemoPorts {
  return { pop: 8443, idp: 8444, operations: 9464, agent: 8118, ...given };
}

export function demoIdpUrl(ports: DemoPorts): string {
  return webOrigin(DEMO_IDP_HOST, ports.idp);
}

/** What a person opens: the portal, and each app by its name. */
export function demoUrls(
  ports: DemoPorts,
  app: DemoApp | null,
): { readonly portal: string; readonly apps: Readonly<Record<string, string>> } {
  const names = ['intranet', 'notes', ...(app === null ? [] : ['app'])];
  const url = (name: string): string => `${webOrigin(`${name}.${DEMO_DOMAINS.access}`, ports.pop)}/`;
  return {
    portal: `${loginOriginOf(ports)}/`,
    apps: Object.fromEntries(names.map((name) => [name, url(name)])),
  };
}

export function loginOriginOf(ports: DemoPorts): string {
  return webOrigin(`login.${DEMO_DOMAINS.identity}`, ports.pop);
}
