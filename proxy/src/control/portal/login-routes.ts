import { createHash } from 'node:crypto';
import { Hono, type Context, type MiddlewareHandler } from 'hono';
import { canonicalName, CausewayError, LIMITS } from '@causeway/contract';
import { entityId, webOrigin } from '../../config/derive.ts';
import { openIntent, type LoginIntent } from '../../rpc/intent.ts';
import { LOGIN_COOKIE, loginCookie, readCookie } from '../identity/cookies.ts';
import { personOf } from '../identity/person.ts';
import { SKEW_MS } from '../identity/saml/instant.ts';
import { loginUrl, metadataXml } from '../identity/saml/service-provider.ts';
import type { SessionRecord } from '../store/store.ts';
import { addressKey } from './address-key.ts';
import { readForm } from './form-body.ts';
import { loginFailure } from './notice.ts';
import type { PortalEnv, PortalServices } from './portal-services.ts';
import { RateLimit } from './rate-limit.ts';

/**
 * The browser's way through a login:
 *
 *     edge --302--> /start --302--> identity provider --POST--> /saml/acs --303--> app host /.causeway/ticket
 *                     \------------- already signed in ----------302-------------/
 *
 * Without an intent, or with one that has expired, it ends in the portal.
 */
export function loginRoutes(services: PortalServices): Hono<PortalEnv> {
  const routes = new Hono<PortalEnv>();
  const rate = new RateLimit({ burst: 200, perSecond: 5, addresses: 10_000 }, () => services.now());
  const limit: MiddlewareHandler<PortalEnv> = async function limitPerAddress(c, next) {
    if (!rate.take(addressKey(c.env.address))) throw new CausewayError('CW_BUSY', 'too many logins from this address');
    return next();
  };
  routes.onError((error, c) => loginFailure(c, services, error));
  routes.get('/start', limit, (c) => start(c, services));
  routes.post('/saml/acs', limit, (c) => assertionConsumer(c, services));
  routes.get('/saml/metadata', (c) => {
    const { config, trust } = services.published();
    c.header('content-type', 'application/samlmetadata+xml');
    return c.body(metadataXml({ entityId: entityId(config), acsUrl: trust.acsUrl }));
  });
  return routes;
}

async function start(c: Context<PortalEnv>, services: PortalServices): Promise<Response> {
  // Before anybody proves to the identity provider who they are in vain.
  if (services.storeStatus().state === 'lost') throw new CausewayError('CW_STORE_LOST');
  const intent = checkedIntent(c.req.query('i'), services);
  const session = await services.sessions.byToken(readCookie(c.req.header('cookie'), LOGIN_COOKIE));
  const proof = intent?.proof === true;
  if (session !== null && !proof) return c.redirect(await destination(services, session, intent), 302);
  const { trust, idp } = services.published();
  const { requestId, relayState, cookie } = services.pending.begin(intent, c.req.header('cookie'));
  c.header('set-cookie', cookie, { append: true });
  const sp = { entityId: trust.spEntityId, acsUrl: trust.acsUrl };
  return c.redirect(loginUrl(sp, idp, { requestId, relayState, now: services.now(), proof }), 302);
}

async function assertionConsumer(c: Context<PortalEnv>, services: PortalServices): Promise<Response> {
  const cookies = c.req.header('cookie');
  if (!services.pending.waits(cookies))
    throw new CausewayError('CW_SAML_NO_PENDING', 'a response without the pre-login cookie');
  const form = await readForm(c.req.raw, LIMITS.samlResponseBytes);
  const { requestId, intent, until, cookie } = services.pending.open(form.get('RelayState') ?? '', cookies);
  const { trust, config, sessionMs } = services.published();
  const profile = await services.verify({
    field: form.get('SAMLResponse') ?? '',
    trust,
    expectation: { requestId, now: services.now() },
  });
  if (intent?.proof === true && profile.authenticatedAt < intent.at - SKEW_MS) {
    throw new CausewayError('CW_SAML_SEMANTICS', 'the identity provider did not ask the person again');
  }
  const once = [usedKey(trust.idp.entityId, profile.assertionId), usedKey(trust.spEntityId, requestId)];
  const fresh = await services.store.useOnce(once, Math.max(profile.replayUntil, until));
  if (!fresh) throw new CausewayError('CW_SAML_REPLAY');
  const person = personOf(profile, config.identityProvider);
  const { session, token } = await services.sessions.begin(person, c.env.address, sessionMs);
  services.loginSucceeded();
  services.log.info({ user: session.user, session: session.id, address: c.env.address }, 'signed in');
  c.header('set-cookie', loginCookie(token, session.expiresAt), { append: true });
  c.header('set-cookie', cookie, { append: true });
  return c.redirect(await destination(services, session, intent, profile.authenticatedAt), 303);
}

/** Names are unique where they are made: an assertion's at the identity provider, a request's here. */
function usedKey(maker: string, name: string): string {
  return createHash('sha256').update(`${maker}\n${name}`).digest('base64url');
}

/** Only a host below the access domain, or the admin host, and a path of that host: the seal says an edge wrote it, this says what it may be. */
function checkedIntent(sealed: string | undefined, services: PortalServices): LoginIntent | null {
  const intent = sealed === undefined ? null : openIntent(services.intentKey, sealed, services.now());
  if (intent === null) return null;
  const { accessDomain, identityDomain } = services.published().snapshot;
  const below = canonicalName(intent.host) === intent.host && intent.host.endsWith(`.${accessDomain}`);
  const ours = below || intent.host === `admin.${identityDomain}`;
  const path = /^\/(?![/\\])[\x21-\x7e]*$/.test(intent.path) ? intent.path : '/';
  return ours ? { ...intent, path } : null;
}

/** @param provedAt when the identity provider saw the person prove who they are, where it was asked */
async function destination(
  services: PortalServices,
  session: SessionRecord,
  intent: LoginIntent | null,
  provedAt?: number,
): Promise<string> {
  if (intent === null) return '/';
  const { host, path, nonceHash } = intent;
  const proved = provedAt === undefined ? {} : { provedAt };
  const ticket = await services.tickets.issue({ session: session.id, host, path, nonceHash, ...proved });
  return `${webOrigin(host, services.published().snapshot.publicPort)}/.causeway/ticket?t=${ticket}`;
}
