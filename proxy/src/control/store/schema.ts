import type { AdminTables, DeviceColumns } from './admin-tables.ts';
import type { DirectoryTables } from './directory-tables.ts';
import type { EventTables } from './event-tables.ts';
import type { ObjectTables } from './object-tables.ts';
import type { SealingTables } from './sealing-tables.ts';

/**
 * The tables. Times are milliseconds since 1970, lists and objects are JSON text, hashes base64url: nothing that only
 * one database knows.
 */
export interface StoreTables extends ObjectTables, DirectoryTables, AdminTables, EventTables, SealingTables {
  migration: { number: number; name: string };
  /** Counters of the whole store; `epoch` is the revocation feed's. */
  counter: { name: string; value: number };
  session: {
    id: string;
    user: string;
    display_name: string;
    groups: string;
    ou: string | null;
    login_hash: string;
    created_at: number;
    expires_at: number;
    address: string;
    name_id: string;
    session_index: string | null;
  };
  app_token: { token_hash: string; session: string; host: string; created_at: number };
  join_token: { hash: string; kind: 'publisher' | 'device'; owner: string; expires_at: number };
  publisher: { id: string; name: string; created_at: number; revoked_at: number | null };
  /** The last report of each instance of a publisher, JSON. */
  publisher_report: { id: string; seen_at: number; report: string };
  device: { id: string; name: string; user: string; created_at: number; revoked_at: number | null } & DeviceColumns;
  certificate: { fingerprint: string; kind: 'publisher' | 'device'; owner: string; not_after: number };
  /** What may be accepted once: assertions, and the requests that they answer. */
  assertion: { id: string; expires_at: number };
  sign_on_ticket: {
    hash: string;
    session: string;
    host: string;
    path: string;
    nonce_hash: string;
    proved_at: number | null;
    expires_at: number;
  };
}
