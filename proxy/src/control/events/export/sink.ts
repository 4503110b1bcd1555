import type { EventRecord } from '../../../rpc/messages.ts';

/** Where events are exported to. */
export interface Sink {
  /**
   * Resolves when the other side has them, as far as its protocol tells; rejects where they have to be sent again,
   * and within seconds after `signal` is aborted.
   */
  send(events: readonly EventRecord[], signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

/** One JSON a line, each with its end. */
export function jsonLines(events: readonly EventRecord[]): string {
  return events.map((event) => `${JSON.stringify(event)}\n`).join('');
}
