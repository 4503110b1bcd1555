import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { codeOf } from '@causeway/contract';
import type { Logger } from 'pino';
import type { Flows } from './flows.ts';
import { authorityTarget } from './http-target.ts';
import { refusal } from './refusal.ts';
import { splice } from './splice.ts';

/** A CONNECT request (RFC 9110 §9.3.6): 200 once the app is connected, or the refusal. */
export async function handleConnect(
  request: IncomingMessage,
  socket: Socket,
  head: Buffer,
  flows: Flows,
  log: Logger,
): Promise<void> {
  const target = request.url ?? '';
  socket.on('error', () => socket.destroy());
  try {
    const { host, port } = authorityTarget(target);
    const flow = await flows.openAnswered(host, port);
    if (socket.destroyed) {
      flow.stream.reset();
      flow.release();
      return;
    }
    log.info({ flow: flow.id, host, port, via: 'connect' }, 'flow');
    socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
    if (head.length > 0) socket.unshift(head);
    splice(socket, flow, log);
  } catch (error) {
    log.info({ target, via: 'connect', code: codeOf(error) }, 'refused');
    socket.end(rawRefusal(error, target, request.headers.accept));
  }
}

/** A whole response that ends the connection. */
export function rawRefusal(error: unknown, target: string, accept: string | undefined): string {
  const { status, contentType, body } = refusal(error, target, accept);
  return (
    `HTTP/1.1 ${status} ${codeOf(error)}\r\nContent-Type: ${contentType}\r\n` +
    `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`
  );
}
