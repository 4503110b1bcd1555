import http, { ServerResponse, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { CausewayError, LIMITS, type ErrorCode } from '@causeway/contract';
import { refusal, type Answer } from '../../exchange/answer.ts';
import type { Exchange, HeaderTable } from '../../exchange/exchange.ts';
import { runPasses } from '../../exchange/pass.ts';
import { REQUEST_PASSES } from '../../exchange/request-passes.ts';
import { responseHeaders } from '../../exchange/response-headers.ts';
import type { EngineOptions } from '../engine.ts';
import { beginExchange } from './begin-exchange.ts';
import { upstreamErrorCode } from './upstream-error.ts';
import type { Upstreams } from './upstreams.ts';
import { refuseWithoutConfiguration, writeAnswer } from './write-answer.ts';

/** WebSockets never reach Hono: the same passes run here, and then the two connections are joined as they are. */
export class Upgrader {
  readonly #options: EngineOptions;
  readonly #upstreams: Upstreams;

  constructor(options: EngineOptions, upstreams: Upstreams) {
    this.#options = options;
    this.#upstreams = upstreams;
  }

  async take(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    socket.on('error', () => socket.destroy());
    request.socket.setTimeout(0);
    const exchange = beginExchange(this.#options, request, true);
    if (exchange === null) return refuseWithoutConfiguration(responseOn(request));
    let answer: Answer | null;
    try {
      answer = await runPasses(REQUEST_PASSES, exchange, this.#options.passes);
    } catch (error) {
      this.#options.onFault(error);
      answer = refusal(exchange, 'CW_INTERNAL');
    }
    if (socket.destroyed) return;
    if (answer !== null) this.#answer(exchange, answer, request);
    else this.#connect(exchange, request, socket, head);
  }

  #connect(exchange: Exchange, request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const { app, upstreamHeaders } = exchange;
    if (app === null || upstreamHeaders === null) throw new CausewayError('CW_INTERNAL');
    const agent = this.#upstreams.of(app);
    const upstream = http.request({
      agent,
      host: agent.target.host,
      port: agent.target.port,
      method: 'GET',
      path: exchange.target,
      headers: { ...upstreamHeaders },
    });
    const timer = setTimeout(() => upstream.destroy(new CausewayError('CW_APP_TIMEOUT')), LIMITS.upstreamHeadMs);
    let state: 'waiting' | 'answered' | 'refused' = 'waiting';
    exchange.abort = () => socket.destroy();
    this.#options.live.add(exchange);
    const gone = (): void => {
      clearTimeout(timer);
      upstream.destroy();
      this.#options.live.remove(exchange);
    };
    socket.once('close', gone);
    const refuse = (code: ErrorCode): void => {
      state = 'refused';
      socket.off('close', gone);
      gone();
      this.#answer(exchange, refusal(exchange, code), request);
    };
    upstream.on('error', (error) => {
      if (state === 'answered') socket.destroy();
      else if (state === 'waiting' && !socket.destroyed) refuse(upstreamErrorCode(error));
    });
    upstream.once('upgrade', (answer, upstreamSocket, upstreamHead) => {
      clearTimeout(timer);
      const headers = upgradeHeaders(exchange, answer);
      if (headers === null) {
        upstreamSocket.destroy();
        return refuse('CW_APP_GARBAGE');
      }
      state = 'answered';
      socket.write(statusLine(headers));
      this.#splice(exchange, socket, head, upstreamSocket, upstreamHead);
    });
    upstream.once('response', (answer) => {
      clearTimeout(timer);
      state = 'answered';
      this.#relay(exchange, request, answer);
    });
    upstream.end();
  }

  /** Byte for byte in both directions; the end of one is the end of the other. */
  #splice(exchange: Exchange, socket: Duplex, head: Buffer, upstream: Duplex, upstreamHead: Buffer): void {
    let up = 0;
    let down = 0;
    socket.on('data', (chunk: Buffer) => (up += chunk.length));
    upstream.on('data', (chunk: Buffer) => (down += chunk.length));
    if (head.length > 0) socket.unshift(head);
    if (upstreamHead.length > 0) upstream.unshift(upstreamHead);
    socket.pipe(upstream);
    upstream.pipe(socket);
    upstream.on('error', () => socket.destroy());
    upstream.once('close', () => {
      if (upstream.readableEnded) socket.end();
      else socket.destroy();
    });
    socket.once('close', () => {
      upstream.destroy();
      this.#options.onEnd(exchange, { status: 101, bytesUp: up, bytesDown: down });
    });
  }

  /** The app did not want a WebSocket: its answer goes back like any other, and the connection ends. */
  #relay(exchange: Exchange, request: IncomingMessage, answer: IncomingMessage): void {
    const headers = responseHeaders(exchange, answer.statusCode ?? 0, answer.rawHeaders);
    if (headers === null) {
      answer.destroy();
      return this.#answer(exchange, refusal(exchange, 'CW_APP_GARBAGE'), request);
    }
    const response = responseOn(request);
    response.writeHead(answer.statusCode ?? 502, { ...headers, connection: 'close' });
    answer.on('error', () => request.socket.destroy());
    answer.pipe(response);
    response.once('close', () => {
      this.#options.onEnd(exchange, { status: answer.statusCode ?? 0, bytesUp: 0, bytesDown: 0 });
    });
  }

  #answer(exchange: Exchange, answer: Answer, request: IncomingMessage): void {
    writeAnswer(this.#options, exchange, { ...answer, close: true }, request, responseOn(request));
  }
}

/** An ordinary answer on a connection that the server has already given away. */
function responseOn(request: IncomingMessage): ServerResponse {
  const response = new ServerResponse(request);
  response.shouldKeepAlive = false;
  response.assignSocket(request.socket);
  response.once('finish', () => request.socket.destroySoon());
  return response;
}

function upgradeHeaders(exchange: Exchange, answer: IncomingMessage): HeaderTable | null {
  const headers = responseHeaders(exchange, 200, answer.rawHeaders); // its rules are those of every final answer
  if (headers === null || answer.headers.upgrade?.toLowerCase() !== 'websocket') return null;
  delete headers['cache-control'];
  delete headers['content-length'];
  return headers;
}

function statusLine(headers: HeaderTable): string {
  let text = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n';
  for (const [name, value] of Object.entries(headers)) {
    for (const one of typeof value === 'string' ? [value] : value) text += `${name}: ${one}\r\n`;
  }
  return `${text}\r\n`;
}
