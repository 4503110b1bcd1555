import { z } from '@hono/zod-openapi';
import { appHealth, CausewayError, publisherLoad, slug, systemFacts } from '@causeway/contract';
import { idParam } from '../identifiers.ts';
import { time } from '../page.ts';
import { listInstances } from '../publisher-instances.ts';
import { route } from '../route.ts';

const instance = z
  .object({
    id: z.string(),
    name: z.string(),
    createdAt: time,
    revokedAt: time.nullable(),
    state: z
      .enum(['up', 'lost', 'never seen', 'revoked'])
      .describe('lost: without a tunnel; what it last said of itself stays'),
    tunnels: z.int(),
    seenAt: time.nullable().describe('its last report'),
    software: z.string().nullable(),
    startedAt: time.nullable().describe('of its process, on its clock'),
    system: z.object(systemFacts.shape).nullable(),
    load: z.object(publisherLoad.shape).nullable().describe('of its whole process, as of the last report'),
    apps: z.array(z.object(appHealth.shape)).describe('the last attempt to reach each: a code where it failed; 200'),
  })
  .meta({ id: 'PublisherInstance' });

const status = z
  .object({
    name: z.string(),
    health: z.enum(['up', 'partly', 'down', 'never enrolled']).describe('partly: workers without a tunnel'),
    tunnels: z.int().describe('over all workers of all PoPs'),
    workers: z.int(),
    streams: z.int().describe('open now'),
    since: time.nullable().describe('the oldest tunnel that stands'),
    instances: z.array(instance),
  })
  .meta({ id: 'PublisherStatus' });

export const publisherRoutes = {
  'GET /publisher-status': route(
    {
      summary: 'Every publisher: enrolled instances, tunnels and load',
      permission: 'publishers:read',
      answer: z.object({ items: z.array(status) }),
    },
    async ({ services }) => ({ items: await listInstances(services) }),
  ),
  'GET /publisher-status/{name}': route(
    {
      summary: 'One publisher: its instances with version, load and the health of its apps',
      permission: 'publishers:read',
      params: z.object({ name: slug }),
      answer: status,
      problems: ['CW_NOT_FOUND'],
    },
    async ({ services, params }) => {
      const [found] = await listInstances(services, params.name);
      if (found === undefined) throw new CausewayError('CW_NOT_FOUND', `no publisher ${params.name} is published`);
      return found;
    },
  ),
  'POST /publishers/{name}/join-tokens': route(
    {
      summary: 'A token with which one instance of a publisher can enrol, once',
      permission: 'publishers:enrol',
      params: z.object({ name: slug }),
      query: z.strictObject({
        hours: z.coerce.number().int().min(1).max(720).default(24).describe('until it is good no more'),
      }),
      answer: z.object({ token: z.string(), expiresAt: time }),
      status: 201,
      secret: true,
      problems: ['CW_NOT_FOUND'],
    },
    async ({ services, params, query }) => {
      const known = services.published().snapshot.publishers.includes(params.name);
      if (!known) throw new CausewayError('CW_NOT_FOUND', `no publisher ${params.name} is published`);
      return services.joinToken(params.name, query.hours * 3_600_000);
    },
  ),
  'GET /join-tokens': route(
    {
      summary: 'The join tokens of publishers that nobody has used and that are good still; the next 500 to end',
      permission: 'publishers:read',
      answer: z.object({
        items: z.array(
          z.object({ id: z.string().describe('no part of the token'), publisher: z.string(), expiresAt: time }),
        ),
      }),
    },
    async ({ services }) => ({
      items: (await services.store.publisherJoinTokens(services.now())).map(({ hash, owner, expiresAt }) => ({
        id: hash,
        publisher: owner,
        expiresAt,
      })),
    }),
  ),
  'DELETE /join-tokens/{id}': route(
    {
      summary: 'Recall a join token of a publisher: it enrols nobody any more',
      permission: 'publishers:enrol',
      params: idParam,
      problems: ['CW_NOT_FOUND'],
    },
    async ({ services, params }) => {
      if (!(await services.store.dropPublisherJoinToken(params.id))) throw new CausewayError('CW_NOT_FOUND');
    },
  ),
  'DELETE /publisher-instances/{id}': route(
    {
      summary: 'Revoke an enrolled instance for good',
      permission: 'publishers:revoke',
      params: idParam,
      answer: z.object({ cut: z.int() }),
      dangerous: true,
      problems: ['CW_NOT_FOUND'],
    },
    async ({ services, params, caller }) => {
      if (!(await services.store.revokePublisher(params.id, services.now()))) throw new CausewayError('CW_NOT_FOUND');
      return { cut: await services.revocations.revoke({ publishers: [params.id], why: `revoked by ${caller.actor}` }) };
    },
  ),
};
