/**
 * How long one piece of work may hold the loop. Short, because what a cut leaves to be done (streams that close, their
 * events) takes several times as long as the cut, in the turn that follows.
 */
const SLICE_MS = 1.5;
/** Steps between two looks at the clock. */
const STEP = 16;

/** Work in slices, between which the loop has its turn: `for (…) { if (slices.due()) await slices.turn(); … }`. */
export class Slices {
  #until = performance.now() + SLICE_MS;
  #steps = 0;

  /** Once before every step. */
  due(): boolean {
    return ++this.#steps % STEP === 0 && performance.now() >= this.#until;
  }

  async turn(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    this.#until = performance.now() + SLICE_MS;
  }
}
