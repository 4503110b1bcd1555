import type { Duplex } from 'node:stream';
import { createWebSocketStream, type WebSocket } from 'ws';

/** Acceptor: wraps an upgraded WebSocket; run the TLS server over the result. */
export function webSocketDuplex(ws: WebSocket): Duplex {
  return createWebSocketStream(ws);
}
