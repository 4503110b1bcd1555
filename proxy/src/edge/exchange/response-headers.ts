import { strictTransport } from './answer.ts';
import { privateCaching } from './cache-control.ts';
import type { Exchange, HeaderTable } from './exchange.ts';
import { hopByHop, namedByConnection } from './hop-by-hop.ts';
import { rewriteLocation, rewriteRefresh } from './location.ts';
import { add } from './request-headers.ts';
import { filterSetCookie } from './set-cookie.ts';

const CONTROL = /[^\t\x20-\x7e\x80-\xff]/;
/** Promises about names and transport that are ours to make, and other ways to the app. */
const OURS = new Set(['strict-transport-security', 'public-key-pins', 'alt-svc', 'expect-ct']);

/**
 * The head of an app's answer as the browser gets it, built anew.
 *
 * @param raw name, value … as the app sent them
 * @returns `null` where the head cannot be passed on safely
 */
export function responseHeaders(exchange: Exchange, status: number, raw: readonly string[]): HeaderTable | null {
  const { app, snapshot, host, head } = exchange;
  if (app === null || status < 200 || status > 599) return null;
  const out = Object.create(null) as HeaderTable;
  const zone = { host, urls: app.clientless?.urls ?? [], accessDomain: snapshot.source.accessDomain };
  let named: Set<string> | null = null;
  let chunked = false;
  let cacheControl: string | null = null;
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = (raw[i] ?? '').toLowerCase();
    const value = raw[i + 1] ?? '';
    if (CONTROL.test(value)) return null;
    switch (name) {
      case 'connection':
        named = namedByConnection(value) ?? named;
        continue;
      case 'transfer-encoding':
        // every other coding would stay in the body, and nobody would tell the browser
        if (chunked || value.trim().toLowerCase() !== 'chunked') return null;
        chunked = true;
        continue;
      case 'cache-control':
        cacheControl = cacheControl === null ? value : `${cacheControl}, ${value}`;
        continue;
      case 'set-cookie': {
        const cookie = filterSetCookie(value, zone);
        if (cookie !== null) add(out, name, cookie);
        continue;
      }
      case 'location':
      case 'content-location':
        if (out[name] !== undefined) return null; // two: browsers differ in which they follow
        out[name] = rewriteLocation(value, app, head.host);
        continue;
      case 'refresh':
        out[name] = rewriteRefresh(value, app, head.host);
        continue;
    }
    if (!hopByHop.has(name) && !OURS.has(name)) add(out, name, value);
  }
  if (named !== null) for (const name of named) if (name !== 'content-length') delete out[name];
  if (chunked) delete out['content-length'];
  if (Array.isArray(out['content-length'])) return null;
  out['cache-control'] = privateCaching(cacheControl);
  const strict = strictTransport(zone.accessDomain);
  if (strict !== null) out['strict-transport-security'] = strict;
  return out;
}
