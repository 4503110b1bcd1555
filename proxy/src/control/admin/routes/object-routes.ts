import { z } from '@hono/zod-openapi';
import { CausewayError, slug, type ObjectKind } from '@causeway/contract';
import { KINDS } from '../../objects/kinds/kinds.ts';
import { filterFields } from '../../objects/searchable.ts';
import type { ObjectChange, Placement } from '../../objects/model.ts';
import { page, pageQuery, search, time } from '../page.ts';
import { takeKeys } from '../certificate-changes.ts';
import { isDangerous, kindPermission } from '../permissions.ts';
import { refuseInput } from '../problem.ts';
import { route, type RouteInput } from '../route.ts';
import { changeComment, kindSchema, objectDifference, writtenSchema } from './object-schemas.ts';

const nameParam = z.object({ name: slug });
const revisionParam = z.object({ name: slug, revision: z.coerce.number().int().min(1).max(2_147_483_647) });
const historyQuery = z.strictObject(pageQuery);
const commentQuery = { comment: changeComment.describe('why, for the history') };
const writeProblems = ['CW_INPUT_INVALID', 'CW_MANAGED', 'CW_CONFLICT', 'CW_NOT_FOUND'] as const;

/** Lists, reads, writes and the history of one kind of configuration objects. A write changes the working set alone. */
export function objectRoutes<K extends ObjectKind>(kind: K) {
  const read = kindPermission(kind, 'read');
  const write = kindPermission(kind, 'write');
  const proof: { readonly dangerous?: true } = isDangerous(kind) ? { dangerous: true } : {};
  const body = kindSchema(kind);
  const object = z
    .object({
      kind: z.literal(kind),
      name: z.string(),
      revision: z.int(),
      body,
      position: z.number(),
      managedBy: z.enum(['api', 'file']),
      createdAt: time,
      updatedAt: time,
      updatedBy: z.string(),
    })
    .meta({ id: `${kind}-object` });
  const version = z
    .object({
      kind: z.literal(kind),
      name: z.string(),
      revision: z.int(),
      op: z.enum(['created', 'updated', 'moved', 'deleted']),
      body,
      diff: z.array(objectDifference),
      change: z.int(),
      at: time,
      actor: z.string(),
      source: z.enum(['api', 'file']),
      comment: z.string(),
    })
    .meta({ id: `${kind}-version` });
  type Stored = z.input<typeof object>;
  type Version = z.input<typeof version>;
  const { ordered } = KINDS[kind];

  const list = route(
    {
      summary: `List ${kind}`,
      permission: read,
      query: z.strictObject({
        ...pageQuery,
        sort: z.string().max(50).optional().describe('name, position, createdAt or updatedAt; with - downwards'),
        q: search,
        ...Object.fromEntries(
          ['managedBy', ...filterFields(kind)].map((field) => [`filter[${field}]`, z.string().max(400).optional()]),
        ),
      }),
      answer: page(object),
    },
    async ({ services, query }) => {
      const { limit, cursor, sort, q, ...rest } = query;
      const filter = Object.fromEntries(
        Object.entries(rest).flatMap(([key, value]) =>
          typeof value === 'string' ? [[key.slice('filter['.length, -1), value]] : [],
        ),
      );
      const found = await services.objects.list(kind, {
        limit,
        filter,
        ...(cursor === undefined ? {} : { cursor }),
        ...(sort === undefined ? {} : { sort }),
        ...(q === undefined ? {} : { q }),
      });
      return { items: found.items as unknown as Stored[], next: found.next };
    },
  );

  const get = route(
    { summary: `Read one of ${kind}`, permission: read, params: nameParam, answer: object, problems: ['CW_NOT_FOUND'] },
    async ({ services, params }) => (await existing(services.objects.get(kind, params.name))) as unknown as Stored,
  );

  const put = route(
    {
      summary: `Create or replace one of ${kind} in the working set`,
      permission: write,
      ...proof,
      params: nameParam,
      query: ordered
        ? z.strictObject({
            ...commentQuery,
            before: slug.optional().describe('goes before this one'),
            after: slug.optional(),
            place: z.enum(['first', 'last']).optional(),
          })
        : z.strictObject(commentQuery),
      body: z.record(z.string(), z.unknown()),
      bodyAs: writtenSchema(kind),
      bodyBytes: 1024 * 1024,
      answer: object,
      ifMatch: 'required',
      problems: writeProblems,
    },
    async (input) => {
      const { services, params, query } = input;
      const position = placementOf(query);
      const written: ObjectChange = { ...changeOf(kind, params.name, input), op: 'put', body: input.body };
      const change = position === null ? written : { ...written, position };
      const { changes, keep } = await takeKeys(services.secrets, [change], services.now());
      await keep();
      await services.objects.apply(changes, authorOf(input, query.comment));
      return await existing(services.objects.get(kind, params.name));
    },
  );

  const remove = route(
    {
      summary: `Delete one of ${kind} from the working set`,
      permission: write,
      ...proof,
      params: nameParam,
      query: z.strictObject(commentQuery),
      ifMatch: 'required',
      problems: writeProblems,
    },
    async (input) => {
      const { services, params, query } = input;
      await services.objects.apply(
        [{ ...changeOf(kind, params.name, input), op: 'delete' }],
        authorOf(input, query.comment),
      );
    },
  );

  const history = route(
    {
      summary: `Every state that one of ${kind} ever had, newest first`,
      permission: read,
      params: nameParam,
      query: historyQuery,
      answer: page(version),
    },
    async ({ services, params, query: { limit, cursor } }) => {
      const found = await services.objects.history(kind, params.name, {
        limit,
        ...(cursor === undefined ? {} : { cursor }),
      });
      return { items: found.items as unknown as Version[], next: found.next };
    },
  );

  const versionAt = route(
    {
      summary: `One earlier state of one of ${kind}`,
      permission: read,
      params: revisionParam,
      answer: version,
      problems: ['CW_NOT_FOUND'],
    },
    async ({ services, params }) =>
      (await existing(services.objects.version(kind, params.name, params.revision))) as unknown as Version,
  );

  const restore = route(
    {
      summary: `Put an earlier state of one of ${kind} back into the working set`,
      permission: write,
      ...proof,
      params: revisionParam,
      body: z.strictObject({ comment: changeComment }),
      answer: object,
      ifMatch: 'optional',
      problems: writeProblems,
    },
    async (input) => {
      const {
        services,
        params,
        body: { comment },
        ifRevision,
        mustBeNew,
      } = input;
      const expected = mustBeNew ? null : ifRevision;
      await services.objects.restore(kind, params.name, params.revision, authorOf(input, comment), expected);
      return await existing(services.objects.get(kind, params.name));
    },
  );

  const routes = {
    [`GET /${kind}`]: list,
    [`GET /${kind}/{name}`]: get,
    [`PUT /${kind}/{name}`]: put,
    [`DELETE /${kind}/{name}`]: remove,
    [`GET /${kind}/{name}/history`]: history,
    [`GET /${kind}/{name}/history/{revision}`]: versionAt,
    [`POST /${kind}/{name}/history/{revision}/restore`]: restore,
  };
  // The keys are these templates; TypeScript widens computed ones.
  return routes as unknown as { readonly [P in `GET /${K}`]: typeof list } & {
    readonly [P in `GET /${K}/{name}`]: typeof get;
  } & { readonly [P in `PUT /${K}/{name}`]: typeof put } & { readonly [P in `DELETE /${K}/{name}`]: typeof remove } & {
    readonly [P in `GET /${K}/{name}/history`]: typeof history;
  } & { readonly [P in `GET /${K}/{name}/history/{revision}`]: typeof versionAt } & {
    readonly [P in `POST /${K}/{name}/history/{revision}/restore`]: typeof restore;
  };
}

async function existing<T>(found: Promise<T | null>): Promise<T> {
  const object = await found;
  if (object === null) throw new CausewayError('CW_NOT_FOUND');
  return object;
}

function changeOf(
  kind: ObjectKind,
  name: string,
  { ifRevision, mustBeNew }: Pick<RouteInput, 'ifRevision' | 'mustBeNew'>,
): Pick<ObjectChange, 'kind' | 'name' | 'ifRevision'> {
  if (mustBeNew) return { kind, name, ifRevision: null };
  return ifRevision === undefined ? { kind, name } : { kind, name, ifRevision };
}

export function authorOf({ caller }: Pick<RouteInput, 'caller'>, comment: string) {
  return { actor: caller.actor, comment, source: 'api' as const };
}

function placementOf(query: object): Placement | null {
  const { before, after, place } = query as { before?: string; after?: string; place?: 'first' | 'last' };
  const given = [before, after, place].filter((value) => value !== undefined);
  if (given.length > 1) refuseInput('before', 'only one of before, after and place');
  if (before !== undefined) return { before };
  if (after !== undefined) return { after };
  return place ?? null;
}
