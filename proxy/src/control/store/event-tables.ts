import type { Generated } from 'kysely';
import type { EventRecord } from '../../rpc/messages.ts';

/** Text by which something is found is lower case; lists and objects are JSON text. */
export interface EventTables {
  /** What happened, one row each. `record` is the whole; the other columns are what it is found by. */
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
    method: string | null;
    verb: string | null;
    why: string | null;
    worker: number | null;
    ms: number | null;
    bytes: number | null;
    /** Verb, path and why, for free text. */
    words: string;
    record: string;
  };
  alert: {
    id: string;
    rule: string;
    subject: string;
    /** Rule and subject while what happens again is counted here; `null` when the next begins another alert. */
    live: string | null;
    severity: 'warning' | 'critical';
    message: string;
    state: 'open' | 'acknowledged' | 'resolved';
    first_at: number;
    last_at: number;
    count: number;
    acknowledged_by: string | null;
    acknowledged_at: number | null;
    resolved_at: number | null;
    revision: number;
  };
  incident: {
    id: string;
    at: number;
    decision: string;
    user: string | null;
    user_key: string | null;
    device: string | null;
    app: string | null;
    direction: 'upload' | 'download';
    profile: string;
    rule: string | null;
    action: 'alert' | 'block';
    severity: 'low' | 'medium' | 'high' | 'critical';
    matches: string;
    file_name: string | null;
    file_type: string | null;
    file_size: number | null;
    file_hash: string | null;
    state: 'open' | 'in-review' | 'closed' | 'false-positive';
    assignee: string | null;
    assignee_key: string | null;
    notes: string;
    /** Names what was kept, sealed; `null` where nothing was. */
    evidence: string | null;
    updated_at: number;
    updated_by: string;
    revision: number;
  };
}
