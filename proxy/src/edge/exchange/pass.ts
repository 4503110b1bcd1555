import type { EdgeCalls } from '../../rpc/messages.ts';
import type { Feed } from '../feed.ts';
import type { Sessions } from '../sessions.ts';
import type { Answer } from './answer.ts';
import type { CookieMemo } from './cookies.ts';
import type { Exchange } from './exchange.ts';

/** What passes need of the worker. */
export interface PassContext {
  readonly sessions: Sessions;
  readonly feed: Feed;
  readonly cookies: CookieMemo;
  /** Key of the intents that strangers carry to the login host. */
  intentKey(): Buffer;
  redeem(args: EdgeCalls['ticket.redeem']['args']): Promise<EdgeCalls['ticket.redeem']['answer']>;
  /** Ends the login session everywhere; resolves when what was open is cut. */
  endSession(session: string): Promise<void>;
}

/**
 * One step over the exchange: `null` lets it go on, an answer ends it. Only what must ask control returns a promise, so
 * that the usual request runs through in one go.
 */
export type Pass = (exchange: Exchange, context: PassContext) => Answer | null | Promise<Answer | null>;

/** Runs the passes in order until one answers. */
export function runPasses(
  passes: readonly Pass[],
  exchange: Exchange,
  context: PassContext,
): Answer | null | Promise<Answer | null> {
  for (let i = 0; i < passes.length; i++) {
    const answer = passes[i]?.(exchange, context) ?? null;
    if (answer === null) continue;
    if (!(answer instanceof Promise)) return answer;
    return answer.then((settled) => settled ?? runPasses(passes.slice(i + 1), exchange, context));
  }
  return null;
}
