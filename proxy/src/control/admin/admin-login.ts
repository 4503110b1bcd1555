import { Hono, type Context } from 'hono';
import { CausewayError, codeOf } from '@causeway/contract';
import { sealIntent } from '../../rpc/intent.ts';
import { readCookie } from '../identity/cookies.ts';
import type { Tickets } from '../identity/tickets.ts';
import { hashToken, isToken, newToken } from '../identity/tokens.ts';
import { addressKey } from '../portal/address-key.ts';
import { RateLimit } from '../portal/rate-limit.ts';
import type { AdminEnv } from './admin-env.ts';
import type { AdminServices } from './admin-services.ts';
import { ADMIN_SESSION_MS } from './admin-sessions.ts';
import { ADMIN_COOKIE, personPermissions } from './authentication.ts';

export interface AdminLoginServices extends Pick<
  AdminServices,
  'adminSessions' | 'audit' | 'directory' | 'log' | 'now' | 'origin' | 'roles' | 'store'
> {
  readonly tickets: Tickets;
  /** Seals where the person wants to go. */
  readonly intentKey: Buffer;
  /** `https://login.<identity domain>[:port]` */
  readonly loginOrigin: () => string;
}

/** Binds a login under way to the browser that began it. */
const NONCE_COOKIE = '__Host-cw-admin-nonce';
const NONCE_SECONDS = 600;
const LOGINS = { burst: 50, perSecond: 1, addresses: 10_000 };

/**
 * An administrator's way in. The login host does with the identity provider what it does for apps; a ticket that works
 * once and in this browser alone brings the login here, where it becomes a shorter session of this host's own:
 *
 *     /login --> login host /start --> identity provider --> login host --> /.causeway/ticket --> cookie
 *
 * With `?step-up=1` the identity provider must ask the person again (ForceAuthn).
 */
export function adminLogin(services: AdminLoginServices): Hono<AdminEnv> {
  const routes = new Hono<AdminEnv>();
  const rate = new RateLimit(LOGINS, () => services.now());
  routes.onError((error, c) => {
    const code = codeOf(error);
    services.log.warn({ code, address: c.env.address }, 'administrator’s login refused');
    return c.text(`${code}\n`, new CausewayError(code).status as 403);
  });
  routes.get('/login', (c) => {
    if (!rate.take(addressKey(c.env.address))) throw new CausewayError('CW_RATE_LIMITED');
    const known = readCookie(c.req.header('cookie'), NONCE_COOKIE);
    const nonce = known !== null && isToken(known) ? known : newToken();
    const intent = sealIntent(services.intentKey, {
      host: new URL(services.origin()).hostname,
      path: localPath(c.req.query('return')),
      nonceHash: hashToken(nonce),
      at: services.now(),
      ...(c.req.query('step-up') === '1' ? { proof: true as const } : {}),
    });
    c.header('set-cookie', cookie(NONCE_COOKIE, nonce, NONCE_SECONDS, 'Lax'));
    return c.redirect(`${services.loginOrigin()}/start?i=${intent}`, 302);
  });
  routes.get('/.causeway/ticket', (c) => redeem(c, services));
  routes.post('/logout', async (c) => {
    if (c.req.header('origin') !== services.origin()) throw new CausewayError('CW_CSRF');
    await endSession(c, services);
    c.header('set-cookie', cookie(ADMIN_COOKIE, '', 0, 'Strict'));
    return c.body(null, 204);
  });
  return routes;
}

async function redeem(c: Context<AdminEnv>, services: AdminLoginServices): Promise<Response> {
  const nonce = readCookie(c.req.header('cookie'), NONCE_COOKIE);
  if (nonce === null || !isToken(nonce)) throw new CausewayError('CW_TICKET_INVALID');
  const host = new URL(services.origin()).hostname;
  const ticket = await services.tickets.redeem(c.req.query('t') ?? '', host, hashToken(nonce));
  const login = await services.store.session(ticket.session);
  if (login === null || login.expiresAt <= services.now()) throw new CausewayError('CW_TICKET_INVALID');
  const { user, displayName } = login;
  const { address } = c.env;
  const entry = {
    actor: user,
    actorKind: 'session',
    actorId: login.id,
    address,
    action: 'login',
    target: ticket.provedAt === undefined ? 'by the session of the login host' : 'by the identity provider',
    reference: '',
    detail: '',
  };
  try {
    await personPermissions(services, user);
  } catch (error) {
    await services.audit.begin(entry, codeOf(error));
    throw error;
  }
  await services.audit.begin(entry, 'done');
  await endSession(c, services);
  const begun = await services.adminSessions.begin(
    { user, displayName, provedAt: ticket.provedAt ?? 0 },
    login.id,
    address,
  );
  services.log.info({ user, session: begun.session.id, address }, 'administrator signed in');
  c.header('set-cookie', cookie(ADMIN_COOKIE, begun.token, ADMIN_SESSION_MS / 1_000, 'Strict'), { append: true });
  c.header('set-cookie', cookie(NONCE_COOKIE, '', 0, 'Lax'), { append: true });
  // A page of this site leads on: the cookie is not sent along a redirect that began elsewhere.
  c.header('refresh', `0; url=${ticket.path}`);
  return c.text('signed in\n');
}

async function endSession(c: Context<AdminEnv>, services: AdminLoginServices): Promise<void> {
  const token = readCookie(c.req.header('cookie'), ADMIN_COOKIE);
  const session = token === null ? null : await services.adminSessions.byToken(token);
  if (session !== null) await services.adminSessions.end(session.id);
}

function cookie(name: string, value: string, seconds: number, sameSite: 'Lax' | 'Strict'): string {
  return `${name}=${value}; Path=/; Max-Age=${seconds}; Secure; HttpOnly; SameSite=${sameSite}`;
}

/** A path that stays on this host: `//evil` and `/\evil` name another one. */
function localPath(path: string | undefined): string {
  const plain = path !== undefined && path.length <= 2_048 && /^\/(?![/\\])[\x21-\x5b\x5d-\x7e]*$/.test(path);
  return plain ? path : '/api/v1/me';
}
