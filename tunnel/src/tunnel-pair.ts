import { duplexPair } from 'node:stream';
import type { CausewayError } from '@causeway/contract';
import { expect, vi } from 'vitest';
import { tunnelCounters } from './counters.ts';
import { type MuxLimits, windowBudget } from './mux-limits.ts';
import type { MuxStream } from './mux-stream.ts';
import type { OpenRequest } from './open-request.ts';
import { Tunnel } from './tunnel.ts';

export const HEADER = { v: 1, kind: 'tcp', host: 'intranet.corp.example', port: 80 } as const;

/** Two tunnels back to back in memory; the server's `onOpen` is the test's. */
export class TunnelPair {
  readonly client: Tunnel;
  readonly server: Tunnel;
  readonly ends: string[] = [];
  goneAway = 0;
  onOpen: (request: OpenRequest) => void = (request) => request.accept();

  constructor(limits: Partial<MuxLimits> = {}) {
    const [left, right] = duplexPair();
    const onClosed = (side: string) => (error: CausewayError | null) =>
      this.ends.push(`${side} ${error?.code ?? 'agreed'}`);
    this.client = new Tunnel(left, {
      role: 'client',
      limits,
      onOpen: (request) => request.refuse('CW_APP_UNKNOWN'),
      onClosed: onClosed('client'),
      onGoAway: () => (this.goneAway += 1),
    });
    this.server = new Tunnel(right, {
      role: 'server',
      limits,
      onOpen: (request) => this.onOpen(request),
      onClosed: onClosed('server'),
    });
  }

  /** A stream that is open on both sides: ours, and the acceptor's. */
  async open(): Promise<[MuxStream, MuxStream]> {
    let theirs: MuxStream | null = null;
    this.onOpen = (request) => (theirs = request.accept());
    const ours = await this.client.open(HEADER);
    if (theirs === null) throw new Error('not accepted');
    return [ours, theirs];
  }

  destroy(): void {
    this.client.destroy();
    this.server.destroy();
  }
}

export async function noLeaks(): Promise<void> {
  await vi.waitFor(() =>
    expect({ ...tunnelCounters, held: windowBudget.heldBytes, raised: windowBudget.raisedBytes }).toEqual({
      sessions: 0,
      streams: 0,
      sockets: 0,
      held: 0,
      raised: 0,
    }),
  );
}

/** Everything that a stream is sent until it ends; rejects with what closed it otherwise. */
export function collect(stream: MuxStream): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  return new Promise((resolve, reject) => {
    stream.onEnd = () => resolve(Buffer.concat(pieces));
    stream.onClose = (error) => (error === null ? resolve(Buffer.concat(pieces)) : reject(error));
    stream.onData = (bytes) => pieces.push(bytes);
  });
}

/** Writes all of it as the stream takes it, then ends. */
export function writeAll(stream: MuxStream, bytes: Uint8Array, piece = 50_000): void {
  let at = 0;
  const go = (): void => {
    while (at < bytes.length) {
      const from = at;
      at = Math.min(bytes.length, at + piece);
      if (!stream.write(bytes.subarray(from, at))) return;
    }
    stream.end();
  };
  stream.onDrain = go;
  go();
}
