import { signOut } from '../sign-out.ts';
import { redeemTicket } from '../ticket.ts';
import { refusal, type Answer } from './answer.ts';
import { isReservedPath } from './exact-path.ts';
import type { Exchange } from './exchange.ts';
import type { PassContext } from './pass.ts';

/** `/.causeway/…` on an app host is ours and never the app's. */
export function reservedPaths(exchange: Exchange, context: PassContext): Answer | null | Promise<Answer | null> {
  if (!isReservedPath(exchange.path)) return null;
  if (exchange.path === '/.causeway/ticket' && exchange.request.method === 'GET')
    return redeemTicket(exchange, context);
  if (exchange.path === '/.causeway/sign-out') return signOut(exchange, context);
  return refusal(exchange, 'CW_APP_UNKNOWN');
}
