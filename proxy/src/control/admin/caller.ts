import { CausewayError } from '@causeway/contract';
import type { Permission } from './permissions.ts';

/** Who makes a request, after authentication. */
export interface Caller {
  readonly kind: 'token' | 'session' | 'break-glass';
  /** Of the token or session; limits and idempotency keys count by it. */
  readonly id: string;
  /** For the audit: a person, or `token <name>`. */
  readonly actor: string;
  readonly permissions: ReadonlySet<Permission>;
  /** When a person last proved to the identity provider who they are; `null` for tokens. */
  readonly provedAt: number | null;
}

/** @throws CausewayError `CW_FORBIDDEN` */
export function requirePermission(caller: Caller, permission: Permission): void {
  if (!caller.permissions.has(permission)) throw new CausewayError('CW_FORBIDDEN', `this needs ${permission}`);
}
