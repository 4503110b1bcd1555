import { codeOf } from '@causeway/contract';
import type { Logger } from './log.ts';

/** What has to be done again and again. A round that is late is skipped, one that fails is logged and comes again. */
export class Rounds {
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #running = new Set<Promise<void>>();
  readonly #log: Logger;

  constructor(log: Logger) {
    this.#log = log;
  }

  every(ms: number, name: string, round: () => Promise<void>): void {
    let busy = false;
    const timer = setInterval(() => {
      if (busy) return;
      busy = true;
      const run = round()
        .catch((error: unknown) => {
          // That is said once by whoever watches the store.
          if (codeOf(error) !== 'CW_STORE_LOST') this.#log.error({ err: error, round: name }, 'a regular task failed');
        })
        .finally(() => {
          busy = false;
          this.#running.delete(run);
        });
      this.#running.add(run);
    }, ms);
    timer.unref();
    this.#timers.push(timer);
  }

  /** Resolves when no round runs any more. */
  async stop(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    await Promise.all(this.#running);
  }
}
