import tls, { type TLSSocket } from 'node:tls';
import type { EdgeSecrets } from '../../rpc/messages.ts';
import { CustomContexts } from './custom-contexts.ts';

export interface WebTls {
  readonly server: tls.Server;
  /** New certificates and ticket keys for connections to come; those that are open keep theirs. */
  renew(secrets: EdgeSecrets): void;
}

/**
 * TLS of the app hosts, with the access domain's certificate or one that the custom URL has of its own. Tickets are shared by the workers: without the same `sessionIdContext` no other process would
 * resume a session, whatever its keys (the default context is derived from the process's arguments).
 */
export function createWebTlsServer(secrets: EdgeSecrets, onSecure: (socket: TLSSocket) => void): WebTls {
  const contexts = new CustomContexts();
  contexts.put(secrets.custom);
  const server = tls.createServer(
    {
      ...webOptions(secrets),
      minVersion: 'TLSv1.2',
      ALPNProtocols: ['http/1.1'],
      sessionIdContext: 'causeway-web',
      SNICallback: (serverName, callback) => callback(null, contexts.of(serverName)),
      handshakeTimeout: 10_000,
      honorCipherOrder: true,
      ciphers: [
        'TLS_AES_128_GCM_SHA256',
        'TLS_AES_256_GCM_SHA384',
        'TLS_CHACHA20_POLY1305_SHA256',
        'ECDHE-ECDSA-AES128-GCM-SHA256',
        'ECDHE-RSA-AES128-GCM-SHA256',
        'ECDHE-ECDSA-AES256-GCM-SHA384',
        'ECDHE-RSA-AES256-GCM-SHA384',
        'ECDHE-ECDSA-CHACHA20-POLY1305',
        'ECDHE-RSA-CHACHA20-POLY1305',
      ].join(':'),
    },
    onSecure,
  );
  server.on('tlsClientError', (_error, socket) => socket.destroy());
  return {
    server,
    renew: (fresh) => {
      contexts.put(fresh.custom);
      server.setSecureContext({ ...webOptions(fresh), minVersion: 'TLSv1.2', sessionIdContext: 'causeway-web' });
      server.setTicketKeys(Buffer.from(fresh.ticketKeys, 'base64'));
    },
  };
}

function webOptions(secrets: EdgeSecrets): { cert: string; key: string; ticketKeys: Buffer } {
  return {
    cert: secrets.access.cert,
    key: secrets.access.key,
    ticketKeys: Buffer.from(secrets.ticketKeys, 'base64'),
  };
}
