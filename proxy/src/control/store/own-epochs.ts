/** Numbers kept at most; one that was forgotten is taken for another process's, which only costs edges a whole reading. */
const MAX_KEPT = 10_000;

/**
 * The epochs that this process raised itself, each known as soon as its transaction has committed. What lies between
 * them was raised by another process, and nobody here knows what was ended with it.
 */
export class OwnEpochs {
  readonly #raised = new Set<number>();

  add(epoch: number): void {
    this.#raised.add(epoch);
    if (this.#raised.size <= MAX_KEPT) return;
    const [oldest] = this.#raised;
    if (oldest !== undefined) this.#raised.delete(oldest);
  }

  /** @returns the last epoch such that every one behind `known` and up to it was raised here; those are forgotten */
  through(known: number): number {
    let last = known;
    for (const epoch of this.#raised) if (epoch <= known) this.#raised.delete(epoch);
    while (this.#raised.delete(last + 1)) last++;
    return last;
  }
}
