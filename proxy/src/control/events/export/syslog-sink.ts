import { connect, type TLSSocket } from 'node:tls';
import { hostname } from 'node:os';
import type { EventRecord } from '../../../rpc/messages.ts';
import type { Sink } from './sink.ts';
import { syslogFrame } from './syslog-message.ts';

export interface SyslogSinkOptions {
  readonly host: string;
  readonly port: number;
  /** PEM; the system's where absent. */
  readonly ca?: string;
}

/**
 * Syslog over TLS (RFC 5425). The protocol has no acknowledgement: what was written when a connection broke may be
 * lost on the way.
 */
export class SyslogSink implements Sink {
  readonly #options: SyslogSinkOptions;
  #socket: TLSSocket | null = null;

  constructor(options: SyslogSinkOptions) {
    this.#options = options;
  }

  async send(events: readonly EventRecord[], signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const socket = this.#socket ?? (await this.#connect(signal));
    const frames = Buffer.concat(events.map((event) => syslogFrame(event, hostname(), process.pid)));
    await untilAborted(socket, signal, (done) => socket.write(frames, done));
  }

  async close(): Promise<void> {
    this.#socket?.end();
    this.#socket = null;
  }

  async #connect(signal: AbortSignal): Promise<TLSSocket> {
    const { host, port, ca } = this.#options;
    const socket = connect({ host, port, servername: host, ...(ca === undefined ? {} : { ca }) });
    socket.on('close', () => {
      if (this.#socket === socket) this.#socket = null;
    });
    // Nothing is expected from the other side; what it sends is not kept.
    socket.resume();
    await untilAborted(socket, signal, (done) => socket.once('secureConnect', () => done()));
    this.#socket = socket;
    return socket;
  }
}

/** One step of a connection; it is given up where the step fails, the connection ends or `signal` is aborted. */
function untilAborted(
  socket: TLSSocket,
  signal: AbortSignal,
  step: (done: (error?: Error | null) => void) => void,
): Promise<void> {
  return new Promise<void>((resolve, reject) => {
    const fail = (error: Error): void => {
      socket.destroy();
      end(() => reject(error));
    };
    const aborted = (): void => fail(new Error('it took too long'));
    const closed = (): void => fail(new Error('the connection was closed'));
    const end = (how: () => void): void => {
      signal.removeEventListener('abort', aborted);
      socket.off('close', closed);
      how();
    };
    signal.addEventListener('abort', aborted);
    socket.on('close', closed);
    socket.on('error', fail);
    step((error) => (error === undefined || error === null ? end(resolve) : fail(error)));
  });
}
