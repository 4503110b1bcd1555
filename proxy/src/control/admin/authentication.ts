import { isIP } from 'node:net';
import type { Context } from 'hono';
import { CausewayError } from '@causeway/contract';
import type { StillPermitted } from '../events/event-stream.ts';
import { readCookie } from '../identity/cookies.ts';
import { addressKey } from '../portal/address-key.ts';
import type { AdminEnv } from './admin-env.ts';
import type { AdminServices } from './admin-services.ts';
import type { Caller } from './caller.ts';
import { ROLE_PERMISSIONS, type Permission } from './permissions.ts';
import type { TokenRecord } from './tokens.ts';

/** Bound to exactly the admin host over TLS (RFC 6265bis §4.1.3.2). */
export const ADMIN_COOKIE = '__Host-cw-admin';

/**
 * Who makes this request: a bearer token (RFC 6750), or the session of a browser. Roles of people are looked up each
 * time, so that what is taken from them is gone at once.
 *
 * @throws CausewayError `CW_UNAUTHENTICATED`; `CW_FORBIDDEN` (somebody without a role); `CW_CSRF`
 */
export async function authenticate(c: Context<AdminEnv>, services: AdminServices): Promise<Caller> {
  const header = c.req.header('authorization');
  if (header !== undefined) return byBearer(c, services, header);
  const cookie = readCookie(c.req.header('cookie'), ADMIN_COOKIE);
  if (cookie === null) throw new CausewayError('CW_UNAUTHENTICATED');
  return bySession(c, services, cookie);
}

/** Whether who makes a request would be let in now, for answers that go on and on; `unknown` where it cannot be seen. */
export async function stillPermitted(
  c: Context<AdminEnv>,
  services: AdminServices,
  permission: Permission | 'any',
): Promise<StillPermitted> {
  try {
    const header = c.req.header('authorization');
    const permissions =
      header === undefined
        ? (await authenticate(c, services)).permissions
        : await permissionsNow(services, await tokenOf(services, header));
    return permission === 'any' || permissions.has(permission) ? 'yes' : 'no';
  } catch (error) {
    return error instanceof CausewayError && error.retryable ? 'unknown' : 'no';
  }
}

async function tokenOf(services: AdminServices, header: string): Promise<TokenRecord> {
  const text = /^Bearer ([\w.~+/-]{1,200}=*)$/i.exec(header)?.[1];
  const token = text === undefined ? null : await services.tokens.verify(text);
  if (token === null) throw new CausewayError('CW_UNAUTHENTICATED');
  return token;
}

async function byBearer(c: Context<AdminEnv>, services: AdminServices, header: string): Promise<Caller> {
  const token = await tokenOf(services, header);
  const { id, kind, name, person } = token;
  if (kind === 'break-glass') {
    if (c.env.local !== true && !isLoopback(c.env.address)) {
      services.log.error({ address: c.env.address, token: id }, 'a break-glass token came from afar and is refused');
      throw new CausewayError('CW_UNAUTHENTICATED');
    }
    services.log.warn({ address: c.env.address, token: id, path: c.req.path }, 'break-glass owner at work');
    return { kind, id, actor: 'break-glass owner', person: null, permissions: permissionsOf(token), provedAt: null };
  }
  const permissions = await permissionsNow(services, token);
  return { kind: 'token', id, actor: `token ${name}`, person, permissions, provedAt: null };
}

async function bySession(c: Context<AdminEnv>, services: AdminServices, cookie: string): Promise<Caller> {
  const session = await services.adminSessions.byToken(cookie);
  if (session === null) throw new CausewayError('CW_UNAUTHENTICATED');
  // A page elsewhere can send the cookie along, but cannot make the browser say another Origin.
  const safe = c.req.method === 'GET' || c.req.method === 'HEAD';
  if (!safe && c.req.header('origin') !== services.origin()) throw new CausewayError('CW_CSRF');
  const permissions = await personPermissions(services, session.user);
  const { id, user, provedAt } = session;
  return { kind: 'session', id, actor: user, person: user, permissions, provedAt };
}

/** What a token may of what its maker may by now: whoever leaves, or loses a role, keeps nothing in a token. */
async function permissionsNow(services: AdminServices, token: TokenRecord): Promise<ReadonlySet<Permission>> {
  const given = permissionsOf(token);
  if (token.person === null) return given;
  const own = await personPermissions(services, token.person);
  return new Set([...given].filter((permission) => own.has(permission)));
}

/** What a person's roles permit. @throws CausewayError `CW_UNAUTHENTICATED`, `CW_FORBIDDEN` where there is no role */
export async function personPermissions(
  services: Pick<AdminServices, 'directory' | 'roles'>,
  user: string,
): Promise<ReadonlySet<Permission>> {
  const person = await services.directory.groupsOf(user);
  if (person === null || !person.active) throw new CausewayError('CW_UNAUTHENTICATED');
  const roles = await services.roles.of(user, person.groups);
  if (roles.length === 0) throw new CausewayError('CW_FORBIDDEN', `${user} has no administrator's role`);
  return new Set(roles.flatMap((role) => [...ROLE_PERMISSIONS[role]]));
}

export function permissionsOf({
  role,
  permissions,
}: Pick<TokenRecord, 'role' | 'permissions'>): ReadonlySet<Permission> {
  return role === null ? new Set(permissions) : ROLE_PERMISSIONS[role];
}

function isLoopback(address: string): boolean {
  const plain = addressKey(address);
  return address === '::1' || (isIP(plain) === 4 && plain.startsWith('127.'));
}
