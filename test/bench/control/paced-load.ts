import { Agent, request } from 'node:https';

export interface Delay {
  /** When it was sent, milliseconds of this process. */
  readonly at: number;
  readonly ms: number;
}

export interface PacedOptions {
  readonly url: string;
  readonly ca: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Kept open; the kernel spreads them over the workers. */
  readonly connections: number;
  /** Between one request and the next, on whichever connection is free. */
  readonly everyMs: number;
  /** What a request must be answered with. */
  readonly status: number;
}

/** Requests at a steady pace, whatever becomes of those before: one that waits is seen by all that come meanwhile. */
export class PacedLoad {
  readonly delays: Delay[] = [];
  readonly #options: PacedOptions;
  readonly #agent: Agent;
  readonly #open = new Set<Promise<void>>();
  #timer: NodeJS.Timeout | null = null;
  failed: string | null = null;

  constructor(options: PacedOptions) {
    this.#options = options;
    const { connections: maxSockets, ca } = options;
    this.#agent = new Agent({ keepAlive: true, maxSockets, scheduling: 'fifo', ca });
  }

  start(): void {
    this.#timer = setInterval(() => {
      const sent = this.#send().finally(() => this.#open.delete(sent));
      this.#open.add(sent);
    }, this.#options.everyMs);
  }

  async stop(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    await Promise.all(this.#open);
    this.#agent.destroy();
    if (this.failed !== null) throw new Error(this.failed);
  }

  /** The delays of the requests sent in a span. */
  between(from: number, to: number): number[] {
    return this.delays.filter(({ at }) => at >= from && at <= to).map(({ ms }) => ms);
  }

  #send(): Promise<void> {
    const { url, headers, status } = this.#options;
    const at = performance.now();
    return new Promise((resolve) => {
      const fail = (reason: string): void => {
        this.failed ??= reason;
        resolve();
      };
      const outgoing = request(url, {
        agent: this.#agent,
        headers,
        lookup: (_name, options, callback) =>
          options.all === true ? callback(null, [{ address: '127.0.0.1', family: 4 }]) : callback(null, '127.0.0.1', 4),
      });
      outgoing.once('error', (error) => fail(String(error)));
      outgoing.once('response', (answer) => {
        if (answer.statusCode !== status) fail(`${url} answers ${answer.statusCode}`);
        answer.resume();
        answer.once('end', () => {
          this.delays.push({ at, ms: performance.now() - at });
          resolve();
        });
      });
      outgoing.end();
    });
  }
}
