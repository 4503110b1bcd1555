import type { Socket } from 'node:net';
import { stopReading } from '../../rpc/stop-reading.ts';
import type { ChildMessage, HandoverTarget } from '../../rpc/supervision.ts';

/** How a child speaks to its supervisor; `process` in the real thing. */
export interface SupervisorPort {
  send(message: ChildMessage, socket: Socket | undefined, done: (error: Error | null) => void): boolean;
}

/** Sockets on their way at once. The channel passes them one by one, each after an acknowledgement. */
const MAX_PENDING = 1_000;

/** Passes accepted sockets to where they belong, by the supervisor, together with the bytes that were read. */
export class Handover {
  readonly #port: SupervisorPort;
  readonly #onFailed: (to: HandoverTarget) => void;
  #pending = 0;

  constructor(port: SupervisorPort, onFailed: (to: HandoverTarget) => void) {
    this.#port = port;
    this.#onFailed = onFailed;
  }

  pass(socket: Socket, to: HandoverTarget, head: Buffer): void {
    if (this.#pending >= MAX_PENDING || socket.destroyed) {
      this.#onFailed(to);
      socket.destroy();
      return;
    }
    this.#pending++;
    stopReading(socket);
    this.#port.send({ t: 'handover', to, head: head.toString('base64') }, socket, (error) => {
      this.#pending--;
      if (error !== null) this.#onFailed(to);
      socket.destroy(); // our copy of the handle; the other process has its own
    });
  }
}
