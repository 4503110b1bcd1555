import { codeOf } from '@causeway/contract';
import { redirect, refusal, type Answer } from './exchange/answer.ts';
import { SESSION_COOKIE } from './exchange/cookies.ts';
import type { Exchange } from './exchange/exchange.ts';
import type { PassContext } from './exchange/pass.ts';

/**
 * `/.causeway/sign-out`, for links and buttons in apps. A link leads to the portal, where the person can sign out; a
 * POST from the app's own pages ends the login session everywhere, here included.
 */
export async function signOut(exchange: Exchange, context: PassContext): Promise<Answer> {
  const { loginOrigin } = exchange.snapshot.source;
  const { method } = exchange.request;
  if (method === 'GET' || method === 'HEAD') return redirect(exchange, 302, `${loginOrigin}/`, []);
  if (method !== 'POST') return refusal(exchange, 'CW_METHOD_REFUSED', { close: true });
  if (exchange.head.origin !== `https://${exchange.head.host.toLowerCase()}`) return refusal(exchange, 'CW_CSRF');
  exchange.cookies = context.cookies.of(exchange.request.connection, exchange.head.cookie);
  const { tokenHash, tossed } = exchange.cookies;
  if (tossed) return refusal(exchange, 'CW_REQUEST_INVALID', { close: true });
  try {
    const found = tokenHash === null ? null : await context.sessions.find(tokenHash);
    if (found === 'busy') return refusal(exchange, 'CW_BUSY');
    if (found !== null && found.grant.host === exchange.host) await context.endSession(found.principal.session);
  } catch (error) {
    return refusal(exchange, codeOf(error));
  }
  return redirect(exchange, 303, `${loginOrigin}/signed-out`, [
    `${SESSION_COOKIE}=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Lax`,
  ]);
}
