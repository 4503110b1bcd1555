import { z, type RouteConfig } from '@hono/zod-openapi';
import type { ErrorCode } from '@causeway/contract';
import { VERSION } from '../../version.ts';
import type { RouteDefinition, RouteKey } from './route.ts';

/** What the OpenAPI document says of the API as a whole. */
export function documentInfo() {
  return {
    openapi: '3.1.0',
    info: {
      title: 'Causeway admin API',
      version: VERSION,
      description: 'Everything that can be configured and seen. See docs/admin-api.md.',
    },
    servers: [{ url: '/api/v1' }],
    security: [{ bearer: [] }, { session: [] }],
  };
}

export const SECURITY_SCHEMES = {
  bearer: { type: 'http', scheme: 'bearer', description: 'an API token: cwt_…' },
  session: { type: 'apiKey', in: 'cookie', name: '__Host-cw-admin', description: 'a browser signed in at /login' },
} as const;

/** One answer for all that is refused; which codes a route has stands in its `x-problems`. */
export const PROBLEM_ANSWER = {
  description: 'refused: RFC 9457 problem details',
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
} as const;

const EVENT_STREAM = { 'text/event-stream': { schema: z.string() } };

const EVERYWHERE: readonly ErrorCode[] = [
  'CW_UNAUTHENTICATED',
  'CW_RATE_LIMITED',
  'CW_BUSY',
  'CW_STORE_FAILED',
  'CW_STORE_LOST',
  'CW_TIMEOUT',
];

/** Every code that a route may answer with, by what it is. */
function problemsOf(key: RouteKey, definition: RouteDefinition): ErrorCode[] {
  const { permission, params, query, body, ifMatch, dangerous, stream, problems = [] } = definition;
  const codes = new Set<ErrorCode>([...EVERYWHERE, ...problems]);
  if (permission !== 'any') codes.add('CW_FORBIDDEN');
  if (!key.startsWith('GET ')) codes.add('CW_CSRF');
  if (stream === true) codes.add('CW_REQUEST_INVALID').add('CW_INPUT_INVALID');
  if (dangerous === true) codes.add('CW_STEP_UP_REQUIRED');
  if (params !== undefined || query !== undefined || body !== undefined) codes.add('CW_INPUT_INVALID');
  if (body !== undefined)
    for (const code of ['CW_REQUEST_INVALID', 'CW_BODY_TOO_LARGE', 'CW_MEDIA_TYPE'] as const) codes.add(code);
  if (ifMatch !== undefined) codes.add('CW_PRECONDITION_FAILED').add('CW_INPUT_INVALID');
  if (ifMatch === 'required') codes.add('CW_PRECONDITION_REQUIRED');
  if (key.startsWith('POST ')) codes.add('CW_CONFLICT').add('CW_INPUT_INVALID');
  return [...codes].toSorted();
}

/** A definition in the words of `@hono/zod-openapi`. */
export function routeConfig(key: RouteKey, definition: RouteDefinition, audience: 'reader' | 'validator'): RouteConfig {
  const [method = '', path = ''] = key.split(' ');
  const { summary, permission, oneOf, params, query, answer, status } = definition;
  const body = audience === 'reader' ? (definition.bodyAs ?? definition.body) : definition.body;
  const json = (schema: z.ZodType) => ({ 'application/json': { schema } });
  const headers = headersOf(key, definition);
  return {
    method: method.toLowerCase() as RouteConfig['method'],
    path,
    operationId: operationId(method, path),
    summary,
    tags: [path.split('/')[1] ?? ''],
    'x-permission': permission,
    ...(oneOf === undefined ? {} : { 'x-one-of': [...oneOf] }),
    'x-problems': problemsOf(key, definition),
    ...(definition.dangerous === true ? { 'x-step-up': true } : {}),
    request: {
      ...(params === undefined ? {} : { params }),
      ...(query === undefined ? {} : { query }),
      ...(headers === null ? {} : { headers }),
      ...(body === undefined ? {} : { body: { required: true, content: json(body) } }),
    },
    responses: {
      ...(definition.stream === true
        ? { 200: { description: 'server-sent events', content: EVENT_STREAM } }
        : answer === undefined
          ? { 204: { description: 'done' } }
          : { [status ?? 200]: { description: 'done', content: json(answer) } }),
      default: { $ref: '#/components/responses/Problem' },
    },
  };
}

function headersOf(key: RouteKey, { ifMatch, stream }: RouteDefinition): z.ZodObject | null {
  // The pipeline reads them; here they are written down.
  const shape: Record<string, z.ZodType> = {};
  if (stream === true) shape['last-event-id'] = z.string().optional().describe('goes on behind this event');
  if (ifMatch !== undefined) {
    shape['if-match'] = z
      .string()
      .optional()
      .describe(`"<revision>" or *${ifMatch === 'required' ? '; required' : ''}`);
    shape['if-none-match'] = z.string().optional().describe('*: there must be no such object');
  }
  if (key.startsWith('POST '))
    shape['idempotency-key'] = z.string().max(255).optional().describe('the deed is done once, for 24 hours');
  return Object.keys(shape).length === 0 ? null : z.object(shape);
}

/** `GET /apps/{name}` becomes `getAppsByName`. */
function operationId(method: string, path: string): string {
  const words = path
    .split('/')
    .filter((part) => part !== '')
    .flatMap((part) => (part.startsWith('{') ? ['by', part.slice(1, -1)] : part.split('-')));
  return method.toLowerCase() + words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('');
}
