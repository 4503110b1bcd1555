import { z } from '@hono/zod-openapi';
import { CausewayError } from '@causeway/contract';
import { idParam, line } from '../identifiers.ts';
import { page, pageQuery, sortBy, time } from '../page.ts';
import { PERMISSIONS, ROLE_PERMISSIONS, ROLES } from '../permissions.ts';
import { POP_GONE_MS } from '../pops.ts';
import { route } from '../route.ts';

const role = z.enum(ROLES);

const assignment = z
  .object({
    id: z.string(),
    subject: z.object({ kind: z.enum(['user', 'group']), name: z.string() }),
    role,
    createdBy: z.string(),
    createdAt: time,
  })
  .meta({ id: 'RoleAssignment' });

const auditRecord = z
  .object({
    id: z.int(),
    at: time,
    actor: z.string(),
    actorKind: z.string(),
    actorId: z.string().describe('of the token or session: names of tokens may be equal'),
    address: z.string(),
    action: z.string(),
    target: z.string(),
    result: z.string().describe('done, begun (its end is not known) or the code of what refused it'),
    reference: z.string(),
    detail: z.string(),
  })
  .meta({ id: 'AuditRecord' });

const worker = z.object({
  worker: z.int(),
  snapshot: z.int(),
  sessions: z.int(),
  streams: z.int(),
  publishers: z.array(z.object({ name: z.string(), since: z.number(), streams: z.int() })),
  agents: z.int(),
});

const pop = z
  .object({
    id: z.string(),
    name: z.string(),
    version: z.string(),
    snapshot: z.int(),
    epoch: z.int(),
    workers: z.array(worker),
    degraded: z.array(z.string()),
    startedAt: time,
    seenAt: time,
    alive: z.boolean(),
  })
  .meta({ id: 'Pop' });

const word = z.string().max(500).optional();
const when = z.coerce.number().int().min(0).max(8.64e15).optional();

export const administrationRoutes = {
  'GET /me': route(
    {
      summary: 'Who you are here, and what you may',
      permission: 'any',
      answer: z.object({
        kind: z.enum(['token', 'session', 'break-glass']),
        actor: z.string(),
        permissions: z.array(z.enum(PERMISSIONS)),
        provedAt: time.nullable().describe('when you last proved who you are to the identity provider'),
      }),
    },
    async ({ caller: { kind, actor, permissions, provedAt } }) => ({
      kind,
      actor,
      permissions: [...permissions].toSorted(),
      provedAt,
    }),
  ),
  'GET /roles': route(
    {
      summary: 'Every role and what it may',
      permission: 'any',
      answer: z.object({ items: z.array(z.object({ role, permissions: z.array(z.enum(PERMISSIONS)) })) }),
    },
    async () => ({ items: ROLES.map((name) => ({ role: name, permissions: [...ROLE_PERMISSIONS[name]] })) }),
  ),
  'GET /admin-roles': route(
    {
      summary: 'Who has which role',
      permission: 'roles:read',
      answer: z.object({ items: z.array(assignment) }),
    },
    async ({ services }) => ({ items: await services.roles.list() }),
  ),
  'POST /admin-roles': route(
    {
      summary: 'Give a person or a group a role',
      permission: 'roles:write',
      body: z.strictObject({
        subject: z.strictObject({ kind: z.enum(['user', 'group']), name: line(320) }),
        role,
      }),
      answer: assignment,
      status: 201,
      dangerous: true,
      auditBody: true,
      problems: ['CW_CONFLICT'],
    },
    async ({ services, caller, body }) => services.roles.assign(body.subject, body.role, caller.actor),
  ),
  'DELETE /admin-roles/{id}': route(
    {
      summary: 'Take a role away; without any owner only break-glass is left',
      permission: 'roles:write',
      params: idParam,
      dangerous: true,
      problems: ['CW_NOT_FOUND'],
    },
    async ({ services, params }) => {
      if (!(await services.roles.remove(params.id))) throw new CausewayError('CW_NOT_FOUND');
    },
  ),
  'GET /pops': route(
    {
      summary: 'Every PoP of the deployment, and what its workers run',
      permission: 'pops:read',
      answer: z.object({ items: z.array(pop) }),
    },
    async ({ services }) => {
      const found = await services.pops.list();
      return {
        items: found.map((one) => ({
          ...one,
          workers: one.workers.map((each) => ({ ...each, publishers: [...each.publishers] })),
          degraded: [...one.degraded],
          alive: one.seenAt > services.now() - POP_GONE_MS,
        })),
      };
    },
  ),
  'GET /audit': route(
    {
      summary: 'Who did what, newest first',
      permission: 'audit:read',
      query: z.strictObject({
        ...pageQuery,
        sort: sortBy(['at'], '-at'),
        'filter[actor]': word,
        'filter[action]': word,
        'filter[target]': word,
        'filter[result]': word,
        'filter[reference]': word,
        from: when.describe('milliseconds since 1970'),
        to: when,
      }),
      answer: page(auditRecord),
    },
    async ({ services, query }) =>
      services.audit.list({
        ...query,
        actor: query['filter[actor]'],
        action: query['filter[action]'],
        target: query['filter[target]'],
        result: query['filter[result]'],
        reference: query['filter[reference]'],
      }),
  ),
};
