import { constants } from 'node:crypto';
import tls, { type TLSSocket } from 'node:tls';
import { TUNNEL_ALPN } from '@causeway/contract';
import type { EdgeSecrets } from '../../rpc/messages.ts';

/**
 * Mutual TLS of tunnels. The handshake lets every certificate pass, or none, because the acceptor decides itself:
 * who has none may enrol, who has an expired one may renew. No resumption: a resumed session would show a
 * certificate that was checked at another time.
 */
export function createTunnelTlsServer(secrets: EdgeSecrets, onSecure: (socket: TLSSocket) => void): tls.Server {
  const server = tls.createServer(
    {
      ...tunnelContext(secrets),
      requestCert: true,
      rejectUnauthorized: false,
      ALPNProtocols: [TUNNEL_ALPN],
      handshakeTimeout: 10_000,
    },
    (socket) => {
      if (socket.alpnProtocol === TUNNEL_ALPN) onSecure(socket);
      else socket.destroy();
    },
  );
  server.on('tlsClientError', (_error, socket) => socket.destroy());
  return server;
}

export function renewTunnelTlsServer(server: tls.Server, secrets: EdgeSecrets): void {
  server.setSecureContext(tunnelContext(secrets));
}

function tunnelContext(secrets: EdgeSecrets): tls.SecureContextOptions {
  return {
    cert: secrets.tunnel.cert,
    key: secrets.tunnel.key,
    ca: secrets.ca,
    minVersion: 'TLSv1.3',
    maxVersion: 'TLSv1.3',
    secureOptions: constants.SSL_OP_NO_TICKET,
  };
}
