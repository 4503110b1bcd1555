import net, { type Socket } from 'node:net';
import { LIMITS } from '@causeway/contract';
import { ClientHelloReader, type HelloResult } from './client-hello.ts';
import type { Route } from './routes.ts';

export interface FrontOptions {
  /** Sockets of the worker at once, browsers and tunnels together; more are closed at once. */
  readonly maxSockets: number;
  route(hello: Extract<HelloResult, { t: 'hello' }>): Route;
  /** Gets the socket with its first bytes put back: go on as if it had just been accepted. */
  take(socket: Socket, route: Route, head: Buffer, adopted: boolean): void;
  /** Counted, never logged one by one: anybody can cause it. */
  onRefused(reason: string): void;
}

/** What a browser sees that speaks plain HTTP to the TLS port; it never asks for more. */
const PLAIN_HTTP =
  'HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 42\r\nConnection: close\r\n\r\n' +
  'This port speaks TLS: begin with https://\n';

/**
 * The one TCP port. It looks at the ClientHello only, by `readable` and `read()`: with `data` and `pause()` the TLS
 * server that takes over would never see the bytes that were put back.
 */
export class Front {
  readonly #options: FrontOptions;
  readonly #server: net.Server;
  readonly #open = new Set<Socket>();

  constructor(options: FrontOptions) {
    this.#options = options;
    this.#server = net.createServer({ noDelay: true }, (socket) => this.#accept(socket, false));
  }

  get sockets(): number {
    return this.#open.size;
  }

  get port(): number {
    const address = this.#server.address();
    return address !== null && typeof address === 'object' ? address.port : 0;
  }

  /** Rejects with the error of `listen`, as for a port in use. */
  listen(options: { host: string; port: number; reusePort: boolean }): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen({ ...options, backlog: 1024 }, () => {
        this.#server.off('error', reject);
        this.#server.on('error', () => this.#options.onRefused('accept'));
        resolve();
      });
    });
  }

  /** A socket that another process accepted, with the bytes that it read. */
  adopt(socket: Socket, head: Buffer): void {
    socket.setNoDelay(true);
    if (head.length > 0) socket.unshift(head);
    this.#accept(socket, true);
  }

  /** Stops listening; what is open goes on. */
  close(): void {
    this.#server.close();
  }

  destroy(): void {
    this.#server.close();
    for (const socket of this.#open) socket.destroy();
  }

  #accept(socket: Socket, adopted: boolean): void {
    socket.on('error', () => socket.destroy());
    if (this.#open.size >= this.#options.maxSockets) {
      this.#options.onRefused('sockets');
      socket.destroy();
      return;
    }
    this.#open.add(socket);
    socket.once('close', () => this.#open.delete(socket));
    const reader = new ClientHelloReader();
    const deadline = setTimeout(() => {
      this.#options.onRefused('slow-hello');
      socket.destroy();
    }, LIMITS.clientHelloMs);
    const stop = (): void => {
      clearTimeout(deadline);
      socket.off('readable', onReadable);
      socket.off('end', onEnd);
      socket.off('close', stop);
    };
    const onEnd = (): void => {
      stop();
      socket.destroy();
    };
    const onReadable = (): void => {
      for (;;) {
        const chunk = socket.read() as Buffer | null;
        if (chunk === null) return;
        const result = reader.push(chunk);
        if (result === null) continue;
        stop();
        this.#decide(socket, result, reader.bytes, adopted);
        return;
      }
    };
    socket.on('readable', onReadable);
    socket.once('end', onEnd);
    socket.once('close', stop);
  }

  #decide(socket: Socket, result: HelloResult, head: Buffer, adopted: boolean): void {
    if (result.t === 'refused') {
      this.#options.onRefused(result.reason);
      if (result.reason === 'not-tls' && /^[A-Z]{3,8} \S/.test(head.toString('latin1', 0, 16))) {
        socket.end(PLAIN_HTTP, () => socket.destroy());
      } else socket.destroy();
      return;
    }
    const route = this.#options.route(result);
    if (route.t === 'refuse' || (adopted && (route.t === 'sibling' || route.t === 'control'))) {
      this.#options.onRefused(route.t === 'refuse' ? 'route' : 'handover-loop');
      socket.destroy();
      return;
    }
    this.#options.take(socket, route, head, adopted);
  }
}
