import type { EventRecord } from '../../rpc/messages.ts';
import type { Database } from '../store/database.ts';
import { EventLog, type EventLogOptions } from './event-log.ts';

const NO_PRIVACY = { pseudonymiseUser: false, dropPath: false, dropOwner: false };

/** An event of Ann's, as a worker writes it, with what a test changes. */
export function eventOf(change: Partial<EventRecord> = {}): EventRecord {
  return {
    at: 1_000,
    decision: 'dA1',
    kind: 'request',
    user: 'ann@corp.example',
    device: null,
    session: 's_Ann',
    app: 'wiki',
    method: 'browser',
    verdict: { action: 'allow', rule: 'staff', why: 'rule staff' },
    address: '10.0.0.1',
    verb: 'GET',
    path: '/',
    status: 200,
    bytesUp: 1,
    bytesDown: 2,
    ms: 3,
    worker: 0,
    ...change,
  };
}

export function openEventLog(database: Database, change: Partial<EventLogOptions> = {}): EventLog {
  return new EventLog({
    database,
    key: Buffer.alloc(32, 7),
    privacy: () => NO_PRIVACY,
    onStored: () => undefined,
    now: Date.now,
    ...change,
  });
}
