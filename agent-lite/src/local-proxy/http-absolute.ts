import { Agent as HttpAgent, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { CausewayError, codeOf, LIMITS } from '@causeway/contract';
import { streamDuplex } from '@causeway/tunnel';
import type { Logger } from 'pino';
import type { Flows } from './flows.ts';
import { endToEndHeaders } from './hop-by-hop.ts';
import { absoluteTarget, type AbsoluteTarget } from './http-target.ts';
import { refusal } from './refusal.ts';

/**
 * Requests in absolute form, as clients send them to a proxy for plain http. One upstream connection per client
 * connection and target, kept alive on one stream of the tunnel; another target on the same client connection
 * replaces it.
 */
export class AbsoluteForm {
  readonly #flows: Flows;
  readonly #log: Logger;
  readonly #upstreams = new WeakMap<Duplex, Upstream>();

  constructor(flows: Flows, log: Logger) {
    this.#flows = flows;
    this.#log = log;
  }

  handle(request: IncomingMessage, response: ServerResponse): void {
    const began = performance.now();
    const { socket } = request;
    request.on('error', () => response.destroy());
    let target: AbsoluteTarget;
    try {
      target = absoluteTarget(request.url ?? '');
    } catch (error) {
      return refuse(request, response, error, request.headers.host ?? '');
    }
    const key = `${target.host} ${target.port}`;
    let upstream = this.#upstreams.get(socket);
    if (upstream?.key !== key) {
      upstream?.agent.destroy();
      upstream = new Upstream(key, target, this.#flows);
      if (!this.#upstreams.has(socket)) socket.once('close', () => this.#upstreams.get(socket)?.agent.destroy());
      this.#upstreams.set(socket, upstream);
    }
    const used = upstream;
    response.on('close', () => {
      const ms = Math.round(performance.now() - began);
      const { host, port } = target;
      this.#log.debug(
        { flow: used.agent.flow, method: request.method, host, port, status: response.statusCode, ms },
        'request',
      );
    });
    this.#forward(request, response, target, used);
  }

  #forward(request: IncomingMessage, response: ServerResponse, target: AbsoluteTarget, { agent }: Upstream): void {
    const { rawHeaders, headers, method = 'GET' } = request;
    const forwarded = ['Host', target.authority, ...endToEndHeaders(rawHeaders, ['host', 'expect'])];
    const chunked = headers['transfer-encoding'] !== undefined;
    const empty = !chunked && (headers['content-length'] === undefined || headers['content-length'] === '0');
    if (chunked) forwarded.push('Transfer-Encoding', 'chunked');
    else if (empty && headers['content-length'] === undefined && BODY_METHODS.has(method)) {
      forwarded.push('Content-Length', '0');
    }
    let upstreamRequest;
    try {
      upstreamRequest = httpRequest({ agent, method, path: target.path, headers: forwarded, setHost: false });
    } catch (error) {
      return refuse(
        request,
        response,
        new CausewayError('CW_PROXY_REQUEST', 'not HTTP', { cause: error }),
        target.host,
      );
    }
    const outgoing = upstreamRequest;
    const timer = setTimeout(() => outgoing.destroy(new CausewayError('CW_APP_TIMEOUT')), LIMITS.upstreamHeadMs);
    outgoing.on('response', (answer) => {
      clearTimeout(timer);
      response.sendDate = false;
      const { statusCode = 502, statusMessage = '' } = answer;
      response.writeHead(statusCode, statusMessage, endToEndHeaders(answer.rawHeaders));
      answer.on('error', () => response.destroy());
      answer.on('aborted', () => response.destroy());
      answer.pipe(response);
    });
    outgoing.on('error', (error) => {
      clearTimeout(timer);
      if (response.headersSent) return void response.destroy();
      // A kept connection that the app closed just then: nothing was done yet, so a safe request is asked again.
      if (outgoing.reusedSocket && empty && SAFE_METHODS.has(method) && !response.destroyed) {
        return this.#forward(request, response, target, { key: '', agent });
      }
      void agent.refusal(error).then((reason) => {
        this.#log.info({ flow: agent.flow, host: target.host, port: target.port, code: codeOf(reason) }, 'refused');
        refuse(request, response, reason, `${target.host} port ${target.port}`);
      });
    });
    response.on('close', () => {
      clearTimeout(timer);
      if (!response.writableFinished) outgoing.destroy();
    });
    request.pipe(outgoing);
  }
}

const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);
const BODY_METHODS: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH']);

class Upstream {
  readonly key: string;
  readonly agent: StreamAgent;

  constructor(key: string, target: AbsoluteTarget, flows: Flows) {
    this.key = key;
    this.agent = new StreamAgent(target, flows);
  }
}

/** An `http.Agent` whose one connection is a stream of the tunnel. */
class StreamAgent extends HttpAgent {
  readonly #target: AbsoluteTarget;
  readonly #flows: Flows;
  #refused: Promise<CausewayError | null> = Promise.resolve(null);
  flow: string | null = null;

  constructor(target: AbsoluteTarget, flows: Flows) {
    super({ keepAlive: true, maxSockets: 1, maxFreeSockets: 1 });
    this.#target = target;
    this.#flows = flows;
  }

  /** Why the stream was not opened, where that is the reason behind what the client library saw. */
  async refusal(seen: Error): Promise<Error> {
    const reason = await this.#refused;
    if (reason !== null) return reason;
    if (seen instanceof CausewayError) return seen;
    const garbage = 'code' in seen && typeof seen.code === 'string' && seen.code.startsWith('HPE_');
    return new CausewayError(garbage ? 'CW_APP_GARBAGE' : 'CW_STREAM_RESET', seen.message, { cause: seen });
  }

  override createConnection(_options: unknown, callback?: (error: Error | null, stream: Duplex) => void): undefined {
    const { host, port } = this.#target;
    const opening = this.#flows.open(host, port).then((flow) => {
      this.flow = flow.id;
      const duplex = streamDuplex(flow.stream);
      duplex.on('error', () => undefined); // whoever uses it then is told; between two requests nobody is
      duplex.once('close', () => flow.release());
      callback?.(null, duplex);
      return flow.opened;
    });
    this.#refused = opening.then(
      () => null,
      (error: unknown) => (error instanceof CausewayError ? error : new CausewayError(codeOf(error))),
    );
    opening.catch((error: Error) => (callback as ((error: Error) => void) | undefined)?.(error));
    return undefined;
  }
}

function refuse(request: IncomingMessage, response: ServerResponse, error: unknown, target: string): void {
  if (response.headersSent || response.destroyed) return void response.destroy();
  const { status, contentType, body } = refusal(error, target, request.headers.accept);
  response.writeHead(status, {
    'content-type': contentType,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    // What is left of the request's body is not read: the connection cannot be used again.
    ...(request.complete ? {} : { connection: 'close' }),
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}
