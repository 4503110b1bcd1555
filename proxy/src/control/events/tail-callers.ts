import type { Handlers } from '../../rpc/channel.ts';
import type { AdminCalls } from '../../rpc/messages.ts';
import type { ControlChannel } from '../edges.ts';
import type { Follower } from './event-feed.ts';
import type { EventLog } from './event-log.ts';

/** Who does not show a batch within so long is no listener any more. */
const SHOWN_MS = 30_000;

/** Command lines that follow the events, each over its connection; at most one query on each. */
export class TailCallers {
  readonly #eventLog: EventLog;
  readonly #stops = new Map<ControlChannel, AbortController>();

  constructor(eventLog: EventLog) {
    this.#eventLog = eventLog;
  }

  /** What is answered on one connection. */
  calls(channel: () => ControlChannel): Pick<Handlers<AdminCalls>, 'admin.tail'> {
    return {
      'admin.tail': async ({ query }) => {
        const caller = channel();
        this.remove(caller);
        const stop = new AbortController();
        this.#stops.set(caller, stop);
        const follower = await this.#eventLog.follow(query, 'local');
        void tell(caller, follower, stop.signal);
        return null;
      },
    };
  }

  remove(channel: ControlChannel): void {
    this.#stops.get(channel)?.abort();
    this.#stops.delete(channel);
  }
}

async function tell(caller: ControlChannel, follower: Follower, stopped: AbortSignal): Promise<void> {
  try {
    for (;;) {
      const followed = await follower.next(stopped);
      if (followed === null) return;
      await caller.call('tail.events', followed, SHOWN_MS);
    }
  } catch {
    caller.destroy();
  } finally {
    follower.close();
  }
}
