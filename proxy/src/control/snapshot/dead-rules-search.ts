import { setTimeout as delay } from 'node:timers/promises';
import type { NeverDeciding } from '../../config/load.ts';
import type { StoreLocation } from '../store/database.ts';
import { SnapshotCompiler } from './compiler.ts';
import type { DeadRulesArguments } from './job.ts';

/** The search for rules that can never decide, in a thread of its own: nobody who publishes waits for it. */
export class DeadRulesSearch {
  /** `null` where it took too long, failed or was stopped. */
  readonly done: Promise<NeverDeciding | null>;
  readonly #thread = new SnapshotCompiler();
  readonly #stopped = new AbortController();
  readonly #afterMs: number;

  /** @param afterMs how long whoever else has something to do goes first */
  constructor(location: StoreLocation, args: DeadRulesArguments, afterMs = 0) {
    this.#afterMs = afterMs;
    this.done = this.#search(location, args);
  }

  async #search(location: StoreLocation, args: DeadRulesArguments): Promise<NeverDeciding | null> {
    const { signal } = this.#stopped;
    const found = await delay(this.#afterMs, undefined, { signal, ref: false })
      .then(() => this.#thread.run(location, 'deadRules', args))
      .catch(() => null);
    void this.#thread.close();
    return found;
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#thread.close();
    await this.done;
  }
}
