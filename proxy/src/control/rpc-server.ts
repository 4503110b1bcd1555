import { chmodSync, mkdirSync, rmSync } from 'node:fs';
import net from 'node:net';
import { dirname } from 'node:path';
import { CausewayError } from '@causeway/contract';
import { RpcChannel, type Handlers } from '../rpc/channel.ts';
import type { AdminCalls, ControlCalls, EdgeCalls, TailCalls } from '../rpc/messages.ts';
import type { ControlChannel } from './edges.ts';
import type { Logger } from './log.ts';

/** Edges of this machine and a few command lines. */
const MAX_CONNECTIONS = 1_000;

export interface RpcServerOptions {
  /** Where the Unix socket is made; only the PoP's own user may open it. */
  readonly path: string;
  readonly log: Logger;
  /** The calls that are answered on one connection. */
  handlers(channel: () => ControlChannel): Partial<Handlers<EdgeCalls & AdminCalls>>;
  onClosed(channel: ControlChannel): void;
}

/** Answers edges and the command line. */
export class RpcServer {
  readonly #server: net.Server;
  readonly #channels = new Set<ControlChannel>();
  readonly #path: string;

  private constructor(options: RpcServerOptions) {
    this.#path = options.path;
    this.#server = net.createServer((socket) => {
      const channel: ControlChannel = new RpcChannel<ControlCalls & TailCalls, EdgeCalls & AdminCalls>(
        socket,
        options.handlers(() => channel),
        () => {
          this.#channels.delete(channel);
          options.onClosed(channel);
        },
      );
      this.#channels.add(channel);
    });
    this.#server.maxConnections = MAX_CONNECTIONS;
    this.#server.on('error', (error) => options.log.error({ err: error }, 'rpc server error'));
  }

  /** Throws `CW_DATA_UNUSABLE`. A socket that a control process left behind is removed: the data folder is ours alone. */
  static async listen(options: RpcServerOptions): Promise<RpcServer> {
    const server = new RpcServer(options);
    try {
      mkdirSync(dirname(options.path), { recursive: true, mode: 0o700 });
      rmSync(options.path, { force: true });
      const before = process.umask(0o177);
      try {
        await new Promise<void>((resolve, reject) => {
          server.#server.once('error', reject);
          server.#server.listen(options.path, () => resolve());
        });
      } finally {
        process.umask(before);
      }
      chmodSync(options.path, 0o600);
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new CausewayError('CW_DATA_UNUSABLE', `${options.path}: ${reason}`, { cause });
    }
    return server;
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const channel of this.#channels) channel.destroy();
    await closed;
    rmSync(this.#path, { force: true });
  }
}
