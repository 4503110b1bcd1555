import { z } from '@hono/zod-openapi';
import { CausewayError } from '@causeway/contract';
import { idParam } from '../identifiers.ts';
import { page, pageQuery, sortBy, time } from '../page.ts';
import { route } from '../route.ts';
import { listSessions } from '../session-list.ts';

const session = z
  .object({
    id: z.string(),
    user: z.string(),
    displayName: z.string(),
    groups: z.array(z.string()),
    address: z.string(),
    createdAt: time,
    expiresAt: time,
  })
  .meta({ id: 'Session' });

const cut = z.object({ sessions: z.int(), cut: z.int().describe('streams and tunnels that were open') });

export const sessionRoutes = {
  'GET /sessions': route(
    {
      summary: 'List who is signed in',
      permission: 'sessions:read',
      query: z.strictObject({
        ...pageQuery,
        sort: sortBy(['createdAt'], '-createdAt'),
        'filter[user]': z.string().max(320).optional(),
      }),
      answer: page(session),
    },
    async ({ services, query }) =>
      listSessions(services.database, { ...query, user: query['filter[user]'], now: services.now() }),
  ),
  'DELETE /sessions/{id}': route(
    {
      summary: 'End a session everywhere, streams that are open included',
      permission: 'sessions:revoke',
      params: idParam,
      answer: cut,
      problems: ['CW_NOT_FOUND'],
    },
    async ({ services, params, caller }) => {
      const { ended, cut: streams } = await services.sessions.end(params.id, `ended by ${caller.actor}`);
      if (!ended) throw new CausewayError('CW_NOT_FOUND');
      return { sessions: 1, cut: streams };
    },
  ),
  'POST /sessions/revoke': route(
    {
      summary: 'End every session of a person',
      permission: 'sessions:revoke',
      body: z.strictObject({ user: z.string().min(1).max(320) }),
      answer: cut,
      auditBody: true,
    },
    async ({ services, body, caller }) => services.sessions.endAllOf(body.user, `ended by ${caller.actor}`),
  ),
};
