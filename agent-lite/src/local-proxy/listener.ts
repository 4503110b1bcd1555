import {
  createServer as createHttpServer,
  type IncomingMessage,
  type Server as HttpServer,
  type ServerResponse,
} from 'node:http';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { CausewayError, LIMITS } from '@causeway/contract';
import type { Logger } from 'pino';
import type { Steering } from '../steering.ts';
import { Flows, type FlowSource } from './flows.ts';
import { AbsoluteForm } from './http-absolute.ts';
import { handleConnect, rawRefusal } from './http-connect.ts';
import { pacFile } from './pac.ts';
import type { IsOwnUser } from './peer-user.ts';
import { serveSocks5 } from './socks5-connection.ts';

export interface LocalProxyOptions {
  /** 0 takes a free one. */
  readonly port: number;
  readonly flows: FlowSource;
  readonly steering: Pick<Steering, 'entries'>;
  readonly isOwnUser: IsOwnUser;
  readonly log: Logger;
  readonly maxConnections?: number;
}

const HOST = '127.0.0.1';
const MAX_CONNECTIONS = 10_000;
const SOCKS_VERSION = 5;

/**
 * One loopback port for HTTP proxy requests (CONNECT and absolute form), SOCKS5 and the PAC file, told apart by the
 * first byte. It serves only the user who runs it: loopback is shared by everybody on the machine.
 */
export class LocalProxy {
  readonly #options: LocalProxyOptions;
  readonly #flows: Flows;
  readonly #absolute: AbsoluteForm;
  readonly #http: HttpServer;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** Those that have not said anything yet: browsers open some ahead of need. */
  readonly #silent = new Set<Socket>();

  private constructor(options: LocalProxyOptions) {
    this.#options = options;
    this.#flows = new Flows(options.flows);
    this.#absolute = new AbsoluteForm(this.#flows, options.log);
    this.#http = this.#httpServer();
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => void this.#serve(socket));
    this.#server.maxConnections = options.maxConnections ?? MAX_CONNECTIONS;
  }

  /** Throws `CW_PORT_IN_USE`. */
  static async listen(options: LocalProxyOptions): Promise<LocalProxy> {
    const proxy = new LocalProxy(options);
    await new Promise<void>((resolve, reject) => {
      proxy.#server.once('error', (error: NodeJS.ErrnoException) => {
        const code = error.code === 'EADDRINUSE' ? 'CW_PORT_IN_USE' : 'CW_CONFIG_INVALID';
        reject(new CausewayError(code, `local proxy: ${error.message}`, { cause: error }));
      });
      proxy.#server.listen(options.port, HOST, resolve);
    });
    // Without this an http.Server that is fed by `connection` enforces no time limit.
    proxy.#http.emit('listening');
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo | null)?.port ?? 0;
  }

  get pacUrl(): string {
    return `http://${HOST}:${this.port}/proxy.pac`;
  }

  get connections(): number {
    return this.#sockets.size;
  }

  /** Takes no new connections, drops the idle ones and waits for the rest, `LIMITS.drainMs` at most. Idempotent. */
  async close(): Promise<void> {
    this.#server.close();
    this.#http.close();
    for (const socket of this.#silent) socket.destroy();
    if (this.#sockets.size > 0) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, LIMITS.drainMs);
        const left = (): void => {
          if (this.#sockets.size > 0) return;
          clearTimeout(timer);
          resolve();
        };
        for (const socket of this.#sockets) socket.once('close', () => left());
      });
    }
    this.destroy();
  }

  /** Cuts everything now. Idempotent. */
  destroy(): void {
    this.#server.close();
    this.#http.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  async #serve(socket: Socket): Promise<void> {
    const { isOwnUser, log } = this.#options;
    this.#sockets.add(socket);
    this.#silent.add(socket);
    socket.on('error', () => socket.destroy());
    socket.once('close', () => {
      this.#sockets.delete(socket);
      this.#silent.delete(socket);
    });
    const { remoteAddress = '', remotePort = 0, localAddress = '', localPort = 0 } = socket;
    let own = false;
    try {
      own = await isOwnUser({ address: remoteAddress, port: remotePort }, { address: localAddress, port: localPort });
    } catch (error) {
      log.error({ code: 'CW_INTERNAL', why: String(error) }, 'the peer’s user is not known');
    }
    const first = socket.destroyed ? null : await firstBytes(socket);
    this.#silent.delete(socket);
    if (first === null) return void socket.destroy();
    const socks = first[0] === SOCKS_VERSION;
    if (!own) {
      log.warn({ code: 'CW_PROXY_FOREIGN_USER', port: remotePort }, 'refused');
      socket.end(
        socks
          ? Uint8Array.of(SOCKS_VERSION, 0xff)
          : rawRefusal(new CausewayError('CW_PROXY_FOREIGN_USER'), '', undefined),
      );
      return void socket.resume();
    }
    socket.unshift(first);
    if (socks) serveSocks5(socket, this.#flows, log);
    else this.#http.emit('connection', socket);
  }

  #httpServer(): HttpServer {
    const server = createHttpServer(
      {
        maxHeaderSize: LIMITS.requestHeadBytes,
        headersTimeout: LIMITS.requestHeadMs,
        requestTimeout: 0, // an upload takes as long as it takes
        keepAliveTimeout: LIMITS.keepAliveMs,
        noDelay: true,
      },
      (request, response) => {
        if (request.url?.startsWith('/') === true) this.#local(request, response);
        else this.#absolute.handle(request, response);
      },
    );
    server.on('connect', (request: IncomingMessage, socket: Socket, head: Buffer) => {
      void handleConnect(request, socket, head, this.#flows, this.#options.log);
    });
    server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
      if (socket.destroyed || !socket.writable) return void socket.destroy();
      const code = error.code === 'HPE_HEADER_OVERFLOW' ? 'CW_HEAD_TOO_LARGE' : 'CW_PROXY_REQUEST';
      socket.end(rawRefusal(new CausewayError(code), '', undefined));
    });
    return server;
  }

  /** Origin form is for the proxy itself: the PAC file, and only under its own name, or any site could read it. */
  #local(request: IncomingMessage, response: ServerResponse): void {
    const own = [`${HOST}:${this.port}`, `localhost:${this.port}`].includes(request.headers.host ?? '');
    if (own && request.url === '/proxy.pac' && (request.method === 'GET' || request.method === 'HEAD')) {
      const body = pacFile(this.#options.steering.entries, this.port);
      response.writeHead(200, {
        'content-type': 'application/x-ns-proxy-autoconfig',
        'content-length': Buffer.byteLength(body),
        'cache-control': 'no-store',
      });
      response.end(request.method === 'HEAD' ? undefined : body);
      return;
    }
    const body = `${JSON.stringify({ code: 'CW_PROXY_REQUEST', message: 'this is a proxy: name a whole URL' })}\n`;
    response.writeHead(400, { 'content-type': 'application/json', connection: 'close' }).end(body);
  }
}

/** What a client says first, or `null` when it says nothing in time. */
function firstBytes(socket: Socket): Promise<Buffer | null> {
  return new Promise((resolve) => {
    const settle = (bytes: Buffer | null): void => {
      clearTimeout(timer);
      socket.off('readable', onReadable).off('close', onClose);
      resolve(bytes);
    };
    const onReadable = (): void => {
      const bytes = socket.read() as Buffer | null;
      if (bytes !== null) settle(bytes);
      else if (socket.readableEnded) settle(null);
    };
    const onClose = (): void => settle(null);
    const timer = setTimeout(() => settle(null), LIMITS.requestHeadMs);
    socket.on('readable', onReadable).once('close', onClose);
    onReadable();
  });
}
