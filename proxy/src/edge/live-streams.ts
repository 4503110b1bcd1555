import type { ErrorCode } from '@causeway/contract';

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
  /** Whether the policy in force would open it again. */
  allowed(): boolean;
  /** Ends it at once, towards both sides. */
  cut(code: ErrorCode, why: string): void;
}

/** How long streams are handled before the loop gets its turn: most are decided in a microsecond, some cut in fifty. */
const SLICE_MS = 4;
/** Streams handled between two looks at the clock. */
const STEP = 16;

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
    const chosen: LiveStream[] = [];
    for (const session of sessions) {
      const set = this.#bySession.get(session);
      if (set !== undefined) chosen.push(...set);
    }
    return this.#cut(chosen, () => false, why);
  }

  /**
   * After a snapshot was swapped, or a principal changed.
   *
   * @param session whose streams; of all sessions where it is absent
   * @returns how many were cut, once all are
   */
  decideAgain(why: string, session?: string): Promise<number> {
    const streams = session === undefined ? this.#all() : [...(this.#bySession.get(session) ?? [])];
    return this.#cut(streams, (stream) => stream.allowed(), why);
  }

  cutAll(why: string): Promise<number> {
    return this.#cut(this.#all(), () => false, why);
  }

  #all(): LiveStream[] {
    const all: LiveStream[] = [];
    for (const set of this.#bySession.values()) all.push(...set);
    return all;
  }

  async #cut(streams: readonly LiveStream[], keep: (stream: LiveStream) => boolean, why: string): Promise<number> {
    let cut = 0;
    let until = performance.now() + SLICE_MS;
    for (const [at, stream] of streams.entries()) {
      if (at % STEP === 0 && performance.now() >= until) {
        await new Promise((resolve) => setImmediate(resolve));
        until = performance.now() + SLICE_MS;
      }
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
