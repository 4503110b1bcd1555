import { z } from '@hono/zod-openapi';
import { OBJECT_KINDS, type ObjectKind } from '@causeway/contract';
import { requirePermission, type Caller } from '../caller.ts';
import type { AdminServices } from '../admin-services.ts';
import { page, pageQuery, time } from '../page.ts';
import { kindPermission } from '../permissions.ts';
import { route } from '../route.ts';
import { mutable } from './apply-routes.ts';
import { authorOf } from './object-routes.ts';
import { changeComment, objectDifference, objectKind, outcome } from './object-schemas.ts';

const number = z.coerce.number().int().min(1).max(2_147_483_647);
const numberParam = z.object({ number });
const state = z.union([z.literal('working'), number]);

const summary = z
  .object({
    number: z.int(),
    publishedAt: time,
    publishedBy: z.string(),
    comment: z.string(),
    working: z.int().describe('version of the working set that it was made from'),
    objects: z.int(),
  })
  .meta({ id: 'Snapshot' });

const difference = z.object({
  kind: objectKind,
  name: z.string(),
  outcome: z.enum(['created', 'updated', 'moved', 'deleted']),
  diff: z.array(objectDifference),
});

const published = z.object({ number: z.int(), warnings: z.array(z.string()) });

export const snapshotRoutes = {
  'GET /snapshots': route(
    {
      summary: 'List published configurations, newest first',
      permission: 'snapshots:read',
      query: z.strictObject(pageQuery),
      answer: page(summary),
    },
    async ({ services, query }) => {
      const { items, next } = await services.snapshots.list(given(query));
      return { items: [...items], next };
    },
  ),
  'POST /snapshots': route(
    {
      summary: 'Publish the working set: in force on every connected worker when this is answered',
      permission: 'snapshots:publish',
      body: z.strictObject({ comment: changeComment }),
      answer: published,
      status: 201,
      auditBody: true,
      problems: ['CW_SNAPSHOT_REFUSED'],
    },
    async ({ services, caller, body }) => {
      const { number: made, warnings } = await services.snapshots.publish({ actor: caller.actor, ...body });
      return { number: made, warnings: [...warnings] };
    },
  ),
  'GET /snapshot-state': route(
    {
      summary: 'What is in force here, and the version of the working set',
      permission: 'snapshots:read',
      answer: z.object({ inForce: z.int(), working: z.int() }),
    },
    async ({ services }) => ({
      inForce: services.snapshots.current,
      working: await services.objects.workingVersion(),
    }),
  ),
  'GET /snapshots/{number}/objects': route(
    {
      summary: 'What is in a snapshot, kind by kind',
      permission: 'snapshots:read',
      params: numberParam,
      query: z.strictObject({ ...pageQuery, kind: objectKind }),
      answer: page(
        z.object({
          name: z.string(),
          managedBy: z.enum(['api', 'file']),
          body: z.record(z.string(), z.unknown()),
        }),
      ),
      problems: ['CW_NOT_FOUND'],
    },
    async ({ services, caller, params, query }) => {
      requirePermission(caller, kindPermission(query.kind, 'read'));
      const found = await services.snapshots.objects({ ...given(query), number: params.number, kind: query.kind });
      return { items: found.items.map((item) => ({ ...item, body: { ...item.body } })), next: found.next };
    },
  ),
  'GET /snapshot-diff': route(
    {
      summary: 'What differs between two snapshots, or one and the working set',
      permission: 'snapshots:read',
      query: z.strictObject({ ...pageQuery, before: state, after: state.default('working') }),
      answer: page(difference),
      problems: ['CW_NOT_FOUND'],
    },
    async ({ services, caller, query }) => {
      const { before, after } = query;
      const found = await services.snapshots.differences({ ...given(query), before, after });
      const seen = new Set(OBJECT_KINDS.filter((kind) => caller.permissions.has(kindPermission(kind, 'read'))));
      return {
        items: found.items.filter(({ kind }) => seen.has(kind)).map((item) => ({ ...item, diff: [...item.diff] })),
        next: found.next,
      };
    },
  ),
  'POST /snapshots/{number}/restore': route(
    {
      summary: 'Bring the objects of the working set back to what a snapshot has, and publish them on request',
      permission: 'snapshots:restore',
      params: numberParam,
      body: z.strictObject({ comment: changeComment, publish: z.boolean().default(false) }),
      answer: z.object({
        version: z.int(),
        outcomes: z.array(outcome),
        skipped: z.array(z.object({ kind: objectKind, name: z.string() })).describe('the file manages these'),
        published: published.nullable(),
      }),
      dangerous: true,
      auditBody: true,
      problems: ['CW_NOT_FOUND', 'CW_PRECONDITION_FAILED', 'CW_SNAPSHOT_REFUSED'],
    },
    async (input) => {
      const { services, caller, params, body } = input;
      await mayChange(services, caller, params.number);
      const { skipped, ...result } = await services.snapshots.restore(params.number, authorOf(input, body.comment));
      const by = { actor: caller.actor, comment: body.comment };
      const made = body.publish ? await services.snapshots.publish(by) : null;
      return {
        ...mutable(result),
        skipped: [...skipped],
        published: made === null ? null : { number: made.number, warnings: [...made.warnings] },
      };
    },
  ),
};

/** Going back changes objects, which needs what changing each kind of them needs. */
async function mayChange(services: AdminServices, caller: Caller, snapshot: number): Promise<void> {
  const kinds = new Set<ObjectKind>();
  let cursor: string | null = null;
  do {
    const found = await services.snapshots.differences({
      before: 'working',
      after: snapshot,
      limit: 500,
      ...(cursor === null ? {} : { cursor }),
    });
    for (const { kind } of found.items) kinds.add(kind);
    cursor = found.next;
  } while (cursor !== null && kinds.size < OBJECT_KINDS.length);
  for (const kind of kinds) requirePermission(caller, kindPermission(kind, 'write'));
}

/** Without what was not asked for. */
export function given({ limit, cursor }: { limit: number; cursor?: string | undefined }) {
  return cursor === undefined ? { limit } : { limit, cursor };
}
