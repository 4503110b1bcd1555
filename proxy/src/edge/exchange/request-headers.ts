import type { Answer } from './answer.ts';
import type { Exchange, HeaderTable } from './exchange.ts';
import { hopByHop, namedByConnection } from './hop-by-hop.ts';

/** Headers by which servers learn who asks and from where: only we may say that. Compared with `_` read as `-`. */
const IDENTITY = new Set([
  'forwarded',
  'x-real-ip',
  'x-client-ip',
  'x-cluster-client-ip',
  'true-client-ip',
  'cf-connecting-ip',
  'fastly-client-ip',
  'remote-user',
  'remote-addr',
  'x-remote-user',
  'x-remote-groups',
  'x-authenticated-user',
  'x-authenticated-groups',
  'x-user',
  'x-groups',
  'x-webauth-user',
  'x-ssl-client-cert',
  'x-original-url',
  'x-rewrite-url',
  'x-original-host',
  'x-host',
  'x-request-id',
]);
const IDENTITY_PREFIXES = ['x-forwarded-', 'x-auth-request-', 'x-causeway-'];

/** Framing, routing and cookies are written here anew, also where an app reads `_` as `-` (CGI, RFC 3875 §4.1.18). */
const WRITTEN_HERE = new Set(['host', 'cookie', 'content-length', 'expect']);

function isOurs(name: string): boolean {
  const dashed = name.includes('_') ? name.replaceAll('_', '-') : name;
  if (WRITTEN_HERE.has(dashed) || hopByHop.has(dashed) || IDENTITY.has(dashed)) return true;
  return IDENTITY_PREFIXES.some((prefix) => dashed.startsWith(prefix));
}

/** The app's header rules may set anything but what frames the message or names its way. */
const NOT_BY_RULE = new Set(['content-length', 'host']);

/** Builds the head for the app anew: nothing gets there that was not looked at here. */
export function requestHeaders(exchange: Exchange): Answer | null {
  const clientless = exchange.app?.clientless;
  if (clientless === undefined) return null;
  const { head, request } = exchange;
  const out = Object.create(null) as HeaderTable;
  const named = namedByConnection(head.connection);
  for (let i = 0; i < head.names.length; i++) {
    const name = head.names[i] ?? '';
    if (named?.has(name) === true || isOurs(name)) continue;
    add(out, name, head.values[i] ?? '');
    if (name === 'content-type' && Array.isArray(out[name])) out[name] = out[name][0] ?? '';
  }
  // framing is what it is, whatever Connection names
  if (head.contentLength) out['content-length'] = head.values[head.names.indexOf('content-length')] ?? '0';
  if (head.transferEncoding !== null) out['transfer-encoding'] = 'chunked';
  if (exchange.cookies.forwarded !== '' && named?.has('cookie') !== true) out['cookie'] = exchange.cookies.forwarded;

  const { scheme, host, port } = clientless.upstream;
  const ordinary = port === (scheme === 'https' ? 443 : 80);
  const bracketed = host.includes(':') ? `[${host}]` : host;
  out['host'] = clientless.preserveHost ? head.host : ordinary ? bracketed : `${bracketed}:${port}`;
  out['x-forwarded-for'] = request.address;
  out['x-forwarded-proto'] = 'https';
  out['x-forwarded-host'] = head.host;
  out['x-request-id'] = exchange.decision;
  if (request.upgrade) {
    out['connection'] = 'Upgrade';
    out['upgrade'] = 'websocket';
  }
  for (const name in clientless.requestHeaders) {
    const lower = name.toLowerCase();
    if (!NOT_BY_RULE.has(lower) && !hopByHop.has(lower)) out[lower] = clientless.requestHeaders[name] ?? '';
  }
  exchange.upstreamHeaders = out;
  return null;
}

export function add(table: HeaderTable, name: string, value: string): void {
  const there = table[name];
  if (there === undefined) table[name] = value;
  else if (typeof there === 'string') table[name] = [there, value];
  else there.push(value);
}
