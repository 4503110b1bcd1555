import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { getRequestListener } from '@hono/node-server';
import { LIMITS, type ErrorCode } from '@causeway/contract';
import type { Engine, EngineOptions } from '../engine.ts';
import { createReferenceApp } from './app.ts';
import { Forwarder } from './forwarder.ts';
import { Upgrader } from './upgrader.ts';
import { Upstreams } from './upstreams.ts';

/** A browser that sends or takes nothing for this long in the middle of a body is gone. */
const STALL_MS = 60_000;

/**
 * The reference engine: Node's own HTTP server, a Hono app whose middleware runs the passes, `http-proxy-3` behind it.
 * Complete, and the oracle for every faster one.
 */
export class ReferenceEngine implements Engine {
  readonly #server: http.Server;
  readonly #upstreams: Upstreams;
  /** The request being answered on a connection, for telling a stall from a long silence of the app. */
  draining = false;
  readonly #current = new WeakMap<Duplex, { request: IncomingMessage; response: ServerResponse }>();

  constructor(options: EngineOptions) {
    this.#upstreams = new Upstreams(options.publishers);
    const forwarder = new Forwarder(options, this.#upstreams, () => this.draining);
    const upgrader = new Upgrader(options, this.#upstreams);
    const app = createReferenceApp(options, forwarder);
    const listener = getRequestListener(app.fetch, {
      overrideGlobalObjects: false,
      autoCleanupIncoming: false, // an app may answer before an upload has ended
      errorHandler: () => badRequest(),
    });
    this.#server = http.createServer({
      maxHeaderSize: LIMITS.requestHeadBytes,
      headersTimeout: LIMITS.requestHeadMs,
      requestTimeout: 0, // an upload may take its time; one that stalls is ended below
      keepAliveTimeout: LIMITS.keepAliveMs,
      connectionsCheckingInterval: 2_000,
      insecureHTTPParser: false,
      requireHostHeader: true,
      joinDuplicateHeaders: false,
      noDelay: true,
      shouldUpgradeCallback: (request) => request.headers.upgrade?.toLowerCase() === 'websocket',
    });
    const take = (request: IncomingMessage, response: ServerResponse): void => {
      this.#current.set(request.socket, { request, response });
      void listener(request, response);
    };
    this.#server.on('request', take);
    // Node would say 100 by itself, and have an upload begin that a pass then refuses: the forwarder says it.
    this.#server.on('checkContinue', take);
    this.#server.maxHeadersCount = 0; // Node would drop those beyond it silently; the passes refuse them
    this.#server.timeout = STALL_MS;
    this.#server.on('timeout', (socket) => this.#onSilence(socket));
    this.#server.on('clientError', onClientError);
    this.#server.on('connect', (_request, socket) => refuseRaw(socket, 405, 'CW_METHOD_REFUSED'));
    this.#server.on('upgrade', (request, socket, head) => void upgrader.take(request, socket, head));
    this.#server.emit('listening'); // without it no header timeout is enforced
  }

  take(socket: TLSSocket): void {
    this.#server.emit('connection', socket);
  }

  drain(): void {
    this.draining = true;
    this.#server.closeIdleConnections();
  }

  destroy(): void {
    this.#server.closeAllConnections();
    this.#server.close();
    this.#upstreams.destroy();
  }

  #onSilence(socket: Duplex): void {
    const current = this.#current.get(socket);
    // the app may think as long as it likes; only what waits for the browser, or for nobody, ends
    const waitsForApp =
      current !== undefined &&
      !current.response.writableEnded &&
      current.request.complete &&
      (current.response.socket?.writableLength ?? 0) === 0;
    if (!waitsForApp) socket.destroy();
  }
}

const PARSER_STATUS: Record<string, [number, ErrorCode]> = {
  HPE_HEADER_OVERFLOW: [431, 'CW_HEAD_TOO_LARGE'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'CW_REQUEST_INVALID'],
};

/** What Node's parser refuses never becomes a request. */
function onClientError(error: Error & { code?: string }, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const [status, code] = PARSER_STATUS[error.code ?? ''] ?? [400, 'CW_REQUEST_INVALID'];
  refuseRaw(socket, status, code);
}

function refuseRaw(socket: Duplex, status: number, code: ErrorCode): void {
  const body = JSON.stringify({ code });
  socket.end(
    `HTTP/1.1 ${status} ${http.STATUS_CODES[status] ?? ''}\r\nContent-Type: application/json; charset=utf-8\r\n` +
      `Content-Length: ${body.length}\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n${body}`,
    () => socket.destroy(),
  );
}

/** For what Hono's adapter cannot even make a URL of. */
function badRequest(): Response {
  return new Response('{"code":"CW_REQUEST_INVALID"}', {
    status: 400,
    headers: { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store', connection: 'close' },
  });
}
