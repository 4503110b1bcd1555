import { LIMITS } from '@causeway/contract';
import { refusal, type Answer } from './answer.ts';
import { checkPath, checkQuery } from './exact-path.ts';
import type { Exchange } from './exchange.ts';

/** Longer than any header name in use; the parser's limit is on the head as a whole. */
const MAX_NAME = 256;
const MAX_TARGET = 16 * 1024;
const NEVER_FORWARDED = new Set(['CONNECT', 'TRACE', 'TRACK']);
/** Codings that exist and that we do not undo (RFC 9112 §6.1 asks for 501); every other list is malformed. */
const UNDONE = /^(?:(?:x-)?(?:gzip|compress)|deflate)(?:\s*,\s*(?:(?:x-)?(?:gzip|compress)|deflate))*\s*,\s*chunked$/;
const ABSOLUTE = /^https?:\/\/([^/?]*)(.*)$/i;

/** Method and target: sets `target` and `path` to exactly what would be forwarded. */
export function strictRequestLine(exchange: Exchange): Answer | null {
  const { method, target, httpVersion } = exchange.request;
  // the parser takes any digit for a minor or major version, and would answer HTTP/2.0 as if it were 1.1
  if (httpVersion !== '1.1' && httpVersion !== '1.0') {
    return refusal(exchange, 'CW_REQUEST_INVALID', { status: 505, close: true });
  }
  if (NEVER_FORWARDED.has(method)) return refusal(exchange, 'CW_METHOD_REFUSED', { close: true });
  if (target.length > MAX_TARGET) return refusal(exchange, 'CW_HEAD_TOO_LARGE', { status: 414, close: true });
  let origin = target;
  if (target.charCodeAt(0) !== 0x2f) {
    // RFC 9112 §3.2.2: a server must accept the absolute form; its authority replaces Host, so both must agree
    const absolute = ABSOLUTE.exec(target);
    if (absolute === null) return invalid(exchange);
    if ((absolute[1] ?? '').toLowerCase() !== exchange.head.host.toLowerCase()) return invalid(exchange);
    const rest = absolute[2] ?? '';
    origin = rest.startsWith('/') ? rest : `/${rest}`;
  }
  const mark = origin.indexOf('?');
  const path = mark < 0 ? origin : origin.slice(0, mark);
  if (!checkPath(path).ok) return invalid(exchange);
  if (mark >= 0 && !checkQuery(origin.slice(mark + 1)).ok) return invalid(exchange);
  exchange.path = path;
  exchange.target = mark === origin.length - 1 ? path : origin; // an empty query is none
  return null;
}

/** What two readers of the same bytes could understand differently (RFC 9112 §6, §11). */
export function strictFraming(exchange: Exchange): Answer | null {
  const { head, request } = exchange;
  if (head.names.length > LIMITS.requestHeaders || head.longestName > MAX_NAME) {
    return refusal(exchange, 'CW_HEAD_TOO_LARGE', { close: true });
  }
  if (head.hosts !== 1) return invalid(exchange);
  if (head.transferEncoding !== null) {
    if (request.httpVersion === '1.0' || head.contentLength) return invalid(exchange);
    const codings = head.transferEncoding.toLowerCase();
    if (codings !== 'chunked') {
      return UNDONE.test(codings)
        ? refusal(exchange, 'CW_REQUEST_INVALID', { status: 501, close: true })
        : invalid(exchange);
    }
  }
  return null;
}

function invalid(exchange: Exchange): Answer {
  return refusal(exchange, 'CW_REQUEST_INVALID', { close: true });
}
