import { hash, randomBytes } from 'node:crypto';
import { sealIntent } from '../rpc/intent.ts';
import { redirect, refusal, type Answer } from './exchange/answer.ts';
import { NONCE_COOKIE } from './exchange/cookies.ts';
import type { Exchange } from './exchange/exchange.ts';

const NONCE_SECONDS = 10 * 60;
/** Longer deep links than this are not kept: the intent travels in a URL. */
const MAX_DEEP_LINK = 2_048;

/**
 * Sends a stranger to the login host with what was asked for sealed inside, or says 401 to what is not a page load: a
 * redirected script or upload would only fail in a stranger way.
 *
 * The nonce cookie binds the ticket that comes back to this browser. One that is there already is kept, so that several
 * tabs that open at once can all come back.
 */
export function loginRedirect(exchange: Exchange, intentKey: Buffer): Answer {
  const { method } = exchange.request;
  if (exchange.request.upgrade || !exchange.navigation || (method !== 'GET' && method !== 'HEAD')) {
    return refusal(exchange, 'CW_LOGIN_REQUIRED');
  }
  const known = exchange.cookies.nonce;
  const nonce = known !== null && /^[\w-]{43}$/.test(known) ? known : randomBytes(32).toString('base64url');
  const intent = sealIntent(intentKey, {
    host: exchange.host,
    path: localPath(exchange.target),
    nonceHash: hash('sha256', nonce, 'base64url'),
    at: exchange.at,
  });
  return redirect(exchange, 302, `${exchange.snapshot.source.loginOrigin}/start?i=${intent}`, [
    `${NONCE_COOKIE}=${nonce}; Path=/; Max-Age=${NONCE_SECONDS}; Secure; HttpOnly; SameSite=Lax`,
  ]);
}

/** A path that stays on its host when a browser is sent there: `//evil` and `/\evil` name another one. */
export function localPath(path: string): string {
  if (path.length > MAX_DEEP_LINK) return '/';
  return /^\/(?![/\\])[\x21-\x5b\x5d-\x7e]*$/.test(path) || path === '/' ? path : '/';
}
