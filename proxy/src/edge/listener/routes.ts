import { TUNNEL_ALPN } from '@causeway/contract';

/** Where a connection goes, told from its ClientHello alone: exact comparisons, no patterns. */
export type Route =
  | { readonly t: 'web' }
  | { readonly t: 'control' }
  | { readonly t: 'tunnel' }
  /** The tunnel's host with an ordinary ALPN: the same tunnel inside a WebSocket. */
  | { readonly t: 'tunnel-websocket' }
  | { readonly t: 'sibling'; readonly worker: number }
  | { readonly t: 'refuse'; readonly reason: string };

export interface RouteZones {
  readonly worker: number;
  readonly workers: number;
  readonly accessDomain: string;
  readonly identityDomain: string;
  readonly tunnelDomain: string;
}

export function chooseRoute(
  hello: { readonly serverName: string | null; readonly alpn: readonly string[] },
  zones: RouteZones,
): Route {
  const name = hello.serverName;
  if (name === null) return { t: 'web' }; // its answer is 421: no name, no app
  if (isWithin(name, zones.tunnelDomain)) return tunnelRoute(name, hello.alpn, zones);
  if (isWithin(name, zones.identityDomain)) return { t: 'control' };
  return { t: 'web' };
}

function tunnelRoute(name: string, alpn: readonly string[], zones: RouteZones): Route {
  const label = name.slice(0, -zones.tunnelDomain.length - 1);
  const number = /^w(\d{1,3})$/.exec(label);
  if (number !== null) {
    const worker = Number(number[1]);
    if (worker >= zones.workers) return { t: 'refuse', reason: 'there is no such worker' };
    if (worker !== zones.worker) return { t: 'sibling', worker };
  } else if (label !== 'enrol' && label !== 'agent' && label !== '') {
    return { t: 'refuse', reason: 'not a name of the tunnel domain' };
  }
  return alpn.includes(TUNNEL_ALPN) ? { t: 'tunnel' } : { t: 'tunnel-websocket' };
}

export function isWithin(name: string, domain: string): boolean {
  return name === domain || (name.length > domain.length && name.endsWith(`.${domain}`));
}
