/** Work on much data that may be interrupted wherever it yields; it ends with a result. */
export type Steps<T> = Generator<void, T, void>;

const SLICE_MS = 4;

/** All of it now: for threads and tools, which nobody waits for. */
export function atOnce<T>(steps: Steps<T>): T {
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
  }
}

/**
 * The same in slices, between which the loop serves whatever else there is.
 *
 * @param turn resolves when the loop has had its turn
 * @param wanted asked between slices; once it is not, `null` is the result
 */
export async function inTurns<T>(
  steps: Steps<T>,
  turn: () => Promise<unknown>,
  wanted: () => boolean,
): Promise<T | null> {
  let began = performance.now();
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
    if (performance.now() - began < SLICE_MS) continue;
    await turn();
    if (!wanted()) return null;
    began = performance.now();
  }
}
