import type { Generated } from 'kysely';

/** Tables of the admin API. Times are milliseconds since 1970; lists and objects are JSON text. */
export interface AdminTables {
  /** Bearer tokens of programs; only hashes are kept. */
  api_token: {
    id: string;
    kind: 'api' | 'service' | 'break-glass';
    name: string;
    name_key: string;
    hash: string;
    /** Of an API token its role, or `null` where it has single permissions. */
    role: string | null;
    permissions: string;
    /** Apps that a service token opens. */
    apps: string;
    created_by: string;
    /** Who made it, where that was a person; it is worth no more than they are. */
    person: string | null;
    created_at: number;
    expires_at: number;
    last_used_at: number | null;
    revoked_at: number | null;
  };
  /** Administrators in a browser. */
  admin_session: {
    id: string;
    token_hash: string;
    /** The person's session at the login host, which this one does not outlive; `null` only before it was written down. */
    login: string | null;
    user: string;
    display_name: string;
    address: string;
    created_at: number;
    expires_at: number;
    /** When the identity provider last saw the person prove who they are. */
    proved_at: number;
  };
  admin_role: {
    id: string;
    subject_kind: 'user' | 'group';
    subject: string;
    subject_key: string;
    role: string;
    created_by: string;
    created_at: number;
  };
  /** What was answered to a POST with an `Idempotency-Key`; without status while it is under way. */
  idempotency: {
    key_hash: string;
    fingerprint: string;
    status: number | null;
    headers: string | null;
    body: string | null;
    expires_at: number;
  };
  audit: {
    seq: Generated<number>;
    at: number;
    actor: string;
    actor_key: string;
    actor_kind: string;
    /** Of the token or session. */
    actor_id: string;
    address: string;
    action: string;
    target: string;
    /** `begun` until it has ended; then `done` or the code of what refused it. */
    result: string;
    reference: string;
    detail: string;
  };
  access_request: {
    id: string;
    user: string;
    user_key: string;
    app: string;
    reason: string;
    state: 'pending' | 'approved' | 'denied' | 'withdrawn';
    created_by: string;
    created_at: number;
    decided_by: string | null;
    decided_at: number | null;
    comment: string;
    /** Of an approval its end. */
    expires_at: number | null;
    revision: number;
  };
  /** The PoPs of a deployment, each written by its own control process. */
  pop: {
    id: string;
    name: string;
    version: string;
    snapshot: number;
    epoch: number;
    /** Workers as they report themselves. */
    workers: string;
    degraded: string;
    started_at: number;
    seen_at: number;
  };
  rule_hit: { rule: string; hits: number; last_at: number };
}

/** What the admin API adds to a device. */
export interface DeviceColumns {
  state: Generated<'registered' | 'unregistered' | 'removal-pending' | 'removed' | 'quarantined'>;
  state_at: Generated<number>;
  state_by: Generated<string>;
  state_why: Generated<string>;
  revision: Generated<number>;
  /** What the device says of itself; empty where it says nothing. */
  fingerprint: Generated<string>;
  os: Generated<string>;
  model: Generated<string>;
  client_version: Generated<string>;
  os_version: Generated<string>;
  host_name: Generated<string>;
  /** SHA-256 of the public key that it last came with. */
  key_fingerprint: Generated<string>;
  seen_at: Generated<number>;
  name_key: Generated<string>;
  user_key: Generated<string>;
}
