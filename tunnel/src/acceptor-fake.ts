import { createServer as createHttpsServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { createServer as createTlsServer, type TLSSocket } from 'node:tls';
import { type CausewayError, TUNNEL_ALPN, TUNNEL_PATH } from '@causeway/contract';
import { WebSocketServer } from 'ws';
import type { OpenRequest } from './open-request.ts';
import type { FakeCa, Issued } from './pki-fake.ts';
import { webSocketDuplex } from './transport-websocket.ts';
import { Tunnel } from './tunnel.ts';

export interface FakeAcceptorOptions {
  readonly ca: FakeCa;
  readonly server: Issued;
  readonly onOpen: (request: OpenRequest, peer: string | null, tunnel: Tunnel) => void;
  readonly onTunnel?: (tunnel: Tunnel, socket: TLSSocket) => void;
  readonly onClosed?: (error: CausewayError | null, tunnel: Tunnel) => void;
  /** False stands for a network that lets only HTTPS pass. */
  readonly direct?: boolean;
}

/** What a PoP's listener does for tunnels, on one loopback port: TLS by ALPN, and the same TLS inside a WebSocket. */
export class FakeAcceptor {
  readonly tunnels = new Set<Tunnel>();
  readonly #server: Server;
  readonly #options: FakeAcceptorOptions;

  constructor(options: FakeAcceptorOptions) {
    this.#options = options;
    const { ca, server } = options;
    const direct = options.direct ?? true;
    const chain = { cert: server.certificate + ca.pem, key: server.key };
    this.#server = createHttpsServer({
      ...chain,
      ca: ca.pem,
      requestCert: true,
      rejectUnauthorized: false,
      minVersion: 'TLSv1.3',
      ALPNProtocols: direct ? [TUNNEL_ALPN, 'http/1.1'] : ['http/1.1'],
    });
    // An HTTPS server would read HTTP from every connection; ours looks at the ALPN first.
    const [http] = this.#server.listeners('secureConnection') as ((socket: TLSSocket) => void)[];
    this.#server.removeAllListeners('secureConnection');
    this.#server.on('secureConnection', (socket: TLSSocket) => {
      socket.on('error', () => {});
      if (socket.alpnProtocol === TUNNEL_ALPN) this.#tunnel(socket);
      else http?.call(this.#server, socket);
    });
    // A server, not a bare TLSSocket over the duplex: only a server sets `authorized`.
    const inner = createTlsServer({
      ...chain,
      ca: ca.pem,
      requestCert: true,
      rejectUnauthorized: false,
      minVersion: 'TLSv1.3',
      ALPNProtocols: [TUNNEL_ALPN],
    });
    inner.on('secureConnection', (socket) => this.#tunnel(socket));
    const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false });
    this.#server.on('upgrade', (request, socket, head) => {
      if (request.url !== TUNNEL_PATH) return socket.destroy();
      sockets.handleUpgrade(request, socket, head, (ws) => {
        const duplex = webSocketDuplex(ws);
        duplex.on('error', () => duplex.destroy());
        inner.emit('connection', duplex);
      });
    });
  }

  static async listen(options: FakeAcceptorOptions): Promise<FakeAcceptor> {
    const acceptor = new FakeAcceptor(options);
    await acceptor.listen();
    return acceptor;
  }

  listen(): Promise<void> {
    return new Promise((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    for (const tunnel of this.tunnels) tunnel.destroy();
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }

  #tunnel(socket: TLSSocket): void {
    const subject = socket.authorized ? socket.getPeerX509Certificate()?.subject : undefined;
    const tunnel: Tunnel = new Tunnel(socket, {
      role: 'server',
      onOpen: (request) => this.#options.onOpen(request, subject ?? null, tunnel),
      onClosed: (error) => {
        this.tunnels.delete(tunnel);
        this.#options.onClosed?.(error, tunnel);
      },
    });
    this.tunnels.add(tunnel);
    this.#options.onTunnel?.(tunnel, socket);
  }
}
