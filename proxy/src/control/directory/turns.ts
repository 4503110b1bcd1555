import { CausewayError } from '@causeway/contract';

/** Bodies that run one after the other, in the order they came; more than the bound at once are refused. */
export class Turns {
  readonly #most: number;
  #tail: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /** @throws CausewayError `CW_BUSY` */
  async take<T>(body: () => Promise<T>): Promise<T> {
    if (this.#waiting >= this.#most) throw new CausewayError('CW_BUSY', 'too many changes of the directory wait');
    this.#waiting++;
    const turn = this.#tail.then(body);
    this.#tail = turn.catch(() => undefined);
    try {
      return await turn;
    } finally {
      this.#waiting--;
    }
  }
}
