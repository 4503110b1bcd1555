import http from 'node:http';
import type { Socket } from 'node:net';
import tls from 'node:tls';
import { getRequestListener } from '@hono/node-server';
import type { KeyAndCertificate } from '../rpc/supervision.ts';
import type { Logger } from './log.ts';

/** Connections at once; the edges limit each address before. */
const MAX_CONNECTIONS = 10_000;
const TIMEOUTS = { handshakeMs: 10_000, headMs: 15_000, requestMs: 30_000, keepAliveMs: 65_000 } as const;

/** Answers one request; `address` is the client's. */
export type AnswerRequest = (request: Request, env: { readonly address: string }) => Response | Promise<Response>;

/**
 * The web server of the identity domain's hosts. It listens nowhere: an edge accepts a socket, reads the ClientHello, and passes it
 * on with the bytes that it read.
 *
 *     edge --socket, head--> supervisor --> receive() --> tls.Server --> http.Server --> Hono
 */
export class HandedOver {
  readonly #tls: tls.Server;
  readonly #http: http.Server;
  readonly #sockets = new Set<Socket>();
  readonly #log: Logger;
  readonly #onCertificate: (certificate: KeyAndCertificate) => void;

  /** @param onCertificate called with the one in use, now and with each that follows */
  constructor(
    answer: AnswerRequest,
    certificate: KeyAndCertificate,
    log: Logger,
    onCertificate: (certificate: KeyAndCertificate) => void = () => {},
  ) {
    this.#log = log;
    this.#onCertificate = onCertificate;
    onCertificate(certificate);
    const listener = getRequestListener(
      (request, env) => {
        const { socket } = env.incoming;
        return answer(request, { address: socket.remoteAddress ?? 'unknown' });
      },
      { overrideGlobalObjects: false },
    );
    this.#http = http.createServer({
      // The cookies of several logins under way, each with a deep link.
      maxHeaderSize: 24 * 1024,
      headersTimeout: TIMEOUTS.headMs,
      requestTimeout: TIMEOUTS.requestMs,
      keepAliveTimeout: TIMEOUTS.keepAliveMs,
      connectionsCheckingInterval: 5_000,
      requireHostHeader: true,
      insecureHTTPParser: false,
    });
    this.#http.maxHeadersCount = 100;
    this.#http.maxRequestsPerSocket = 1_000;
    this.#http.on('request', (request, response) => void listener(request, response));
    this.#http.on('upgrade', (_request, socket) => socket.destroy());
    this.#http.on('clientError', (_error, socket) => {
      if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n');
      else socket.destroy();
    });
    // A server that never listens would enforce neither header nor request timeout.
    this.#http.emit('listening');

    this.#tls = tls.createServer({
      ...certificate,
      minVersion: 'TLSv1.2',
      ALPNProtocols: ['http/1.1'],
      handshakeTimeout: TIMEOUTS.handshakeMs,
      honorCipherOrder: true,
    });
    this.#tls.on('secureConnection', (socket) => this.#http.emit('connection', socket));
    this.#tls.on('tlsClientError', (error, socket) => {
      this.#log.debug({ reason: error.message }, 'TLS handshake failed');
      socket.destroy();
    });
  }

  get connections(): number {
    return this.#sockets.size;
  }

  /** For connections from now on. */
  setCertificate(certificate: KeyAndCertificate): void {
    this.#onCertificate(certificate);
    this.#tls.setSecureContext({ ...certificate, minVersion: 'TLSv1.2', honorCipherOrder: true });
  }

  /** @param head base64 of what was already read from the socket */
  receive(socket: Socket, head: string): void {
    if (this.#sockets.size >= MAX_CONNECTIONS) {
      socket.destroy();
      return;
    }
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    // Until TLS has wrapped it, a reset would be an unhandled error.
    socket.on('error', () => socket.destroy());
    socket.setNoDelay(true);
    const bytes = Buffer.from(head, 'base64');
    if (bytes.length > 0) socket.unshift(bytes);
    this.#tls.emit('connection', socket);
  }

  /** Lets requests under way end; what is left after the deadline is cut. */
  async close(deadlineMs: number): Promise<void> {
    this.#http.closeIdleConnections();
    this.#http.close();
    const end = Date.now() + deadlineMs;
    while (this.#sockets.size > 0 && Date.now() < end) {
      this.#http.closeIdleConnections();
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    for (const socket of this.#sockets) socket.destroy();
  }
}
