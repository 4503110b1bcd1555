import net from 'node:net';
import { join } from 'node:path';
import { CausewayError } from '@causeway/contract';
import { RpcChannel, type AsCallMap, type Handlers } from '../rpc/channel.ts';
import type { ControlCalls, EdgeCalls } from '../rpc/messages.ts';

export type HelloAnswer = EdgeCalls['edge.hello']['answer'];

export interface ControlLinkOptions {
  readonly dataDir: string;
  readonly worker: number;
  /** Calls that control makes. None runs before `onHello` has returned for the connection it came on. */
  readonly handlers: Handlers<ControlCalls>;
  /** The whole state, on every connect. Once it is not `current` any more, another will come. */
  onHello(answer: HelloAnswer, current: () => boolean): void | Promise<void>;
  onLost(): void;
}

const FIRST_DELAY_MS = 20;
const LAST_DELAY_MS = 1_000;

/** The edge's end of the line to control: it dials for ever, and says hello on each connection. */
export class ControlLink {
  readonly #options: ControlLinkOptions;
  #channel: RpcChannel<EdgeCalls, ControlCalls> | null = null;
  #dialling: net.Socket | null = null;
  #up = false;
  #stopped = false;
  #delay = FIRST_DELAY_MS;
  #timer: NodeJS.Timeout | null = null;

  constructor(options: ControlLinkOptions) {
    this.#options = options;
  }

  /** Connected, and the state is read. */
  get up(): boolean {
    return this.#up;
  }

  start(): void {
    this.#dial();
  }

  /** Rejects with `CW_RPC_CLOSED` at once while control is away: nobody waits for a reconnect. */
  call<K extends keyof EdgeCalls>(
    call: K,
    args: EdgeCalls[K]['args'],
    timeoutMs?: number,
  ): Promise<AsCallMap<EdgeCalls>[K]['answer']> {
    if (this.#channel === null || !this.#up) return Promise.reject(new CausewayError('CW_RPC_CLOSED'));
    return this.#channel.call(call, args, timeoutMs);
  }

  /** Drops the connection, so that hello brings the whole state again. */
  resync(): void {
    this.#channel?.destroy();
  }

  stop(): void {
    this.#stopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#dialling?.destroy();
    this.#channel?.destroy();
  }

  #dial(): void {
    this.#timer = null;
    const socket = net.connect(join(this.#options.dataDir, 'run', 'control.sock'));
    this.#dialling = socket;
    const failed = (): void => {
      socket.destroy();
      this.#again();
    };
    socket.once('error', failed);
    socket.once('connect', () => {
      socket.off('error', failed);
      this.#dialling = null;
      void this.#connected(socket);
    });
  }

  async #connected(socket: net.Socket): Promise<void> {
    // control may push right behind its answer, in the same segment: what it pushes waits until the state is read
    const synced = Promise.withResolvers<void>();
    let isSynced = false;
    synced.promise.catch(() => undefined);
    const channel = new RpcChannel<EdgeCalls, ControlCalls>(
      socket,
      after(synced.promise, () => isSynced, this.#options.handlers),
      () => {
        synced.reject(new CausewayError('CW_RPC_CLOSED'));
        if (this.#channel === channel) this.#channel = null;
        const wasUp = this.#up;
        this.#up = false;
        if (wasUp) this.#options.onLost();
        this.#again();
      },
    );
    this.#channel = channel;
    try {
      const answer = await channel.call('edge.hello', { worker: this.#options.worker, pid: process.pid });
      this.#up = true;
      await this.#options.onHello(answer, () => this.#channel === channel);
      this.#delay = FIRST_DELAY_MS;
      isSynced = true;
      synced.resolve();
    } catch {
      channel.destroy();
    }
  }

  #again(): void {
    if (this.#stopped || this.#timer !== null) return;
    const delay = this.#delay * (0.5 + Math.random() / 2);
    this.#delay = Math.min(this.#delay * 2, LAST_DELAY_MS);
    this.#timer = setTimeout(() => this.#dial(), delay);
  }
}

/** The same handlers, none of which runs before `ready`. */
function after(ready: Promise<void>, isReady: () => boolean, handlers: Handlers<ControlCalls>): Handlers<ControlCalls> {
  const wait =
    <A, R>(handler: (args: A) => R | Promise<R>) =>
    async (args: A): Promise<R> => {
      await ready;
      return handler(args);
    };
  return {
    'snapshot.put': wait(handlers['snapshot.put']),
    'secrets.put': wait(handlers['secrets.put']),
    'session.put': wait(handlers['session.put']),
    'sessions.regroup': wait(handlers['sessions.regroup']),
    revoke: wait(handlers.revoke),
    // Another comes within a second; one that waited for a large state would seem to be a worker that hangs.
    'feed.beat': (args) => (isReady() ? handlers['feed.beat'](args) : null),
    'device.principal': wait(handlers['device.principal']),
  };
}
