import type { IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';
import { Exchange } from '../../exchange/exchange.ts';
import { clientAddress } from '../../listener/client-address.ts';
import type { EngineOptions } from '../engine.ts';

/** @returns `null` while there is no configuration yet */
export function beginExchange(options: EngineOptions, request: IncomingMessage, upgrade: boolean): Exchange | null {
  const snapshot = options.active();
  if (snapshot === null) return null;
  const socket = request.socket as TLSSocket;
  const serverName: unknown = socket.servername;
  return new Exchange(
    {
      method: request.method ?? '',
      target: request.url ?? '',
      httpVersion: request.httpVersion,
      rawHeaders: request.rawHeaders,
      upgrade,
      serverName: typeof serverName === 'string' ? serverName : null,
      address: clientAddress(socket.remoteAddress),
      connection: socket,
    },
    () => options.active() ?? snapshot,
  );
}
