import type { EventGap, StoredEvent } from '../../rpc/messages.ts';
import type { Followed, Follower } from './event-feed.ts';

/** `unknown`: nobody can see, as while the store is lost. */
export type StillPermitted = 'yes' | 'no' | 'unknown';

export interface EventStreamOptions {
  readonly follower: Follower;
  /** Whether who follows may still. */
  readonly stillPermitted: () => Promise<StillPermitted>;
  readonly timing?: EventStreamTiming;
}

export interface EventStreamTiming {
  /** How often permission is asked for. */
  readonly checkMs: number;
  /** A comment is sent where nothing else was for so long. */
  readonly heartbeatMs: number;
  /** Who takes nothing for so long is gone. */
  readonly stuckMs: number;
}

const TIMING: EventStreamTiming = { checkMs: 500, heartbeatMs: 15_000, stuckMs: 60_000 };
/** What a client waits before it connects again. */
const RETRY = 'retry: 2000\n';
const ENDED = 'event: end\ndata: {"code":"CW_FORBIDDEN"}\n\n';

/**
 * Events as server-sent events (HTML Standard §9.2). It makes the next part when the last one was taken, so that a slow
 * client costs no memory here.
 *
 *     retry: 2000
 *     id: 12                  number behind which it begins
 *     id: 17                  number in the store, for Last-Event-ID
 *     data: {"id":17,…}       an event
 *     event: gap              what was left out
 *     event: end              permission has ended; do not come back. Where nobody can see whether it has, the
 *                             stream ends without, and whoever comes back is told why
 *     id: 19                  heartbeat: nothing else up to here was asked for
 */
export function eventStream({
  follower,
  stillPermitted,
  timing = TIMING,
}: EventStreamOptions): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  const ending = new AbortController();
  let taken = performance.now();
  let making = false;
  let permitted: StillPermitted = 'yes';
  let checking = false;
  const check = setInterval(() => {
    if (!making && performance.now() - taken > timing.stuckMs) return stop();
    if (checking) return;
    checking = true;
    void stillPermitted().then((answer) => {
      checking = false;
      if (answer === 'yes') return;
      permitted = answer;
      stop();
    });
  }, timing.checkMs);
  check.unref();
  const stop = (): void => {
    clearInterval(check);
    ending.abort();
    follower.close();
    if (!making) stuck?.error(new Error('nobody takes it, or may'));
  };
  let stuck: ReadableStreamDefaultController<Uint8Array> | null = null;

  const part = async (): Promise<string | null> => {
    const wait = AbortSignal.any([ending.signal, AbortSignal.timeout(timing.heartbeatMs)]);
    const followed = await follower.next(wait);
    if (permitted !== 'yes') return permitted === 'no' ? ENDED : null;
    if (followed !== null) return textOf(followed);
    return ending.signal.aborted || !wait.aborted ? null : placeText(follower.place());
  };
  return new ReadableStream<Uint8Array>({
    start: (controller) => {
      stuck = controller;
      controller.enqueue(encoder.encode(RETRY + placeText(follower.place())));
    },
    pull: async (controller) => {
      making = true;
      try {
        const text = await part();
        if (text !== null) controller.enqueue(encoder.encode(text));
        if (text === null || text === ENDED) {
          stop();
          controller.close();
        }
      } catch (error) {
        stop();
        throw error;
      } finally {
        making = false;
        taken = performance.now();
      }
    },
    cancel: stop,
  });
}

function textOf({ events, gap }: Followed): string {
  return (gap === null ? '' : gapText(gap)) + events.map(eventText).join('');
}

function eventText(event: StoredEvent): string {
  return `id: ${event.id}\ndata: ${JSON.stringify(event)}\n\n`;
}

/** An id without data is no event, but what a client that comes back begins behind. */
function placeText(place: number): string {
  return `: here\nid: ${place}\n\n`;
}

/** The id in it lets a client that is cut off right here resume behind what it was told is missing. */
function gapText(gap: EventGap): string {
  return `id: ${gap.until}\nevent: gap\ndata: ${JSON.stringify(gap)}\n\n`;
}
