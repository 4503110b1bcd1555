import { createRoute, OpenAPIHono, z, type RouteConfig } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { CausewayError } from '@causeway/contract';
import type { AdminEnv } from './admin-env.ts';
import type { AdminServices } from './admin-services.ts';
import { stillPermitted } from './authentication.ts';
import { openApiDocument } from './openapi-document.ts';
import { routeConfig } from './openapi.ts';
import { admit, CallerLimits, guard } from './pipeline.ts';
import { problemAnswer, problemOf } from './problem.ts';
import type { Route, RouteInput, RouteKey, Routes } from './route.ts';
import { ADMIN_ROUTES } from './routes/admin-routes.ts';

/** The admin API, to be mounted at `/api/v1` of the admin host. */
export function adminApp(services: AdminServices, routes: Routes = ADMIN_ROUTES): OpenAPIHono<AdminEnv> {
  const app = new OpenAPIHono<AdminEnv>({
    defaultHook: (result, c) => {
      if (!result.success) throw notSuch(result.target, result.error, c);
    },
  });
  app.onError((error, c) => {
    const problem = problemOf(error, c.get('reference') ?? '');
    c.set('refused', problem.code);
    const told = { code: problem.code, path: c.req.path, method: c.req.method, reference: problem.reference };
    if (problem.status >= 500) services.log.error({ err: error, ...told }, 'admin request failed');
    else services.log.info(told, 'admin request refused');
    return problemAnswer(c, problem);
  });
  app.use(admit(services));
  const document = openApiDocument(routes);
  app.get('/openapi.json', (c) => c.json(document));
  const limits = new CallerLimits(services);
  for (const [key, route] of Object.entries(routes) as [RouteKey, Route][]) {
    const { definition } = route;
    const config: RouteConfig = routeConfig(key, definition, 'validator');
    const middleware = [guard(services, limits, key, definition)];
    app.openapi(createRoute({ ...config, hide: true, middleware }), (c) =>
      perform(c as unknown as Context<AdminEnv>, services, route),
    );
  }
  app.all('*', () => {
    throw new CausewayError('CW_NOT_FOUND', 'there is no such route');
  });
  return app;
}

async function perform(
  c: Context<AdminEnv>,
  services: AdminServices,
  { definition, handle }: Route,
): Promise<Response> {
  const { req } = c;
  // What the validators of this very definition have let pass.
  const valid = (target: string): undefined => req.valid(target as never);
  const input: RouteInput = {
    services,
    caller: c.get('caller'),
    params: definition.params === undefined ? undefined : valid('param'),
    query: definition.query === undefined ? undefined : valid('query'),
    body: definition.body === undefined ? undefined : valid('json'),
    ifRevision: c.get('ifRevision'),
    mustBeNew: c.get('mustBeNew'),
    lastEventId: req.header('last-event-id'),
    stillPermitted: () => stillPermitted(c, services, definition.permission),
  };
  // Over the socket of the data folder an answer is one message.
  if (definition.stream === true && c.env.local === true) {
    throw new CausewayError('CW_REQUEST_INVALID', 'this answer has no end; ask for it over HTTPS');
  }
  const answer = await inTime(handle(input), services.limits.requestMs);
  if (definition.stream === true) {
    c.header('content-type', 'text/event-stream');
    c.header('cache-control', 'no-store');
    return c.body(answer as ReadableStream<Uint8Array>);
  }
  if (definition.answer === undefined) return c.body(null, 204);
  const revision = revisionOf(answer);
  if (revision !== null) c.header('etag', `"${revision}"`);
  return c.json(answer as object, definition.status ?? 200);
}

/** The tag of an answer that is one object. */
function revisionOf(answer: unknown): number | null {
  if (typeof answer !== 'object' || answer === null || !('revision' in answer)) return null;
  return typeof answer.revision === 'number' ? answer.revision : null;
}

async function inTime<T>(work: Promise<T>, ms: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new CausewayError('CW_TIMEOUT')), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

const PLACES: Readonly<Record<string, string>> = { param: 'in the path: ', query: 'in the query: ' };
const MAX_PROBLEMS = 50;

function notSuch(target: string, error: z.ZodError, _c: unknown): CausewayError {
  const problems = error.issues.slice(0, MAX_PROBLEMS).map(({ path, message }) => ({
    path: path
      .map((part) => (typeof part === 'number' ? `[${part}]` : String(part)))
      .join('.')
      .replaceAll('.[', '['),
    message,
  }));
  const words = problems.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`)).join('\n');
  return new CausewayError('CW_INPUT_INVALID', (PLACES[target] ?? '') + words, { problems });
}
