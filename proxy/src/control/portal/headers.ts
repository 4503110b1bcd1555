import type { Env, MiddlewareHandler } from 'hono';
import type { PortalEnv, PortalServices } from './portal-services.ts';

/** The portal needs its own scripts and styles and nothing from elsewhere. */
const PORTAL_CSP = "default-src 'self'; base-uri 'none'; object-src 'none'; form-action 'self'; frame-ancestors 'none'";

/** Security headers on every answer; what carries identity is not stored unless a route said otherwise. */
export function securityHeaders<E extends Env>(): MiddlewareHandler<E> {
  return async function addSecurityHeaders(c, next) {
    await next();
    const { headers } = c.res;
    if (!headers.has('content-security-policy')) headers.set('content-security-policy', PORTAL_CSP);
    if (!headers.has('cache-control')) headers.set('cache-control', 'no-store');
    headers.set('strict-transport-security', 'max-age=31536000');
    headers.set('x-content-type-options', 'nosniff');
    headers.set('x-frame-options', 'DENY');
    headers.set('referrer-policy', 'no-referrer');
    headers.set('cross-origin-opener-policy', 'same-origin');
    headers.set('cross-origin-resource-policy', 'same-origin');
  };
}

/** This origin's host and nothing else, in the Host header and in an absolute-form target alike (RFC 9112 §3.2.2). */
export function exactHost<E extends Env>(origin: () => string): MiddlewareHandler<E> {
  return async function refuseForeignHost(c, next) {
    const { host } = new URL(origin());
    const named = c.req.header('host')?.toLowerCase();
    const target = new URL(c.req.url).host;
    if ((named ?? target) !== host || target !== host) return c.text('CW_HOST_FOREIGN\n', 421);
    return next();
  };
}

/** A cross-site page can send a POST with the person's cookie, but cannot make the browser say another Origin. */
export function sameOrigin(services: PortalServices): MiddlewareHandler<PortalEnv> {
  return async function refuseForeignOrigin(c, next) {
    const safe = c.req.method === 'GET' || c.req.method === 'HEAD';
    if (!safe && c.req.header('origin') !== services.published().snapshot.loginOrigin) {
      return c.json({ code: 'CW_CSRF' }, 403);
    }
    return next();
  };
}
