import { Sessions } from '../sessions.ts';

/** Of an app host; the login host's are `__Host-cw-login` and `__Host-cw-pre-…`. */
export const SESSION_COOKIE = '__Host-cw';
export const NONCE_COOKIE = '__Host-cw-nonce';

/** Whether the name is ours, in any spelling: apps neither get nor set such cookies. */
export function isOurCookie(name: string): boolean {
  if (name.length < 9 || name.charCodeAt(0) !== 0x5f) return false; // hot: most names end here
  const lower = name.toLowerCase();
  return lower === '__host-cw' || lower.startsWith('__host-cw-');
}

/** What a Cookie header means to us, and what of it the app may see. */
export interface CookieView {
  readonly header: string;
  /** Hash of our session token; `null` where there is none that could be one. */
  readonly tokenHash: string | null;
  readonly nonce: string | null;
  /** One of our names stands there twice: somebody else put one of them there. */
  readonly tossed: boolean;
  /** The header without our cookies; empty for none. */
  readonly forwarded: string;
}

export function viewCookies(header: string): CookieView {
  let token: string | null = null;
  let nonce: string | null = null;
  let tossed = false;
  const kept: string[] = [];
  for (const part of header.split(';')) {
    const pair = part.trim();
    if (pair === '') continue;
    const equals = pair.indexOf('=');
    const name = (equals < 0 ? pair : pair.slice(0, equals)).trimEnd();
    if (!isOurCookie(name)) {
      kept.push(pair);
      continue;
    }
    const value = equals < 0 ? '' : pair.slice(equals + 1).trim();
    if (name === SESSION_COOKIE) {
      tossed ||= token !== null;
      token = value;
    } else if (name === NONCE_COOKIE) {
      tossed ||= nonce !== null;
      nonce = value;
    }
  }
  const tokenHash = token === null ? null : Sessions.hashOf(token);
  return { header, tokenHash, nonce, tossed, forwarded: kept.join('; ') };
}

const EMPTY: CookieView = viewCookies('');

/** A browser sends the same cookies again and again on a connection: they are parsed and hashed once. */
export class CookieMemo {
  readonly #last = new WeakMap<object, CookieView>();

  of(connection: object, header: string): CookieView {
    if (header === '') return EMPTY;
    const last = this.#last.get(connection);
    if (last !== undefined && last.header === header) return last;
    const view = viewCookies(header);
    this.#last.set(connection, view);
    return view;
  }
}
