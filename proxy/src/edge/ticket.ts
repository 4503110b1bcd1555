import { hash } from 'node:crypto';
import { codeOf } from '@causeway/contract';
import { redirect, refusal, type Answer } from './exchange/answer.ts';
import { SESSION_COOKIE } from './exchange/cookies.ts';
import type { Exchange } from './exchange/exchange.ts';
import type { PassContext } from './exchange/pass.ts';
import { localPath } from './login-redirect.ts';

const TICKET = /^[\w-]{20,100}$/;

/**
 * The way back from the login host: a ticket that works once, for this host and the browser that holds the nonce. What
 * it is exchanged for is set here and never stood in a URL. The nonce stays for its ten minutes: it only binds tickets to
 * this browser, and other tabs may still be on their way back.
 */
export async function redeemTicket(exchange: Exchange, context: PassContext): Promise<Answer> {
  exchange.cookies = context.cookies.of(exchange.request.connection, exchange.head.cookie);
  const ticket = new URLSearchParams(exchange.target.slice(exchange.path.length)).get('t') ?? '';
  const { nonce, tossed } = exchange.cookies;
  if (!TICKET.test(ticket) || nonce === null || tossed) return refusal(exchange, 'CW_TICKET_INVALID');
  if (context.feed.state !== 'live') return refusal(exchange, context.feed.code); // nothing new while revocations may be missed
  try {
    const { token, returnTo, expiresAt } = await context.redeem({
      ticket,
      nonceHash: hash('sha256', nonce, 'base64url'),
      host: exchange.host,
    });
    const expires = new Date(expiresAt).toUTCString();
    return redirect(exchange, 303, localPath(returnTo), [
      `${SESSION_COOKIE}=${token}; Path=/; Expires=${expires}; Secure; HttpOnly; SameSite=Lax`,
    ]);
  } catch (error) {
    return refusal(exchange, codeOf(error));
  }
}
