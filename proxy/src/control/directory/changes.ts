import type { DirectoryChange } from './records.ts';

/** Who wants to know of changes that touch somebody's access. */
export class Changes {
  readonly #listeners = new Set<(change: DirectoryChange) => void>();

  /** @returns stops telling */
  subscribe(listener: (change: DirectoryChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** After the commit; a change that touches nobody is not told. */
  tell(change: DirectoryChange): void {
    if (change.users.length + change.deactivated.length === 0) return;
    for (const listener of this.#listeners) listener(change);
  }
}
