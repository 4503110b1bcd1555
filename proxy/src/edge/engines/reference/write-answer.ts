import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Answer } from '../../exchange/answer.ts';
import type { Exchange } from '../../exchange/exchange.ts';
import type { EngineOptions } from '../engine.ts';

/** An upload that is not wanted is read to its end up to here, so that the browser sees the answer; then it is cut. */
const DRAIN_MS = 2_000;

/** Sends an answer of our own and ends the exchange. */
export function writeAnswer(
  options: EngineOptions,
  exchange: Exchange,
  answer: Answer,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const body = Buffer.from(answer.body, 'utf8');
  const headers = { ...answer.headers, 'content-length': String(body.length) };
  response.writeHead(answer.status, answer.close ? { ...headers, connection: 'close' } : headers);
  response.end(request.method === 'HEAD' ? undefined : body);
  if (!request.complete) {
    request.resume();
    const timer = setTimeout(() => request.socket.destroy(), DRAIN_MS).unref();
    request.once('close', () => clearTimeout(timer));
  }
  if (answer.code !== null) options.onRefusal(exchange, answer.code);
  options.onEnd(exchange, { status: answer.status, bytesUp: 0, bytesDown: body.length });
}

/** Between the start of a worker and its first configuration; the listener does not run yet, so this is a race at most. */
export function refuseWithoutConfiguration(response: ServerResponse): void {
  response.writeHead(503, { 'content-length': '0', 'retry-after': '5', connection: 'close' }).end();
}
