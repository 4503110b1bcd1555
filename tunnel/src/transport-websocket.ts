import type { Duplex } from 'node:stream';
import { connect } from 'node:tls';
import { CausewayError, TUNNEL_PATH } from '@causeway/contract';
import { createWebSocketStream, WebSocket } from 'ws';
import { abortError, dialHost } from './transport-tls.ts';

/** A TLS record is at most 16 KiB; the other side sends a message per write of its TLS. */
const MAX_MESSAGE = 1024 * 1024;

/**
 * The binary messages of a WebSocket as bytes, with back-pressure both ways. An acceptor wraps an upgraded WebSocket
 * and runs its TLS server over the result; destroying the result terminates the WebSocket.
 */
export function webSocketDuplex(ws: WebSocket): Duplex {
  return createWebSocketStream(ws, { readableHighWaterMark: 64 * 1024, writableHighWaterMark: 64 * 1024 });
}

/**
 * `wss://<serverName>/tunnel` at the address, for where only HTTPS passes. The result is no safer than TCP: the outer
 * certificate is not verified, since a middlebox may have replaced it, and the tunnel's own TLS runs inside.
 */
export function dialWebSocket(
  address: { readonly host: string; readonly port: number },
  serverName: string,
  signal: AbortSignal,
): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) throw abortError(signal);
    const ws = new WebSocket(`wss://${serverName}${TUNNEL_PATH}`, {
      createConnection: () =>
        connect({
          host: dialHost(address.host),
          port: address.port,
          servername: serverName,
          ALPNProtocols: ['http/1.1'],
          rejectUnauthorized: false,
        }),
      perMessageDeflate: false,
      maxPayload: MAX_MESSAGE,
      skipUTF8Validation: true,
    });
    const fail = (error: Error): void => {
      signal.removeEventListener('abort', aborted);
      ws.terminate();
      reject(new CausewayError('CW_TUNNEL_CLOSED', `no WebSocket to the PoP: ${error.message}`, { cause: error }));
    };
    const aborted = (): void => fail(abortError(signal));
    signal.addEventListener('abort', aborted, { once: true });
    ws.on('error', fail);
    ws.once('open', () => {
      signal.removeEventListener('abort', aborted);
      ws.off('error', fail);
      ws.on('error', () => {}); // the duplex tells it
      resolve(webSocketDuplex(ws));
    });
  });
}
