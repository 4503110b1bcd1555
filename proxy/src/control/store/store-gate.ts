import { CausewayError } from '@causeway/contract';

/**
 * Stands in front of every statement. While the store is lost it is closed: statements that come are refused at once with
 * `CW_STORE_LOST`, and those under way are given up, so that nobody waits for a server that does not answer. Who
 * watches the store closes and opens it, and asks past it.
 */
export class StoreGate {
  readonly #underWay = new Set<(error: CausewayError) => void>();
  readonly #suspicions = new Set<() => void>();
  readonly #openings = new Set<() => void>();
  #lost: string | null = null;

  get closed(): boolean {
    return this.#lost !== null;
  }

  /** @throws CausewayError `CW_STORE_LOST` while it is closed */
  pass(): void {
    if (this.#lost !== null) throw new CausewayError('CW_STORE_LOST', this.#lost);
  }

  /** @param why for the log and administrators */
  close(why: string): void {
    this.#lost = why;
    const error = new CausewayError('CW_STORE_LOST', why);
    for (const giveUp of this.#underWay) giveUp(error);
    this.#underWay.clear();
  }

  open(): void {
    if (this.#lost === null) return;
    this.#lost = null;
    for (const listener of this.#openings) listener();
  }

  /** The answer of a statement; rejects with `CW_STORE_LOST` as soon as the gate is closed. */
  through<T>(statement: Promise<T>): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    this.#underWay.add(reject);
    void statement.then(resolve, reject).finally(() => this.#underWay.delete(reject));
    return promise;
  }

  /** A statement failed as it does when the store is lost: whoever watches should look at once. */
  suspect(): void {
    for (const listener of this.#suspicions) listener();
  }

  /** Tells when it was closed and is open again. @returns ends it */
  onOpened(listener: () => void): () => void {
    this.#openings.add(listener);
    return () => this.#openings.delete(listener);
  }

  /** @returns ends it */
  onSuspected(listener: () => void): () => void {
    this.#suspicions.add(listener);
    return () => this.#suspicions.delete(listener);
  }
}
