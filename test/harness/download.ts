import type { IncomingMessage } from 'node:http';
import { open, type ClientOptions } from './https-client.ts';

export interface RunningDownload {
  readonly status: number;
  readonly bytes: number;
  /** When and how it ended: complete, or cut in the middle. */
  readonly ended: Promise<{ at: number; complete: boolean }>;
  destroy(): void;
}

/** Reads and drops what comes, on a connection of its own. */
export async function startDownload(url: string, options: ClientOptions): Promise<RunningDownload> {
  const incoming: IncomingMessage = await open(url, options);
  let bytes = 0;
  incoming.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
  });
  incoming.on('error', () => undefined);
  const ended = new Promise<{ at: number; complete: boolean }>((resolve) => {
    incoming.once('close', () => resolve({ at: Date.now(), complete: incoming.complete }));
  });
  return {
    status: incoming.statusCode ?? 0,
    get bytes() {
      return bytes;
    },
    ended,
    destroy: () => incoming.destroy(),
  };
}
