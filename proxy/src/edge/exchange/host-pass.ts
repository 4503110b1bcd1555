import { refusal, type Answer } from './answer.ts';
import type { Exchange } from './exchange.ts';

const AUTHORITY = /^([a-z0-9._-]{1,253})(?::\d{1,5})?$/;

/**
 * The host must be the one that the TLS connection was opened for, and lie below the access domain. Which names there
 * are apps is nobody's business before login: every one of them goes on.
 */
export function hostInZone(exchange: Exchange): Answer | null {
  const host = AUTHORITY.exec(exchange.head.host.toLowerCase())?.[1];
  if (host === undefined) return refusal(exchange, 'CW_REQUEST_INVALID', { close: true });
  const zone = exchange.snapshot.source.accessDomain;
  if (host !== exchange.request.serverName || host.length <= zone.length || !host.endsWith(`.${zone}`)) {
    return refusal(exchange, 'CW_HOST_FOREIGN', { close: true });
  }
  exchange.host = host;
  return null;
}
