import { Hono, type Context } from 'hono';
import { LOGIN_COOKIE, readCookie } from '../identity/cookies.ts';
import { apiRoutes } from './api-routes.ts';
import { establishedSession } from './established-session.ts';
import { exactHost, securityHeaders } from './headers.ts';
import { loginRoutes } from './login-routes.ts';
import { loginFailure, notice } from './notice.ts';
import type { PortalEnv, PortalServices } from './portal-services.ts';

/** The login host: login flow, portal API and the portal's pages. */
export function portalApp(services: PortalServices): Hono<PortalEnv> {
  const app = new Hono<PortalEnv>();
  app.use(
    securityHeaders(),
    exactHost(() => services.published().snapshot.loginOrigin),
  );
  app.onError((error, c) => loginFailure(c, services, error));
  app.notFound(missing);

  app.route('/api', apiRoutes(services));
  app.route('/', loginRoutes(services));

  app.get('/', async (c) => {
    const session = await establishedSession(services, readCookie(c.req.header('cookie'), LOGIN_COOKIE));
    return session === null ? c.redirect('/start', 302) : page(c, services);
  });
  app.get('/signed-out', (c) => page(c, services));
  app.get('*', (c) => {
    const file = services.files.get(c.req.path);
    if (file === undefined || c.req.path.endsWith('.html')) return missing(c);
    c.header('content-type', file.type);
    c.header('cache-control', file.cache);
    return c.body(file.body);
  });
  return app;
}

/** The portal is one page; what it shows follows from the API. */
function page(c: Context<PortalEnv>, services: PortalServices): Response {
  const index = services.files.get('/index.html');
  if (index === undefined) return c.text('The portal is not built: run `npm run build`.\n', 500);
  c.header('content-type', index.type);
  return c.body(index.body);
}

function missing(c: Context<PortalEnv>): Response {
  return notice(c, 404, {
    heading: 'There is no such page',
    message: 'The address leads nowhere on this host.',
    advice: 'Open your portal to see what you may use.',
    code: '404',
    reference: '',
  });
}
