import { codeOf } from '@causeway/contract';
import { loginRedirect } from '../login-redirect.ts';
import type { Found } from '../sessions.ts';
import { refusal, type Answer } from './answer.ts';
import type { Exchange } from './exchange.ts';
import type { PassContext } from './pass.ts';

/** Who asks. A token is good for the host that it was made for and for no other. */
export function sessionPass(exchange: Exchange, context: PassContext): Answer | null | Promise<Answer | null> {
  exchange.cookies = context.cookies.of(exchange.request.connection, exchange.head.cookie);
  if (exchange.cookies.tossed) return refusal(exchange, 'CW_REQUEST_INVALID', { close: true });
  const { tokenHash } = exchange.cookies;
  if (tokenHash === null) return stranger(exchange, context);
  const found = context.sessions.find(tokenHash);
  if (!(found instanceof Promise)) return settle(exchange, context, found);
  return found.then(
    (session) => settle(exchange, context, session),
    (error: unknown) => refusal(exchange, codeOf(error)),
  );
}

function settle(exchange: Exchange, context: PassContext, found: Found): Answer | null {
  if (found === 'busy') return refusal(exchange, 'CW_BUSY');
  if (found === null || found.grant.host !== exchange.host) return stranger(exchange, context);
  exchange.appSession = found;
  return null;
}

/** Nobody can sign in while control has no news: a page that can be loaded again is of more use than the way there. */
function stranger(exchange: Exchange, context: PassContext): Answer {
  if (context.feed.state !== 'live') return refusal(exchange, context.feed.code);
  return loginRedirect(exchange, context.intentKey());
}
