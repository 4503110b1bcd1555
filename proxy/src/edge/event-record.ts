import type { EventRecord } from '../rpc/messages.ts';
import type { Outcome } from './engines/engine.ts';
import type { Exchange } from './exchange/exchange.ts';
import type { LiveStream } from './live-streams.ts';

/** What the store keeps of a request: who, what, which decision; no header, no query, no body. */
export function exchangeEvent(exchange: Exchange, outcome: Outcome, worker: number): EventRecord {
  const principal = exchange.appSession?.principal ?? null;
  return {
    at: exchange.at,
    decision: exchange.decision,
    kind: 'request',
    user: principal?.user ?? null,
    device: principal?.device?.id ?? null,
    session: principal?.session ?? null,
    app: exchange.app?.name ?? null,
    method: 'browser',
    verdict: exchange.verdict,
    address: exchange.request.address,
    verb: exchange.request.method,
    path: exchange.path,
    status: outcome.status,
    bytesUp: outcome.bytesUp,
    bytesDown: outcome.bytesDown,
    ms: Math.round(performance.now() - exchange.started),
    worker,
  };
}

/** That something open was ended, under the decision id that opened it. */
export function cutEvent(stream: LiveStream, why: string, worker: number): EventRecord {
  const device = stream.session.startsWith('device:') ? stream.session.slice('device:'.length) : null;
  return {
    at: Date.now(),
    decision: stream.decision,
    kind: 'cut',
    user: stream.user,
    device,
    session: stream.session,
    app: stream.appName,
    method: device === null ? 'browser' : 'agent',
    verdict: null,
    address: '',
    verb: null,
    path: why,
    status: null,
    bytesUp: 0,
    bytesDown: 0,
    ms: 0,
    worker,
  };
}
