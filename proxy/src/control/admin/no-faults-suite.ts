import * as fc from 'fast-check';
import { beforeAll, expect, it } from 'vitest';
import { ERRORS, isErrorCode } from '@causeway/contract';
import { wholeText, type AdminPlace } from './fixtures/admin-place.ts';
import { hinted, hostileJson, valueOf, type JsonSchema, type Material } from './fixtures/schema-values.ts';
import { openApiDocument } from './openapi-document.ts';
import type { Route } from './route.ts';
import { ADMIN_ROUTES } from './routes/admin-routes.ts';

interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly schema: JsonSchema;
}

interface Operation {
  readonly key: string;
  readonly parameters: readonly Parameter[];
  readonly body: JsonSchema | null;
}

interface Sent {
  readonly parameters: readonly (string | undefined)[];
  readonly body: string | undefined;
  readonly type: string;
}

const DOCUMENT = openApiDocument() as unknown as {
  paths: Record<
    string,
    Record<string, { parameters?: Parameter[]; requestBody?: { content: Record<string, { schema: JsonSchema }> } }>
  >;
  components: { schemas: Record<string, JsonSchema> };
};

const OPERATIONS: readonly Operation[] = Object.entries(DOCUMENT.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, { parameters = [], requestBody }]) => ({
    key: `${method.toUpperCase()} ${path}`,
    parameters,
    body: requestBody?.content['application/json']?.schema ?? null,
  })),
);

const HEADERS: Readonly<Record<string, readonly string[]>> = {
  'if-match': ['*', '"1"', '"2"', 'W/"1"', '""', '"99999999999999"', 'x'],
  'if-none-match': ['*', '"1"', 'x'],
  'idempotency-key': ['k', 'k2', 'a b', 'x'.repeat(300)],
};

const PATH_HINTS: Readonly<Record<string, readonly unknown[]>> = { number: [1, 2, 3], revision: [1, 2] };

function hintsAt(now: number): Material['hints'] {
  return {
    hosts: [['seed.corp.example'], ['*.x.example', '10.0.0.0/8'], ['10.0.0.1-10.0.0.9']],
    ports: [['tcp/80'], ['tcp/1-65535', 'udp/53']],
    publishers: [['p'], ['p', 'nowhere']],
    apps: [['seed'], ['nowhere']],
    app: ['seed'],
    rules: [['seed']],
    tags: [['seed'], []],
    kind: ['tags', 'rules', 'apps'],
    changes: [
      [],
      [{ kind: 'tags', name: 'seed', op: 'put', body: {} }],
      [{ kind: 'tags', name: 'seed', op: 'delete' }],
    ],
    clientless: [{ urls: ['s.causeway.localhost'], upstream: { host: 's', port: 80 } }],
    expiresAt: [now + 1_000_000],
    sort: ['name', '-createdAt', 'id', '-at'],
    limit: [1, 500],
    before: ['working', 1],
    after: ['working', 2],
    role: ['auditor', 'owner'],
    permissions: [['apps:read']],
    idp: ['default'],
    comment: ['', 'why'],
    target: ['seed.corp.example:80', 'seed', 'https://s.causeway.localhost/'],
  };
}

/** Whatever is sent to any route: an answer that its definition describes, or a problem that is no fault of ours. */
export function noFaultsSuite(at: () => AdminPlace, runs: number): void {
  let place: AdminPlace;
  let material: Material;
  beforeAll(async () => {
    place = at();
    material = { schemas: DOCUMENT.components.schemas, seeds: await seeded(place), hints: hintsAt(place.now) };
  });

  it.each(OPERATIONS)('$key', async ({ key, parameters, body }) => {
    const route = (ADMIN_ROUTES as unknown as Record<string, Route>)[key];
    const request = fc.oneof(
      { weight: 3, arbitrary: soundRequest(parameters, body, material) },
      { weight: 1, arbitrary: wildRequest(parameters, body, material) },
    );
    await fc.assert(
      fc.asyncProperty(request, async (sent) => {
        const answer = await send(place, key, parameters, body === null, sent);
        expect(faultOf(key, route, answer, await wholeText(answer))).toBeNull();
      }),
      { numRuns: runs },
    );
  });
}

/** What is wrong with an answer; `null` where it is one that the document describes. */
function faultOf(key: string, route: Route | undefined, answer: Response, content: string): string | null {
  const { status, headers } = answer;
  if (status >= 500) return `${status} ${content}`;
  if (status < 400) {
    const schema = route?.definition.answer;
    if (schema === undefined) return content === '' ? null : `a body where there is none: ${content}`;
    return schema.safeParse(JSON.parse(content)).error?.message ?? null;
  }
  const problem = JSON.parse(content) as { code: string; status: number; reference: string };
  const { code } = problem;
  if (headers.get('content-type') !== 'application/problem+json') return `no problem: ${content}`;
  if (!isErrorCode(code) || ERRORS[code].status !== status || problem.status !== status)
    return `not ${status}: ${code}`;
  if (problem.reference !== headers.get('x-request-id')) return `of another request: ${content}`;
  return describes(key, code) ? null : `${code} is not in the document`;
}

/** One that the description allows, but for what only the store knows. */
function soundRequest(
  parameters: readonly Parameter[],
  body: JsonSchema | null,
  material: Material,
): fc.Arbitrary<Sent> {
  const one = ({ name, in: where, schema }: Parameter): fc.Arbitrary<string | undefined> => {
    const nothing = fc.constant(undefined);
    if (name === 'if-match') return fc.constantFrom('*', '*', '"1"');
    if (where === 'header' || name === 'cursor') return nothing;
    const value = hinted(material.hints[name], valueOf(schema, material)).map(text);
    if (where === 'path') return hinted(PATH_HINTS[name], hinted(material.seeds, value)).map(text);
    return fc.oneof({ weight: 5, arbitrary: nothing }, { weight: 1, arbitrary: value });
  };
  const named = parameters.some(({ name }) => name === 'name');
  const described =
    body === null
      ? fc.constant(undefined)
      : valueOf(body, material).map((value) => (named ? withoutName(value) : value));
  return fc.record({
    parameters: fc.tuple(...parameters.map(one)),
    body: described.map((value) => JSON.stringify(value)),
    type: fc.constant('application/json'),
  });
}

function wildRequest(
  parameters: readonly Parameter[],
  body: JsonSchema | null,
  material: Material,
): fc.Arbitrary<Sent> {
  const one = (parameter: Parameter): fc.Arbitrary<string | undefined> => {
    if (parameter.in === 'header') {
      return fc.option(fc.constantFrom(...(HEADERS[parameter.name] ?? [''])), { nil: undefined });
    }
    const good = valueOf(parameter.schema, material);
    const any = fc.oneof({ weight: 2, arbitrary: good }, { weight: 1, arbitrary: hostileJson }).map(text);
    return parameter.in === 'path' ? any : fc.option(any, { nil: undefined });
  };
  const described = body === null ? fc.constant(undefined) : valueOf(body, material);
  return fc.record({
    parameters: fc.tuple(...parameters.map(one)),
    body: fc.oneof(
      { weight: 4, arbitrary: described.map((value) => JSON.stringify(value)) },
      { weight: 2, arbitrary: hostileJson.map((value) => JSON.stringify(value)) },
      { weight: 1, arbitrary: fc.constantFrom('', '{', '[]', 'null', '"\\u0000"', '\ufeff{}') },
    ),
    type: fc.constantFrom('application/json', 'application/json', 'text/plain', 'application/json; charset=latin1', ''),
  });
}

/** Objects get theirs from the path. */
function withoutName(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const { name: _name, ...rest } = value as Record<string, unknown>;
  return rest;
}

/** The codes of the document are the codes that are answered. */
function describes(key: string, code: string): boolean {
  const [method = '', path = ''] = key.split(' ');
  const operation = DOCUMENT.paths[path]?.[method.toLowerCase()] as unknown as { 'x-problems': string[] };
  // A parameter that makes another path of this one finds no route there.
  return code === 'CW_NOT_FOUND' || operation['x-problems'].includes(code);
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

async function send(
  place: AdminPlace,
  key: string,
  parameters: readonly Parameter[],
  bare: boolean,
  sent: Sent,
): Promise<Response> {
  const [method = '', template = ''] = key.split(' ');
  let path = template;
  const query = new URLSearchParams();
  const headers: Record<string, string> = { authorization: `Bearer ${place.tokens.owner}` };
  for (const [i, { name, in: where }] of parameters.entries()) {
    const value = sent.parameters[i];
    if (value === undefined) continue;
    if (where === 'header') headers[name] = value;
    else if (where === 'query') query.append(name, value);
    else path = path.replace(`{${name}}`, encodeURIComponent(value.toWellFormed()) || '-');
  }
  const carries = !bare && sent.body !== undefined && method !== 'GET';
  if (carries && sent.type !== '') headers['content-type'] = sent.type;
  return place.raw(`${path}?${query.toString()}`, { method, headers, ...(carries ? { body: sent.body ?? '' } : {}) });
}

/** Something of everything, and its names. */
async function seeded(place: AdminPlace): Promise<string[]> {
  const { services, now } = place;
  const app = { hosts: ['seed.corp.example'], ports: ['tcp/80'], publishers: ['p'] };
  const changes = [
    { kind: 'apps', name: 'seed', op: 'put', body: app },
    { kind: 'rules', name: 'seed', op: 'put', body: { apps: ['seed'], action: 'allow' } },
    { kind: 'tags', name: 'seed', op: 'put', body: {} },
  ];
  await place.send('POST', '/apply', { body: { changes, publish: true } });
  const device = { id: 'd_seed', name: 'seed', user: 'seed@corp.example', createdAt: now, revokedAt: null };
  await services.store.createDevice(device);
  const request = await services.requests.create({ user: 'seed', app: 'seed', reason: '', by: 'test' });
  const role = await services.roles.assign({ kind: 'user', name: 'seed' }, 'auditor', 'test');
  const token = await services.tokens.issue({ kind: 'service', name: 'seed', createdBy: 'test', expiresAt: now + 1e9 });
  const person = {
    externalId: null,
    displayName: 'Seed',
    ou: 'Seeds',
    active: true,
    body: {},
    values: [],
    userName: 'seed',
  };
  const user = await services.directory.createUser('seeds', person);
  const group = await services.directory.createGroup('seeds', { name: 'seed', externalId: null }, [user.id]);
  return [
    'seed',
    'p',
    'd_seed',
    request.id,
    role.id,
    token.id,
    user.id,
    group.id,
    'seeds',
    '1',
    'default',
    'seed.corp.example',
    'tcp/80',
  ];
}
