import type { Verdict } from '@causeway/contract';
import { toldTo } from '../../policy/notice-words.ts';
import type { Session } from '../sessions.ts';
import { refusal, type Answer } from './answer.ts';
import type { Exchange } from './exchange.ts';
import type { PassContext } from './pass.ts';

/**
 * Finds the app and decides. An app that does not exist and one that no rule gives take the same steps and end in the
 * same answer, so that nobody learns which of the two it is.
 */
export function policyPass(exchange: Exchange, { feed }: Pick<PassContext, 'feed'>): Answer | null {
  const { appSession: session } = exchange;
  if (session === null) return refusal(exchange, 'CW_INTERNAL', { close: true });
  const verdict = decideExchange(exchange, session);
  if (!feed.holds(exchange.graceMs)) return refusal(exchange, feed.code);
  if (verdict.action === 'allow' && exchange.app !== null) return null;
  if (verdict.notify !== undefined) return refusal(exchange, 'CW_POLICY_BLOCKED', { notice: verdict.notify });
  return refusal(exchange, 'CW_APP_UNKNOWN');
}

/** The app of the exchange's host, and the verdict on it. */
export function decideExchange(exchange: Exchange, session: Session): Verdict {
  const { snapshot, request } = exchange;
  const number = snapshot.index.byUrl(exchange.host);
  const app = snapshot.apps[number] ?? null;
  const opened = session.opened.in(snapshot.policy, request.address);
  const decided = snapshot.policy.decide(opened, number, app?.clientless?.upstream ?? null, exchange.at);
  const verdict = toldTo(decided, session.principal, app?.name ?? null);
  exchange.appNumber = number;
  exchange.app = app;
  exchange.verdict = verdict;
  return verdict;
}
