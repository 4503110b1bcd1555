import type { CheckedChunk } from './checked-chunk.ts';

/** Chunks of the contents that a thread has checked last: one job follows the other, and most of theirs are the same. */
export class CheckedMemo {
  #byKey = new Map<string, CheckedChunk>();
  #byHash = new Map<string, CheckedChunk>();
  #store = '';

  /** Keys are of one store; what was kept of another is let go of. */
  use(store: string): void {
    if (store === this.#store) return;
    this.become(new CheckedMemo());
    this.#store = store;
  }

  /** @param key of a `SourceGroup` */
  byKey(key: string): CheckedChunk | undefined {
    return this.#byKey.get(key);
  }

  byHash(hash: string): CheckedChunk | undefined {
    return this.#byHash.get(hash);
  }

  put(key: string | null, chunk: CheckedChunk): void {
    if (key !== null) this.#byKey.set(key, chunk);
    this.#byHash.set(chunk.hash, chunk);
  }

  /** Keeps what another has, and nothing else. */
  become(other: CheckedMemo): void {
    this.#byKey = other.#byKey;
    this.#byHash = other.#byHash;
  }
}
