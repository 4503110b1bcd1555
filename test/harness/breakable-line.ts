import { rmSync } from 'node:fs';
import net from 'node:net';

/**
 * A line to a server on a Unix socket that a test can break and mend: everybody else's line to that server stays whole.
 *
 *     whole --break--> broken (refused, what was open is reset) --mend--> whole
 *     whole --hang---> hanging (accepted, no byte goes through)  --mend--> whole, with what was open reset
 */
export class BreakableLine {
  readonly #path: string;
  readonly #target: string;
  readonly #open = new Set<net.Socket>();
  #server: net.Server | null = null;
  #hanging = false;

  constructor(path: string, target: string) {
    this.#path = path;
    this.#target = target;
  }

  async mend(): Promise<void> {
    await this.break();
    this.#hanging = false;
    const server = net.createServer((socket) => this.#join(socket));
    this.#server = server;
    await new Promise<void>((resolve) => server.listen(this.#path, resolve));
  }

  async break(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    for (const socket of this.#open) socket.destroy();
    if (server !== null) await new Promise<void>((resolve) => server.close(() => resolve()));
    rmSync(this.#path, { force: true });
  }

  hang(): void {
    this.#hanging = true;
    for (const socket of this.#open) socket.pause();
  }

  #join(socket: net.Socket): void {
    const target = net.connect(this.#target);
    for (const [one, other] of [
      [socket, target],
      [target, socket],
    ] as const) {
      this.#open.add(one);
      one.on('data', (chunk) => {
        if (!this.#hanging) other.write(chunk);
      });
      one.on('error', () => one.destroy());
      one.on('close', () => {
        this.#open.delete(one);
        other.destroy();
      });
    }
  }
}
