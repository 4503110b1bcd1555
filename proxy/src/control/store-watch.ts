import { CausewayError, codeOf } from '@causeway/contract';
import type { Health } from './health.ts';
import type { Store } from './store/store.ts';

/** Looks without an answer, one after the other, before the store counts as gone: a restart of its thread is shorter. */
const PATIENCE = 3;

/** Asks the store now and again whether it answers, and gives up on it for good when it never does. */
export class StoreWatch {
  readonly #store: Pick<Store, 'epoch'>;
  readonly #health: Health;
  readonly #onGone: (error: CausewayError) => void;
  #failures = 0;

  constructor(store: Pick<Store, 'epoch'>, health: Health, onGone: (error: CausewayError) => void) {
    this.#store = store;
    this.#health = health;
    this.#onGone = onGone;
  }

  /** Never rejects. */
  async look(): Promise<void> {
    try {
      await this.#store.epoch();
      this.#failures = 0;
      this.#health.set('store', 'ok', 'answers');
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.#health.set('store', 'down', message);
      if (codeOf(error) !== 'CW_STORE_FAILED') return; // a store that is busy is there
      this.#failures++;
      if (this.#failures === PATIENCE) this.#onGone(new CausewayError('CW_STORE_FAILED', message, { cause: error }));
    }
  }
}
