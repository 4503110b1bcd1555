import http from 'node:http';
import tls from 'node:tls';
import type { Duplex } from 'node:stream';
import { TUNNEL_PATH } from '@causeway/contract';
import { webSocketDuplex } from '@causeway/tunnel';
import { WebSocketServer } from 'ws';
import type { EdgeSecrets } from '../../rpc/messages.ts';

/** A tunnel's own frames are far smaller; the TLS records inside never exceed 16 KiB + overhead, some come batched. */
const MAX_MESSAGE = 1024 * 1024;

/**
 * The one route of a tunnel host that speaks ordinary HTTPS: `GET /tunnel` as a WebSocket, and in it the same mutual
 * TLS as outside. The outer certificate protects nothing, so nothing but the upgrade is answered here.
 */
export class TunnelWebSocket {
  readonly #tls: tls.Server;
  readonly #http: http.Server;
  readonly #sockets = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: MAX_MESSAGE,
    clientTracking: false,
  });

  /** @param onTunnel gets the stream that carries the inner TLS */
  constructor(secrets: EdgeSecrets, onTunnel: (inner: Duplex, address: string) => void) {
    this.#http = http.createServer(
      {
        requireHostHeader: true,
        headersTimeout: 5_000,
        requestTimeout: 10_000,
        connectionsCheckingInterval: 1_000,
        keepAlive: false,
      },
      (_request, response) => {
        response.writeHead(404, { 'content-length': 0, connection: 'close' }).end();
      },
    );
    this.#http.maxHeadersCount = 50;
    this.#http.on('upgrade', (request, socket, head) => {
      socket.on('error', () => socket.destroy());
      if (request.method !== 'GET' || request.url !== TUNNEL_PATH) {
        socket.end('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
        return;
      }
      const address = (request.socket as { remoteAddress?: string }).remoteAddress ?? '';
      this.#sockets.handleUpgrade(request, socket, head, (ws) => onTunnel(webSocketDuplex(ws), address));
    });
    this.#http.on('clientError', (_error, socket) => socket.destroy());
    this.#http.emit('listening'); // without it no header timeout is enforced
    this.#tls = tls.createServer(
      {
        cert: secrets.tunnel.cert,
        key: secrets.tunnel.key,
        minVersion: 'TLSv1.2',
        ALPNProtocols: ['http/1.1'],
        handshakeTimeout: 10_000,
      },
      (socket) => this.#http.emit('connection', socket),
    );
    this.#tls.on('tlsClientError', (_error, socket) => socket.destroy());
  }

  /** A raw socket whose ClientHello was put back. */
  take(socket: Duplex): void {
    this.#tls.emit('connection', socket);
  }

  renew(secrets: EdgeSecrets): void {
    this.#tls.setSecureContext({ cert: secrets.tunnel.cert, key: secrets.tunnel.key, minVersion: 'TLSv1.2' });
  }

  destroy(): void {
    this.#http.closeAllConnections();
    this.#http.close();
  }
}
