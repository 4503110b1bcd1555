import { chmod, rm } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { CausewayError } from '@causeway/contract';
import type { PublisherStatus } from './publisher.ts';

/** Whoever may enter the data folder connects and is told the status as JSON; there is nothing to ask. */
export const statusSocketPath = (dataDir: string): string => join(dataDir, 'publisher.sock');

/** `sun_path` of unix(7) holds 108 bytes with its final zero. */
const MAX_PATH_BYTES = 107;
const READ_MS = 3_000;

/** Throws `CW_DATA_LOCKED` when a publisher already answers there, `CW_DATA_UNUSABLE` when it cannot listen. */
export async function serveStatus(dataDir: string, status: () => PublisherStatus): Promise<Server> {
  const path = statusSocketPath(dataDir);
  if (Buffer.byteLength(path) > MAX_PATH_BYTES) {
    throw new CausewayError('CW_DATA_UNUSABLE', `${path}: too long for a Unix socket, choose a shorter --data`);
  }
  if ((await readStatus(dataDir)) !== null) {
    throw new CausewayError('CW_DATA_LOCKED', `another publisher runs with ${dataDir}`);
  }
  await rm(path, { force: true }); // of one that was killed
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.setTimeout(READ_MS, () => socket.destroy());
    socket.end(JSON.stringify(status()));
  });
  server.maxConnections = 16;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(new CausewayError('CW_DATA_UNUSABLE', error.message, { cause: error })));
    server.listen(path, resolve);
  });
  await chmod(path, 0o600);
  return server;
}

/** The running publisher's status, or `null` when none runs. */
export async function readStatus(dataDir: string): Promise<PublisherStatus | null> {
  const socket = connect(statusSocketPath(dataDir));
  socket.setTimeout(READ_MS, () => socket.destroy(new Error('no answer')));
  try {
    return JSON.parse(await text(socket)) as PublisherStatus;
  } catch {
    return null;
  } finally {
    socket.destroy();
  }
}
