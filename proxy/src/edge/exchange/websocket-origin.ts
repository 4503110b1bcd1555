import { refusal, type Answer } from './answer.ts';
import type { Exchange } from './exchange.ts';

const KEY = /^[A-Za-z0-9+/]{21}[AQgw]==$/;

/**
 * A handshake that every server understands alike (RFC 6455 §4.2.1): one key of 16 bytes, version 13, and no body, whose
 * bytes the app could take for a request of their own.
 */
export function webSocketHandshake(exchange: Exchange): Answer | null {
  if (!exchange.request.upgrade) return null;
  const { head, request } = exchange;
  const only = (name: string): string | null => {
    const at = head.names.indexOf(name);
    return at >= 0 && at === head.names.lastIndexOf(name) ? (head.values[at] ?? null) : null;
  };
  const bare = head.transferEncoding === null && (!head.contentLength || only('content-length') === '0');
  const sound = request.method === 'GET' && request.httpVersion === '1.1' && head.upgrade.toLowerCase() === 'websocket';
  if (!bare || !sound || !KEY.test(only('sec-websocket-key') ?? '')) {
    return refusal(exchange, 'CW_REQUEST_INVALID', { close: true });
  }
  if (only('sec-websocket-version') === '13') return null;
  const answer = refusal(exchange, 'CW_REQUEST_INVALID', { status: 426, close: true });
  answer.headers['sec-websocket-version'] = '13';
  return answer;
}

/**
 * Browsers send our cookie with a WebSocket that any page opens (no CORS, RFC 6455 §10.2), so the page's origin must be
 * the app's own or one that the app names.
 */
export function webSocketOrigin(exchange: Exchange): Answer | null {
  if (!exchange.request.upgrade) return null;
  const { head } = exchange;
  const origin = head.origin?.toLowerCase() ?? null;
  if (origin === `https://${head.host.toLowerCase()}`) return null;
  if (origin !== null && exchange.app?.clientless?.origins.includes(origin) === true) return null;
  return refusal(exchange, 'CW_ORIGIN_FOREIGN', { close: true });
}
