import type { EdgeStatus } from '../../rpc/messages.ts';
import type { Devices } from '../devices/devices.ts';
import type { Directory } from '../directory/directory.ts';
import type { ScimTokens } from '../directory/scim-tokens.ts';
import type { Sessions } from '../identity/sessions.ts';
import type { Logger } from '../log.ts';
import type { Alerts } from '../events/alerts/alerts.ts';
import type { EventLog } from '../events/event-log.ts';
import type { Incidents } from '../events/incidents/incidents.ts';
import type { ObjectStore } from '../objects/object-store.ts';
import type { Published } from '../published.ts';
import type { PublisherReports } from '../publisher-reports.ts';
import type { Revocations } from '../revocation-feed.ts';
import type { Snapshots } from '../snapshot/snapshots.ts';
import type { Secrets } from '../sealing/secrets.ts';
import type { Database } from '../store/database.ts';
import type { Store } from '../store/store.ts';
import type { AccessRequests } from './access-requests.ts';
import type { AdminSessions } from './admin-sessions.ts';
import type { AuditLog } from './audit-log.ts';
import type { Idempotency } from './idempotency.ts';
import type { Pops } from './pops.ts';
import type { RateLimitOptions } from '../portal/rate-limit.ts';
import type { Roles } from './roles.ts';
import type { RuleHits } from './rule-hits.ts';
import type { Tokens } from './tokens.ts';

/** What the admin API alone keeps in the store. */
export interface AdminRecords {
  readonly tokens: Tokens;
  readonly adminSessions: AdminSessions;
  readonly roles: Roles;
  readonly audit: AuditLog;
  readonly idempotency: Idempotency;
  readonly requests: AccessRequests;
  readonly pops: Pops;
  readonly hits: RuleHits;
}

/** How much the API lets be asked of itself. */
export interface AdminLimits {
  /** Of an address, with whatever it carries. */
  readonly address: RateLimitOptions;
  /** Of an address with wrong tokens. */
  readonly wrong: RateLimitOptions;
  /** Of a token or session. */
  readonly caller: RateLimitOptions;
  /** Of a token or session with what it may not do, each of which is written into the audit. */
  readonly refused: RateLimitOptions;
  /** Until a request is answered. */
  readonly requestMs: number;
  /** Requests under way. */
  readonly atOnce: number;
}

/** What the routes of the admin API stand on. */
export interface AdminServices extends AdminRecords {
  readonly database: Database;
  readonly store: Store;
  readonly secrets: Secrets;
  readonly objects: ObjectStore;
  readonly snapshots: Snapshots;
  readonly directory: Directory;
  readonly scimTokens: ScimTokens;
  readonly eventLog: EventLog;
  readonly alerts: Alerts;
  readonly incidents: Incidents;
  readonly sessions: Sessions;
  readonly devices: Devices;
  readonly publisherReports: PublisherReports;
  readonly revocations: Revocations;
  published(): Published;
  edges(): readonly EdgeStatus[];
  /** A join token of a publisher, shown once. */
  readonly joinToken: (publisher: string, lifeMs: number) => Promise<{ token: string; expiresAt: number }>;
  /** `https://admin.<identity domain>[:port]` */
  readonly origin: () => string;
  readonly limits: AdminLimits;
  readonly log: Logger;
  readonly now: () => number;
}
