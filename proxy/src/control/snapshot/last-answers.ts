/**
 * The last whole answer to each question: its pages are asked for one after the other, and making it reads whole states.
 * Anything that it was made from is part of the key, so that it is never older than the store.
 */
export class LastAnswers {
  readonly #answers = new Map<string, { readonly key: string; readonly answer: readonly unknown[] }>();

  /** @param question always asked with answers of the same type */
  async get<T>(question: string, key: string, make: () => Promise<readonly T[]>): Promise<readonly T[]> {
    const known = this.#answers.get(question);
    if (known?.key === key) return known.answer as readonly T[];
    const answer = await make();
    this.#answers.set(question, { key, answer });
    return answer;
  }
}
