import { Hono } from 'hono';
import type { AnswerRequest } from './handover.ts';
import { exactHost, securityHeaders } from './portal/headers.ts';

/** Hono's environment on the admin host. */
export interface AdminHostEnv {
  readonly Bindings: { readonly address: string; readonly local?: boolean };
}

/**
 * What is served beside the login host: the interfaces for administrators and for what provisions people, each of which
 * is mounted here and says who may use it.
 *
 * @param origin `https://admin.<identity domain>[:port]`, as it is now
 */
export function adminHostApp(origin: () => string): Hono<AdminHostEnv> {
  const app = new Hono<AdminHostEnv>();
  app.use(securityHeaders(), exactHost(origin));
  app.notFound((c) => c.text('CW_NOT_FOUND\n', 404));
  return app;
}

/** Requests by the host that they name; each app refuses what names another than its own. */
export function byHost(login: AnswerRequest, admin: AnswerRequest, adminOrigin: () => string): AnswerRequest {
  return function answerByHost(request, env) {
    const named = request.headers.get('host')?.toLowerCase() ?? new URL(request.url).host;
    return named === new URL(adminOrigin()).host ? admin(request, env) : login(request, env);
  };
}
