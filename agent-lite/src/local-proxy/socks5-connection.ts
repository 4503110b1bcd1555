import type { Socket } from 'node:net';
import { codeOf, LIMITS } from '@causeway/contract';
import type { Logger } from 'pino';
import type { Flows } from './flows.ts';
import { REPLY, replyFor, socksReply, Socks5Handshake } from './socks5.ts';
import { splice } from './splice.ts';

/** Runs the handshake on a socket whose first byte was 5, then joins it with its flow. */
export function serveSocks5(socket: Socket, flows: Flows, log: Logger): void {
  const handshake = new Socks5Handshake();
  const timer = setTimeout(() => socket.destroy(), LIMITS.requestHeadMs);
  socket.on('close', () => clearTimeout(timer));
  socket.on('error', () => socket.destroy());
  socket.on('end', () => {
    if (!settled) socket.destroy();
  });
  let settled = false;
  const onReadable = (): void => {
    let chunk = socket.read() as Buffer | null;
    while (chunk !== null) {
      const step = handshake.push(chunk);
      switch (step.t) {
        case 'more':
          chunk = socket.read() as Buffer | null;
          continue;
        case 'greeted':
          socket.write(step.answer);
          chunk = Buffer.alloc(0);
          continue;
        case 'failed':
          settle();
          log.info({ via: 'socks5', code: 'CW_PROXY_REQUEST', why: step.why }, 'refused');
          socket.end(step.answer);
          socket.resume();
          return;
        case 'request':
          settle();
          if (step.rest.length > 0) socket.unshift(step.rest);
          void answer(socket, step.host, step.port, flows, log);
          return;
      }
    }
  };
  const settle = (): void => {
    settled = true;
    clearTimeout(timer);
    socket.off('readable', onReadable);
  };
  socket.on('readable', onReadable);
  onReadable();
}

async function answer(socket: Socket, host: string, port: number, flows: Flows, log: Logger): Promise<void> {
  try {
    const flow = await flows.openAnswered(host, port);
    if (socket.destroyed) {
      flow.stream.reset();
      flow.release();
      return;
    }
    log.info({ flow: flow.id, host, port, via: 'socks5' }, 'flow');
    socket.write(socksReply(REPLY.ok));
    splice(socket, flow, log);
  } catch (error) {
    log.info({ host, port, via: 'socks5', code: codeOf(error) }, 'refused');
    socket.end(socksReply(replyFor(codeOf(error))));
    socket.resume();
  }
}
