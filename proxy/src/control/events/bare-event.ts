import type { EventRecord } from '../../rpc/messages.ts';

/** An event of control's own: no request and no stream, so without what those have. */
export function bareEvent(said: Pick<EventRecord, 'at' | 'decision' | 'kind'> & Partial<EventRecord>): EventRecord {
  return {
    user: null,
    device: null,
    session: null,
    app: null,
    method: null,
    verdict: null,
    address: '',
    verb: null,
    path: null,
    status: null,
    bytesUp: 0,
    bytesDown: 0,
    ms: 0,
    // No edge worker has seen it.
    worker: -1,
    ...said,
  };
}
