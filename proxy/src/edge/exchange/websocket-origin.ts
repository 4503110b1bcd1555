import { refusal, type Answer } from './answer.ts';
import type { Exchange } from './exchange.ts';

/**
 * Browsers send our cookie with a WebSocket that any page opens (no CORS, RFC 6455 §10.2), so the page's origin must be
 * the app's own or one that the app names.
 */
export function webSocketOrigin(exchange: Exchange): Answer | null {
  if (!exchange.request.upgrade) return null;
  const { head } = exchange;
  if (exchange.request.method !== 'GET' || head.upgrade.toLowerCase() !== 'websocket') {
    return refusal(exchange, 'CW_REQUEST_INVALID', { close: true });
  }
  const origin = head.origin?.toLowerCase() ?? null;
  if (origin === `https://${head.host.toLowerCase()}`) return null;
  if (origin !== null && exchange.app?.clientless?.origins.includes(origin) === true) return null;
  return refusal(exchange, 'CW_ORIGIN_FOREIGN', { close: true });
}
