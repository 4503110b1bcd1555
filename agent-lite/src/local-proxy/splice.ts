import type { Socket } from 'node:net';
import { stitchSocket } from '@causeway/tunnel';
import type { Logger } from 'pino';
import type { ProxyFlow } from './flows.ts';

/** Joins a client's socket with its flow until both have ended; FIN and RST go through as what they are. */
export function splice(socket: Socket, flow: ProxyFlow, log: Logger): void {
  const began = performance.now();
  socket.setTimeout(0);
  stitchSocket(flow.stream, socket, ({ up, down, error }) => {
    flow.release();
    const ms = Math.round(performance.now() - began);
    log.info({ flow: flow.id, up, down, ms, ...(error === null ? {} : { code: error.code }) }, 'flow ended');
  });
}
