import type { ErrorCode } from '@causeway/contract';
import { Slices } from './slices.ts';

/** Anything open that a revocation or a new snapshot can end. */
export interface LiveStream {
  /** The login session's id, or `device:<id>`. */
  readonly session: string;
  readonly kind: 'request' | 'upgrade' | 'flow';
  readonly decision: string;
  readonly user: string | null;
  readonly appName: string | null;
  /** Access ended between the decision and now: whoever cut the rest did not find it yet. */
  readonly ended: boolean;
  /** How long it goes on while nobody can say whether it still holds. */
  readonly graceMs: number;
  /** Whether the policy in force would open it again. */
  allowed(): boolean;
  /** Ends it at once, towards both sides. */
  cut(code: ErrorCode, why: string): void;
}

/** Everything open at this worker, by session. Adding and removing happen for every request. */
export class LiveStreams {
  readonly #bySession = new Map<string, Set<LiveStream>>();
  readonly #onCut: (stream: LiveStream, why: string) => void;
  #size = 0;

  constructor(onCut: (stream: LiveStream, why: string) => void) {
    this.#onCut = onCut;
  }

  get size(): number {
    return this.#size;
  }

  add(stream: LiveStream): void {
    const set = this.#bySession.get(stream.session);
    if (set === undefined) this.#bySession.set(stream.session, new Set([stream]));
    else set.add(stream);
    this.#size++;
    // once its engine has set it up
    if (stream.ended) queueMicrotask(() => void this.#cut([stream], () => false, 'access ended as it opened'));
  }

  remove(stream: LiveStream): void {
    const set = this.#bySession.get(stream.session);
    if (set === undefined || !set.delete(stream)) return;
    this.#size--;
    if (set.size === 0) this.#bySession.delete(stream.session);
  }

  /** @returns how many were cut, once all are */
  cutSessions(sessions: Iterable<string>, why: string): Promise<number> {
    return this.#cut(this.#of(sessions), () => false, why);
  }

  /**
   * After a snapshot was swapped, or a principal changed.
   *
   * @param sessions whose streams; of all where it is absent
   * @returns how many were cut, once all are
   */
  decideAgain(why: string, sessions?: Iterable<string>): Promise<number> {
    const streams = sessions === undefined ? this.#all() : this.#of(sessions);
    return this.#cut(streams, (stream) => stream.allowed(), why);
  }

  /** Ends what its grace does not keep any longer. @returns how many were cut, once all are */
  cutUnlessHeld(held: (graceMs: number) => boolean, why: string): Promise<number> {
    return this.#cut(this.#all(), (stream) => held(stream.graceMs), why);
  }

  #of(sessions: Iterable<string>): LiveStream[] {
    const chosen: LiveStream[] = [];
    for (const session of sessions) {
      const set = this.#bySession.get(session);
      if (set !== undefined) chosen.push(...set);
    }
    return chosen;
  }

  #all(): LiveStream[] {
    const all: LiveStream[] = [];
    for (const set of this.#bySession.values()) all.push(...set);
    return all;
  }

  async #cut(streams: readonly LiveStream[], keep: (stream: LiveStream) => boolean, why: string): Promise<number> {
    let cut = 0;
    const slices = new Slices();
    for (const stream of streams) {
      if (slices.due()) await slices.turn();
      // it may have ended by itself while the loop had its turn
      if (this.#bySession.get(stream.session)?.has(stream) !== true || keep(stream)) continue;
      this.remove(stream);
      stream.cut('CW_ACCESS_ENDED', why);
      this.#onCut(stream, why);
      cut++;
    }
    return cut;
  }
}
