import { Hono, type MiddlewareHandler } from 'hono';
import { addressKey } from '../portal/address-key.ts';
import { RateLimit } from '../portal/rate-limit.ts';
import { performBulk, type Perform } from './bulk.ts';
import { BULK_BYTES } from './bulk-limits.ts';
import { discoveryRoutes } from './discovery-routes.ts';
import { groupRoutes } from './group-routes.ts';
import { readJson } from './json-body.ts';
import { errorAnswer, ScimError } from './scim-error.ts';
import { SCIM_JSON, scimJson } from './scim-json.ts';
import type { ScimEnv, ScimServices } from './scim-services.ts';
import { userRoutes } from './user-routes.ts';

/** Requests of all providers at once; each may hold a body of some megabytes. */
const AT_ONCE = 32;
/** Wrong tokens that an address may try at once, and then each second. */
const WRONG_TOKENS = { burst: 20, perSecond: 0.2, addresses: 10_000 };

/**
 * SCIM 2.0 (RFC 7643, RFC 7644) for one identity provider each, to be mounted at `/scim/v2/:idp`. Whoever has no live
 * token of the provider learns nothing, not even whether there is one.
 */
export function scimApp(services: ScimServices): Hono<ScimEnv> {
  const app = new Hono<ScimEnv>();
  const wrongTokens = new RateLimit(WRONG_TOKENS, () => services.now());
  let busy = 0;

  app.onError((error, c) => {
    const { status, body, retryAfter, fault } = errorAnswer(error);
    if (fault) services.log.error({ err: error, path: c.req.path }, 'SCIM request failed');
    if (retryAfter !== null) c.header('retry-after', String(retryAfter));
    if (status === 401) c.header('www-authenticate', 'Bearer realm="scim"');
    return scimJson(c, status, body);
  });

  const admit: MiddlewareHandler<ScimEnv> = async function requireToken(c, next) {
    if (c.env.provider !== undefined) {
      c.set('idp', c.env.provider);
      return next();
    }
    const idp = c.req.param('idp') ?? '';
    const token = /^Bearer ([\w.~+/-]{1,200}=*)$/i.exec(c.req.header('authorization') ?? '')?.[1];
    if (token === undefined || !(await services.verifyToken(idp, token))) {
      const tooMany = !wrongTokens.take(addressKey(c.env.address));
      throw tooMany ? new ScimError(429, null, 'too many wrong tokens') : new ScimError(401, null, 'no live token');
    }
    c.set('idp', idp);
    if (busy >= AT_ONCE) throw new ScimError(429, null, 'too many requests at once');
    busy++;
    try {
      return await next();
    } finally {
      busy--;
    }
  };
  app.use(admit);

  app.route('/', discoveryRoutes(services));
  app.route('/Users', userRoutes(services));
  app.route('/Groups', groupRoutes(services));
  app.post('/Bulk', async (c) => {
    const body = await readJson(c.req.raw, BULK_BYTES);
    const env = { address: c.env.address, provider: c.get('idp') };
    const perform: Perform = async ({ method, path, ifMatch, body: text }) =>
      app.request(
        path,
        {
          method,
          headers: { 'content-type': SCIM_JSON, ...(ifMatch === null ? {} : { 'if-match': ifMatch }) },
          ...(text === null ? {} : { body: text }),
        },
        env,
      );
    return scimJson(c, 200, await performBulk(body, perform));
  });
  app.all('/Me', () => {
    throw new ScimError(501, null, 'a token is no person');
  });
  app.all('*', () => {
    throw new ScimError(404, null, 'there is no such endpoint');
  });
  return app;
}
