import type { Logger } from 'pino';
import type { Feed, FeedState } from './feed.ts';
import type { LiveStreams } from './live-streams.ts';

export interface FeedWatchOptions {
  readonly feed: Feed;
  readonly live: Pick<LiveStreams, 'cutUnlessHeld'>;
  readonly log: Logger;
  /** Delivers the events that were written beside. Never rejects. */
  readonly replay: () => void;
}

const SAYS: Record<FeedState, string> = {
  live: 'revocations are heard of again',
  stale: 'no revocations are heard of; established access goes on, nothing new begins',
  lost: 'no revocations were heard of for too long; what is open is cut',
};
/** Within which events that were written beside are delivered: not by every worker of every PoP in the same moment. */
const REPLAY_WITHIN_MS = 2_000;

/** Says once what becomes of the feed, and ends what the grace of its rule does not keep any longer. */
export class FeedWatch {
  readonly #options: FeedWatchOptions;
  #state: FeedState = 'live';

  constructor(options: FeedWatchOptions) {
    this.#options = options;
  }

  check(): void {
    const { feed, live, log, replay } = this.#options;
    const { state, code } = feed;
    if (state !== this.#state) log[state === 'lost' ? 'error' : 'warn']({ code, feed: state }, SAYS[state]);
    if (state === 'live' && this.#state !== 'live') setTimeout(replay, Math.random() * REPLAY_WITHIN_MS).unref();
    this.#state = state;
    if (state === 'live') return;
    void live.cutUnlessHeld((graceMs) => feed.holds(graceMs), 'nobody could say whether access still holds');
  }
}
