import { CausewayError } from '@causeway/contract';
import type { EventQuery, StoredEvent } from '../rpc/messages.ts';
import { connectPop } from './admin-client.ts';
import { showEvent, showGap } from './event-lines.ts';
import { untilSignal } from './signals.ts';

const ANSWER_MS = 10_000;

/** What was before, oldest first, and behind which number to go on without showing it again. */
export type Before = () => Promise<readonly StoredEvent[]>;

/** What comes from now on over the socket of the data folder, until a signal, or until the PoP is gone. */
export async function followLocally(folder: string, query: EventQuery, before: Before, json: boolean): Promise<void> {
  const { promise: gone, resolve: lost } = Promise.withResolvers<void>();
  const { promise: ready, resolve: begin } = Promise.withResolvers<void>();
  const shown = new Set<number>();
  const channel = await connectPop(
    folder,
    {
      'tail.events': async ({ events, gap }) => {
        await ready;
        if (gap !== null) showGap(gap);
        for (const event of events) if (!shown.has(event.id)) await showEvent(event, json);
        return null;
      },
    },
    lost,
  );
  try {
    await channel.call('admin.tail', { query }, ANSWER_MS);
    for (const event of await before()) {
      shown.add(event.id);
      await showEvent(event, json);
    }
    begin();
    const ended = await Promise.race([untilSignal(), gone]);
    if (ended === undefined) throw new CausewayError('CW_RPC_CLOSED', 'the PoP has ended the connection');
  } finally {
    channel.destroy();
  }
}
