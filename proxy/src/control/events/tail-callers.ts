import type { Handlers } from '../../rpc/channel.ts';
import type { AdminCalls } from '../../rpc/messages.ts';
import type { ControlChannel } from '../edges.ts';
import type { EventLog } from './event-log.ts';

/** Who does not show a batch within so long is no listener any more. */
const SHOWN_MS = 30_000;

/** Command lines that follow the events, each over its connection; at most one query on each. */
export class TailCallers {
  readonly #eventLog: EventLog;
  readonly #stops = new Map<ControlChannel, () => void>();

  constructor(eventLog: EventLog) {
    this.#eventLog = eventLog;
  }

  /** What is answered on one connection. */
  calls(channel: () => ControlChannel): Pick<Handlers<AdminCalls>, 'admin.tail'> {
    return {
      'admin.tail': ({ query }) => {
        const caller = channel();
        this.remove(caller);
        const stop = this.#eventLog.tail(query, async (events, dropped) => {
          await caller.call('tail.events', { events, dropped }, SHOWN_MS).catch((error: unknown) => {
            caller.destroy();
            throw error;
          });
        });
        this.#stops.set(caller, stop);
        return null;
      },
    };
  }

  remove(channel: ControlChannel): void {
    this.#stops.get(channel)?.();
    this.#stops.delete(channel);
  }
}
