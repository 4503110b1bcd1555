import { z } from '@hono/zod-openapi';
import { CausewayError, slug } from '@causeway/contract';
import { nameKey } from '../../directory/names.ts';
import { idParam, line } from '../identifiers.ts';
import { page, pageQuery, sortBy, time } from '../page.ts';
import { refuseInput } from '../problem.ts';
import { route } from '../route.ts';

const state = z.enum(['pending', 'approved', 'denied', 'withdrawn']);

const request = z
  .object({
    id: z.string(),
    user: z.string(),
    app: z.string(),
    reason: z.string(),
    state,
    createdBy: z.string(),
    createdAt: time,
    decidedBy: z.string().nullable(),
    decidedAt: time.nullable(),
    comment: z.string(),
    expiresAt: time.nullable().describe('until when an approval holds'),
    revision: z.int(),
  })
  .meta({ id: 'AccessRequest' });

const MAX_APPROVAL_MS = 90 * 24 * 3_600_000;
const comment = z.string().max(1_000).default('');
const decided = {
  permission: 'requests:decide',
  params: idParam,
  answer: request,
  ifMatch: 'optional',
  auditBody: true,
  problems: ['CW_NOT_FOUND', 'CW_CONFLICT'],
} as const;

export const accessRequestRoutes = {
  'GET /access-requests': route(
    {
      summary: 'List requests for access, newest first',
      permission: 'requests:read',
      query: z.strictObject({
        ...pageQuery,
        sort: sortBy(['createdAt'], '-createdAt'),
        'filter[user]': z.string().max(320).optional(),
        'filter[app]': z.string().max(100).optional(),
        'filter[state]': state.optional(),
      }),
      answer: page(request),
    },
    async ({ services, query }) =>
      services.requests.list({
        ...query,
        user: query['filter[user]'],
        app: query['filter[app]'],
        state: query['filter[state]'],
      }),
  ),
  'POST /access-requests': route(
    {
      summary: 'Ask for an app on behalf of a person',
      permission: 'requests:create',
      body: z.strictObject({ user: line(320), app: slug, reason: z.string().max(1_000).default('') }),
      answer: request,
      status: 201,
      auditBody: true,
      problems: ['CW_CONFLICT'],
    },
    async ({ services, caller, body }) => {
      if ((await services.objects.get('apps', body.app)) === null) refuseInput('app', 'there is no such app');
      return services.requests.create({ ...body, by: caller.actor });
    },
  ),
  'GET /access-requests/{id}': route(
    {
      summary: 'Read a request for access',
      permission: 'requests:read',
      params: idParam,
      answer: request,
      problems: ['CW_NOT_FOUND'],
    },
    async ({ services, params }) => {
      const found = await services.requests.get(params.id);
      if (found === null) throw new CausewayError('CW_NOT_FOUND');
      return found;
    },
  ),
  'POST /access-requests/{id}/approve': route(
    {
      ...decided,
      summary: 'Approve a request for a time',
      body: z.strictObject({ expiresAt: time.describe('at most 90 days from now'), comment }),
    },
    async ({ services, caller, params, body, ifRevision }) => {
      const now = services.now();
      if (body.expiresAt <= now) refuseInput('expiresAt', 'is over already');
      if (body.expiresAt > now + MAX_APPROVAL_MS) refuseInput('expiresAt', 'at most 90 days from now');
      const asked = await services.requests.get(params.id);
      if (asked !== null && caller.person !== null && nameKey(asked.user) === nameKey(caller.person)) {
        throw new CausewayError('CW_FORBIDDEN', 'nobody approves what they get themselves');
      }
      return services.requests.decide(params.id, { ...body, state: 'approved', by: caller.actor, ifRevision });
    },
  ),
  'POST /access-requests/{id}/deny': route(
    { ...decided, summary: 'Deny a request', body: z.strictObject({ comment }) },
    async ({ services, caller, params, body, ifRevision }) =>
      services.requests.decide(params.id, {
        ...body,
        expiresAt: null,
        state: 'denied',
        by: caller.actor,
        ifRevision,
      }),
  ),
  'POST /access-requests/{id}/withdraw': route(
    { ...decided, summary: 'End an approval before its time', body: z.strictObject({ comment }) },
    async ({ services, caller, params, body, ifRevision }) =>
      services.requests.decide(params.id, {
        ...body,
        expiresAt: services.now(),
        state: 'withdrawn',
        by: caller.actor,
        ifRevision,
      }),
  ),
};
