import type { NeverDeciding } from '../../config/load.ts';
import type { StoreLocation } from '../store/database.ts';
import { SnapshotCompiler } from './compiler.ts';
import type { DeadRulesArguments } from './job.ts';

/** The search for rules that can never decide, in a thread of its own: nobody who publishes waits for it. */
export class DeadRulesSearch {
  /** `null` where it took too long, failed or was stopped. */
  readonly done: Promise<NeverDeciding | null>;
  readonly #thread: SnapshotCompiler;

  constructor(location: StoreLocation, args: DeadRulesArguments) {
    this.#thread = new SnapshotCompiler();
    this.done = this.#search(location, args);
  }

  async #search(location: StoreLocation, args: DeadRulesArguments): Promise<NeverDeciding | null> {
    const found = await this.#thread.run(location, 'deadRules', args).catch(() => null);
    void this.#thread.close();
    return found;
  }

  async stop(): Promise<void> {
    await this.#thread.close();
    await this.done;
  }
}
