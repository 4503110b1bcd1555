import { STATUS_CODES, type ClientRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { Duplex } from 'node:stream';
import { CausewayError, LIMITS, type ErrorCode } from '@causeway/contract';
import httpProxy from 'http-proxy-3';
import { refusal } from '../../exchange/answer.ts';
import type { Exchange } from '../../exchange/exchange.ts';
import { responseHeaders } from '../../exchange/response-headers.ts';
import type { EngineOptions } from '../engine.ts';
import { upstreamErrorCode } from './upstream-error.ts';
import type { AppAgent, Upstreams } from './upstreams.ts';
import { writeAnswer } from './write-answer.ts';

/** What is kept of a request between http-proxy-3's events. */
interface Forwarding {
  readonly exchange: Exchange;
  readonly agent: AppAgent;
  upstream: ClientRequest | null;
  /** The app's answer, once its head has come. */
  answer: IncomingMessage | null;
  timer: NodeJS.Timeout | null;
  bytesDown: number;
  retried: boolean;
  ended: boolean;
}

/** On the request itself: what a WeakMap holds lives through every collection of young objects, as below. */
const FORWARDING = Symbol('forwarding');

interface ForwardedRequest extends IncomingMessage {
  [FORWARDING]?: Forwarding;
}

/** Sends what the passes let through to the app, and the app's answer back, with `http-proxy-3`. */
export class Forwarder {
  readonly #options: EngineOptions;
  readonly #upstreams: Upstreams;
  readonly #draining: () => boolean;
  readonly #proxy = httpProxy.createProxyServer({});

  constructor(options: EngineOptions, upstreams: Upstreams, draining: () => boolean) {
    this.#options = options;
    this.#upstreams = upstreams;
    this.#draining = draining;
    // the last step before its own: whatever it, or a pass of it, thinks of the head, this is what is sent
    this.#proxy.before('web', 'stream', (request: ForwardedRequest) => {
      const exchange = request[FORWARDING]?.exchange;
      if (exchange === undefined || exchange.upstreamHeaders === null) throw new CausewayError('CW_INTERNAL');
      request.url = exchange.target;
      request.headers = exchange.upstreamHeaders;
    });
    this.#proxy.on('proxyReq', (upstream, request: ForwardedRequest, response) => {
      const forwarding = request[FORWARDING];
      if (forwarding === undefined) return;
      forwarding.upstream = upstream;
      // nobody asked for one; without a listener the request would end without any event
      upstream.once('upgrade', (_answer, socket) => {
        socket.destroy();
        if (!forwarding.ended) this.#refuse(forwarding, 'CW_APP_GARBAGE', request, response);
      });
    });
    this.#proxy.on('proxyRes', (answer, request, response) => this.#onAnswer(answer, request, response));
  }

  forward(exchange: Exchange, request: ForwardedRequest, response: ServerResponse): void {
    const { app } = exchange;
    if (app === null) throw new CausewayError('CW_INTERNAL');
    const forwarding: Forwarding = {
      exchange,
      agent: this.#upstreams.of(app),
      upstream: null,
      answer: null,
      timer: null,
      bytesDown: 0,
      retried: false,
      ended: false,
    };
    request[FORWARDING] = forwarding;
    exchange.abort = endConnection;
    this.#options.live.add(exchange);
    response.once('close', () => this.#ended(forwarding, request, response));
    response.on('error', () => response.socket?.destroy());
    forwarding.timer = setTimeout(() => this.#headOverdue(forwarding, request), LIMITS.upstreamHeadMs);
    if (request.headers.expect !== undefined) response.writeContinue();
    this.#send(forwarding, request, response);
  }

  #send(forwarding: Forwarding, request: IncomingMessage, response: ServerResponse): void {
    const { target } = forwarding.agent;
    const options = { target, agent: forwarding.agent, toProxy: true };
    this.#proxy.web(request, response, options, (error) => this.#onError(forwarding, error, request, response));
  }

  #onAnswer(answer: IncomingMessage, request: ForwardedRequest, response: ServerResponse): void {
    const forwarding = request[FORWARDING];
    if (forwarding === undefined) return;
    if (forwarding.timer !== null) clearTimeout(forwarding.timer);
    forwarding.answer = answer;
    // cut, so that half an answer does not look like a whole one
    answer.on('error', () => {
      if (!forwarding.ended) response.socket?.destroy();
    });
    const status = answer.statusCode ?? 0;
    const headers = responseHeaders(forwarding.exchange, status, answer.rawHeaders);
    if (headers === null || response.headersSent) {
      answer.destroy();
      if (!response.headersSent) this.#refuse(forwarding, 'CW_APP_GARBAGE', request, response);
      return;
    }
    const close = this.#draining() || !response.shouldKeepAlive;
    headers['connection'] = close ? 'close' : 'keep-alive';
    answer.headers = headers;
    answer.statusMessage = STATUS_CODES[status] ?? ''; // the app's words could hold what a status line cannot
    answer.on('data', (chunk: Buffer) => {
      forwarding.bytesDown += chunk.length;
    });
  }

  #onError(forwarding: Forwarding, error: Error, request: IncomingMessage, response: ServerResponse): void {
    if (response.headersSent || response.destroyed || forwarding.ended) {
      response.socket?.destroy();
      return;
    }
    if (forwarding.upstream?.reusedSocket === true && !forwarding.retried && isRepeatable(request, error)) {
      forwarding.retried = true; // the app closed an idle connection just when we used it
      this.#send(forwarding, request, response);
      return;
    }
    this.#refuse(forwarding, upstreamErrorCode(error), request, response);
  }

  #refuse(forwarding: Forwarding, code: ErrorCode, request: IncomingMessage, response: ServerResponse): void {
    forwarding.ended = true;
    this.#release(forwarding);
    // an answer that turned out to be garbage behind its head is on its way to the browser already
    forwarding.answer?.unpipe(response);
    forwarding.answer?.destroy();
    for (const name of response.getHeaderNames()) response.removeHeader(name);
    writeAnswer(this.#options, forwarding.exchange, refusal(forwarding.exchange, code), request, response);
  }

  #headOverdue(forwarding: Forwarding, request: IncomingMessage): void {
    if (request.complete) forwarding.upstream?.destroy(new CausewayError('CW_APP_TIMEOUT'));
    else forwarding.timer?.refresh(); // an upload that goes on is no delay of the app
  }

  #ended(forwarding: Forwarding, request: IncomingMessage, response: ServerResponse): void {
    if (forwarding.ended) return;
    forwarding.ended = true;
    this.#release(forwarding);
    this.#options.onEnd(forwarding.exchange, {
      status: response.headersSent ? response.statusCode : 0,
      bytesUp: Number(request.headers['content-length'] ?? 0) || 0,
      bytesDown: forwarding.bytesDown,
    });
  }

  #release(forwarding: Forwarding): void {
    if (forwarding.timer !== null) clearTimeout(forwarding.timer);
    forwarding.exchange.abort = null;
    this.#options.live.remove(forwarding.exchange);
  }
}

/**
 * One function for all: with a closure of each request in its exchange, whole requests lived through the collections
 * of young objects, which then took ten times as long (17 ms, every 500 requests).
 */
function endConnection(_code: ErrorCode, { request: { connection } }: Exchange): void {
  if (connection instanceof Duplex) connection.destroy();
}

/** Safe methods without a body, on a connection that ended without a byte of an answer. */
function isRepeatable(request: IncomingMessage, error: Error & { code?: string }): boolean {
  const { 'content-length': length, 'transfer-encoding': coding } = request.headers;
  const bare = (length === undefined || length === '0') && coding === undefined;
  const safe = request.method === 'GET' || request.method === 'HEAD' || request.method === 'OPTIONS';
  return safe && bare && (error.code === 'ECONNRESET' || error.code === 'CW_STREAM_RESET' || error.code === 'EPIPE');
}
