import { setTimeout as wait } from 'node:timers/promises';
import { CausewayError, isErrorCode } from '@causeway/contract';
import { ServerSentEvents } from '../admin-client/server-sent-events.ts';
import type { EventGap, StoredEvent } from '../rpc/messages.ts';
import type { RemoteAdmin } from './admin-connection.ts';
import { showEvent, showGap } from './event-lines.ts';
import type { Before } from './follow-events.ts';
import { httpsStream } from './https-stream.ts';
import { untilSignal } from './signals.ts';

/** The API says something every 15 s. */
const SILENCE_MS = 45_000;
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 15_000;
const MAX_PROBLEM = 64 * 1024;

/**
 * What comes from now on over the admin API, until a signal. A connection that ends is made again, behind the last event
 * that was shown.
 *
 * @throws CausewayError where it is refused
 */
export async function followRemotely(
  remote: RemoteAdmin,
  search: URLSearchParams,
  before: Before,
  json: boolean,
): Promise<void> {
  const stop = new AbortController();
  const signalled = untilSignal().then(() => stop.abort());
  const shown = new Set<number>();
  let last = '';
  let waitMs = 0;
  let first = true;
  while (!stop.signal.aborted) {
    try {
      const stream = await tail(remote, search, last, stop.signal);
      const messages = new ServerSentEvents();
      if (first) {
        for (const event of await before()) {
          shown.add(event.id);
          await showEvent(event, json);
        }
      }
      first = false;
      stream.setEncoding('utf8');
      for await (const part of stream) {
        waitMs = 0;
        for (const { event, data } of messages.push(String(part))) {
          if (event === 'gap') showGap(JSON.parse(data) as EventGap);
          if (event !== 'message') continue;
          const one = JSON.parse(data) as StoredEvent;
          if (!shown.has(one.id)) await showEvent(one, json);
        }
        last = messages.lastEventId || last;
      }
    } catch (error) {
      if (stop.signal.aborted) break;
      const known = error instanceof CausewayError && error.code !== 'CW_RPC_CLOSED' && error.code !== 'CW_RPC_TIMEOUT';
      if (first || (known && !RETRIED.has(error.code))) throw error;
    }
    if (stop.signal.aborted) break;
    process.stderr.write('causeway: the connection has ended; connecting again\n');
    waitMs = Math.min(Math.max(2 * waitMs, FIRST_WAIT_MS), LONGEST_WAIT_MS);
    await Promise.race([wait(waitMs), signalled]);
  }
}

/** A PoP that starts, one that has much to do, or one whose store is lost. */
const RETRIED: ReadonlySet<string> = new Set([
  'CW_BUSY',
  'CW_RATE_LIMITED',
  'CW_STORE_FAILED',
  'CW_STORE_LOST',
  'CW_TIMEOUT',
]);

async function tail({ origin, token, ca }: RemoteAdmin, search: URLSearchParams, last: string, signal: AbortSignal) {
  const headers = {
    accept: 'text/event-stream',
    authorization: `Bearer ${token}`,
    ...(last === '' ? {} : { 'last-event-id': last }),
  };
  const path = `/api/v1/events/tail?${search.toString()}`;
  const answer = await httpsStream({ origin, path, headers, ca, silenceMs: SILENCE_MS, signal });
  if (answer.statusCode === 200) return answer;
  let text = '';
  for await (const part of answer.setEncoding('utf8')) {
    text += String(part);
    if (text.length > MAX_PROBLEM) break;
  }
  throw problemOf(answer.statusCode ?? 0, text);
}

function problemOf(status: number, text: string): CausewayError {
  let problem: { code?: unknown; detail?: unknown } = {};
  try {
    problem = JSON.parse(text) as typeof problem;
  } catch {
    // Whatever stands before the API answered.
  }
  const { code, detail } = problem;
  return new CausewayError(
    isErrorCode(code) ? code : 'CW_INTERNAL',
    typeof detail === 'string' ? detail : `the admin API answered ${status}`,
  );
}
