import type { Generated } from 'kysely';
import type { EventRecord } from '../../rpc/messages.ts';

/** What happened, one row each. `record` is the whole; the other columns are what it is found by, lower case. */
export interface EventTables {
  event: {
    seq: Generated<number>;
    at: number;
    kind: EventRecord['kind'];
    user: string | null;
    device: string | null;
    session: string | null;
    app: string | null;
    rule: string | null;
    action: string | null;
    decision: string | null;
    address: string | null;
    status: number | null;
    /** Verb, path and why, for free text. */
    words: string;
    record: string;
  };
}
