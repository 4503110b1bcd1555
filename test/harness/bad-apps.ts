import { createServer as createTlsServer } from 'node:https';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { Issued } from './certificates.ts';

/** An app that misbehaves, in the process of the test. */
export interface BadApp {
  readonly port: number;
  stop(): Promise<void>;
}

/** Answers whatever is asked with these bytes and closes. */
export function startGarbageApp(bytes: Uint8Array): Promise<BadApp> {
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.once('data', () => socket.end(bytes));
  });
  return listening(server);
}

/** Begins an answer of a known length, sends the half of it, and closes. */
export function startHalfApp(): Promise<BadApp> {
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.once('data', () => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 1000\r\n\r\n');
      socket.write('x'.repeat(500), () => socket.destroy());
    });
  });
  return listening(server);
}

/** HTTPS with a certificate of the test's choice. */
export function startTlsApp({ cert, key }: Issued): Promise<BadApp> {
  return listening(createTlsServer({ cert, key }, (_request, response) => response.end('behind TLS')));
}

function listening(server: Server): Promise<BadApp> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      resolve({
        port: (server.address() as AddressInfo).port,
        stop: () =>
          new Promise((done) => {
            server.close(() => done());
            for (const socket of sockets) socket.destroy();
          }),
      });
    });
  });
}
