import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { connectSharedRead } from './shared-read.ts';
import { stitchSocket } from './stitch-socket.ts';
import { collect, noLeaks, TunnelPair } from './tunnel-pair.ts';

const DATA = Array.from({ length: 20 }, () => randomBytes(700_000));

let pair: TunnelPair;
let sockets: Socket[];
/** Says at once what its number stands for, as an SSH server says its banner. */
const server = createServer({ allowHalfOpen: true }, (socket) => {
  socket.once('data', (number) => socket.end(DATA[Number(String(number))] ?? ''));
  socket.on('error', () => undefined);
});

beforeEach(async () => {
  pair = new TunnelPair();
  sockets = [];
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(async () => {
  pair.destroy();
  for (const socket of sockets) socket.destroy();
  await new Promise((resolve) => server.close(resolve));
  await noLeaks();
});

async function open(number: number): Promise<Socket> {
  const { port } = server.address() as AddressInfo;
  const socket = connectSharedRead({ port, host: '127.0.0.1', allowHalfOpen: true });
  sockets.push(socket);
  await once(socket, 'connect');
  socket.write(String(number));
  return socket;
}

it('keeps what came before anybody took it', async () => {
  const socket = await open(0);
  await vi.waitFor(() => expect(socket.bytesRead).toBeGreaterThan(0));
  const [ours, theirs] = await pair.open();
  stitchSocket(theirs, socket, () => undefined);
  expect((await collect(ours)).equals(DATA[0] ?? Buffer.alloc(0))).toBe(true);
});

it('mixes nothing of many sockets, also of those that wait', async () => {
  const under: Promise<Buffer>[] = [];
  for (const number of DATA.keys()) {
    const socket = await open(number);
    const [ours, theirs] = await pair.open();
    if (number % 2 === 1) {
      ours.pause();
      setImmediate(() => ours.resume());
    }
    stitchSocket(theirs, socket, () => undefined);
    under.push(collect(ours));
  }
  const all = await Promise.all(under);
  for (const [number, bytes] of all.entries()) expect(bytes.equals(DATA[number] ?? Buffer.alloc(0))).toBe(true);
});
