import { Hono } from 'hono';
import { codeOf, CausewayError, ERRORS } from '@causeway/contract';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { retryAfter } from '../../pages/retry-after.ts';
import { webOrigin } from '../../config/derive.ts';
import { clearLoginCookie, LOGIN_COOKIE, readCookie } from '../identity/cookies.ts';
import { principalOf } from '../identity/sessions.ts';
import { sameOrigin } from './headers.ts';
import { establishedSession } from './established-session.ts';
import type { PortalEnv, PortalServices } from './portal-services.ts';

/** What a person runs on a device, with the one-time code in it. */
const deviceCommand = (token: string): string => `npx causeway-agent up --local-proxy --join ${token}`;

/** JSON for the portal's pages, below `/api`: same origin, with the login cookie. */
export function apiRoutes(services: PortalServices): Hono<PortalEnv> {
  const api = new Hono<PortalEnv>();
  api.onError((error, c) => {
    const code = codeOf(error);
    if (code === 'CW_INTERNAL') services.log.error({ err: error, code, path: c.req.path }, 'portal request failed');
    else services.log.warn({ code, path: c.req.path }, 'portal request refused');
    if (ERRORS[code].retryable) c.header('retry-after', String(retryAfter(code)));
    return c.json({ code }, new CausewayError(code).status as ContentfulStatusCode);
  });

  api.get('/health', (c) => {
    const ready = services.ready();
    const store = services.storeStatus();
    const storeLost = store.state === 'ok' ? null : { since: store.since, graceEnds: store.graceEnds };
    return c.json({ ready, storeLost }, ready ? 200 : 503);
  });

  api.use(sameOrigin(services));
  api.use(async function requireSession(c, next) {
    const session = await establishedSession(services, readCookie(c.req.header('cookie'), LOGIN_COOKIE));
    if (session === null) return c.json({ code: 'CW_LOGIN_REQUIRED' }, 401);
    c.set('session', session);
    return next();
  });

  api.get('/me', (c) => {
    const { user, displayName, groups, createdAt, expiresAt } = c.get('session');
    return c.json({ user, displayName, groups, session: { createdAt, expiresAt } });
  });

  api.get('/apps', (c) => {
    const { policy, snapshot } = services.published();
    const allowed = policy.allowedApps(principalOf(c.get('session')), c.env.address, services.now());
    const apps = allowed.map(({ app, browser }) => {
      const [host] = app.clientless?.urls ?? [];
      const url = browser && host !== undefined ? `${webOrigin(host, snapshot.publicPort)}/` : null;
      return { name: app.name, description: app.description, url, hosts: app.hosts };
    });
    return c.json({ apps });
  });

  api.get('/devices', async (c) => {
    const connected = new Set(services.edges().flatMap((edge) => edge.agents.map((agent) => agent.device)));
    const devices = await services.store.devicesOf([c.get('session').user]);
    return c.json({
      devices: devices.map(({ id, name, createdAt, revokedAt }) => ({
        id,
        name,
        createdAt,
        revokedAt,
        connected: connected.has(id),
      })),
    });
  });

  api.post('/devices/code', async (c) => {
    const { user } = c.get('session');
    const { token, expiresAt } = await services.deviceCode(user);
    return c.json({ token, command: deviceCommand(token), expiresAt });
  });

  api.delete('/devices/:id', async (c) => {
    const device = await services.store.device(c.req.param('id'));
    if (device === null || device.user !== c.get('session').user) return c.json({ code: 'CW_APP_UNKNOWN' }, 404);
    if (await services.store.revokeDevice(device.id, services.now())) {
      const cut = await services.revocations.revoke({ devices: [device.id], why: 'removed in the portal' });
      services.log.info({ user: device.user, device: device.id, cut }, 'device revoked');
    }
    return c.body(null, 204);
  });

  api.post('/sign-out', async (c) => {
    const session = c.get('session');
    const { cut } = await services.sessions.end(session.id, 'signed out');
    services.log.info({ user: session.user, session: session.id, cut }, 'signed out');
    c.header('set-cookie', clearLoginCookie());
    return c.body(null, 204);
  });

  api.all('*', (c) => c.json({ code: 'CW_REQUEST_INVALID' }, 404));
  return api;
}
