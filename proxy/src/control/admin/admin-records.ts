import type { Database } from '../store/database.ts';
import { AccessRequests } from './access-requests.ts';
import type { AdminLimits, AdminRecords } from './admin-services.ts';
import { AdminSessions } from './admin-sessions.ts';
import { AuditLog, type AuditLogOptions } from './audit-log.ts';
import { Idempotency } from './idempotency.ts';
import { Pops } from './pops.ts';
import { Roles } from './roles.ts';
import { RuleHits } from './rule-hits.ts';
import { stored } from './stored.ts';
import { Tokens } from './tokens.ts';

export const ADMIN_LIMITS: AdminLimits = {
  address: { burst: 400, perSecond: 100, addresses: 10_000 },
  wrong: { burst: 20, perSecond: 0.2, addresses: 10_000 },
  caller: { burst: 200, perSecond: 50, addresses: 10_000 },
  refused: { burst: 100, perSecond: 1, addresses: 10_000 },
  requestMs: 60_000,
  atOnce: 64,
};

export function adminRecords({ database, eventLog, onEntry, now }: AuditLogOptions): AdminRecords {
  return {
    tokens: new Tokens(database, now),
    adminSessions: new AdminSessions(database, now),
    roles: new Roles(database, now),
    audit: new AuditLog({ database, eventLog, onEntry, now }),
    idempotency: new Idempotency(database, now),
    requests: new AccessRequests(database, now),
    pops: new Pops(database, now),
    hits: new RuleHits(database),
  };
}

const AUDIT_KEPT_MS = 400 * 24 * 3_600_000;
const TOKENS_KEPT_MS = 30 * 24 * 3_600_000;

/** Forgets what is over: sessions and keys at once, dead tokens after a month, the audit after more than a year. */
export async function sweepAdmin(database: Database, now: number): Promise<void> {
  const { write } = database;
  await stored(write.deleteFrom('admin_session').where('expires_at', '<=', now).execute());
  await stored(write.deleteFrom('idempotency').where('expires_at', '<=', now).execute());
  await stored(
    write
      .deleteFrom('api_token')
      .where('expires_at', '<=', now - TOKENS_KEPT_MS)
      .execute(),
  );
  await stored(
    write
      .deleteFrom('audit')
      .where('at', '<=', now - AUDIT_KEPT_MS)
      .execute(),
  );
}
