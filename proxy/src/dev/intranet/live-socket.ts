import type { Server } from 'node:http';
import { WebSocketServer } from 'ws';

const MAX_MESSAGE = 16 * 1024 * 1024;
const MAX_SOCKETS = 1_000;

/**
 * `/live/socket`: text comes back as `{"echo": text}`, binary as it is, and `{"tick": time}` every second.
 *
 * @returns a function that ends every socket
 */
export function serveLiveSocket(server: Server): () => void {
  const sockets = new WebSocketServer({ noServer: true, maxPayload: MAX_MESSAGE });
  server.on('upgrade', (request, socket, head) => {
    socket.on('error', () => socket.destroy());
    const path = (request.url ?? '').split('?', 1)[0];
    if (path !== '/live/socket' || sockets.clients.size >= MAX_SOCKETS) {
      socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
      return;
    }
    sockets.handleUpgrade(request, socket, head, (live) => {
      live.on('error', () => live.terminate());
      live.on('message', (data, binary) => {
        live.send(binary ? data : JSON.stringify({ echo: (data as Buffer).toString('utf8') }), { binary });
      });
    });
  });
  const clock = setInterval(() => {
    const tick = JSON.stringify({ tick: new Date().toISOString() });
    for (const live of sockets.clients) if (live.bufferedAmount < MAX_MESSAGE) live.send(tick);
  }, 1_000);
  return () => {
    clearInterval(clock);
    for (const live of sockets.clients) live.terminate();
    sockets.close();
  };
}
