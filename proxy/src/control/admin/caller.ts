import { CausewayError } from '@causeway/contract';
import type { Permission } from './permissions.ts';

/** Who makes a request, after authentication. */
export interface Caller {
  readonly kind: 'token' | 'session' | 'break-glass';
  /** Of the token or session; limits and idempotency keys count by it. */
  readonly id: string;
  /** For the audit: a person, or `token <name>`. */
  readonly actor: string;
  /** Behind a session, or behind the token that somebody made; `null` where there is nobody. */
  readonly person: string | null;
  readonly permissions: ReadonlySet<Permission>;
  /** When a person last proved to the identity provider who they are; `null` for tokens. */
  readonly provedAt: number | null;
}

/** How lately people must have proved who they are before something dangerous. */
const STEP_UP_MS = 10 * 60_000;

/** @throws CausewayError `CW_STEP_UP_REQUIRED` where a person proved long ago who they are */
export function requireProof({ provedAt }: Caller, now: number): void {
  if (provedAt === null || now - provedAt <= STEP_UP_MS) return;
  throw new CausewayError('CW_STEP_UP_REQUIRED', 'open /login?step-up=1 in this browser, then send it again');
}

/** @throws CausewayError `CW_FORBIDDEN` */
export function requirePermission(caller: Caller, permission: Permission): void {
  if (!caller.permissions.has(permission)) throw new CausewayError('CW_FORBIDDEN', `this needs ${permission}`);
}

/** @throws CausewayError `CW_FORBIDDEN` */
export function requireOneOf(caller: Caller, permissions: readonly Permission[]): void {
  if (permissions.some((permission) => caller.permissions.has(permission))) return;
  throw new CausewayError('CW_FORBIDDEN', `this needs one of ${permissions.join(', ')}`);
}
