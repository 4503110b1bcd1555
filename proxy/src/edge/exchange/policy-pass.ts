import { refusal, type Answer } from './answer.ts';
import type { Exchange } from './exchange.ts';

/**
 * Finds the app and decides. An app that does not exist and one that no rule gives take the same steps and end in the
 * same answer, so that nobody learns which of the two it is.
 */
export function policyPass(exchange: Exchange): Answer | null {
  const { snapshot, appSession: session } = exchange;
  if (session === null) return refusal(exchange, 'CW_INTERNAL', { close: true });
  const number = snapshot.index.byUrl(exchange.host);
  const app = snapshot.apps[number] ?? null;
  exchange.appNumber = number;
  exchange.app = app;
  const port = app?.clientless?.upstream.port ?? 443;
  const verdict = snapshot.policy.decide(session.openedIn(snapshot.policy), number, port);
  exchange.verdict = verdict;
  if (verdict.action === 'allow' && app !== null) return null;
  if (verdict.notify !== undefined) return refusal(exchange, 'CW_POLICY_BLOCKED', { notice: verdict.notify });
  return refusal(exchange, 'CW_APP_UNKNOWN');
}
