import { z } from '@hono/zod-openapi';
import { CausewayError, slug } from '@causeway/contract';
import { permissionsOf } from '../authentication.ts';
import type { Caller } from '../caller.ts';
import { idParam, line } from '../identifiers.ts';
import { page, pageQuery, sortBy, time } from '../page.ts';
import { PERMISSIONS, ROLES } from '../permissions.ts';
import { refuseInput } from '../problem.ts';
import { route } from '../route.ts';
import type { TokenRecord } from '../tokens.ts';

const MAX_LIFE_MS = 400 * 24 * 3_600_000;
const role = z.enum(ROLES);
const permission = z.enum(PERMISSIONS);

const token = z
  .object({
    id: z.string(),
    kind: z.enum(['api', 'service', 'break-glass']),
    name: z.string(),
    role: role.nullable(),
    permissions: z.array(permission),
    apps: z.array(z.string()),
    createdBy: z.string(),
    person: z.string().nullable().describe('who made it: it may no more than they do, and ends with them'),
    createdAt: time,
    expiresAt: time,
    lastUsedAt: time.nullable(),
    revokedAt: time.nullable(),
  })
  .meta({ id: 'Token' });

const issued = token.extend({ token: z.string().describe('shown this once') });
const listQuery = z.strictObject({ ...pageQuery, sort: sortBy(['name', 'createdAt', 'expiresAt'], 'name') });
const expiresAt = time.describe('at most 400 days from now');

export const tokenRoutes = {
  'GET /tokens': route(
    { summary: 'List API tokens', permission: 'tokens:read', query: listQuery, answer: page(token) },
    async ({ services, query }) => plainPage(await services.tokens.list('api', query)),
  ),
  'POST /tokens': route(
    {
      summary: 'Issue an API token, with a role or single permissions, none of which the caller may lack',
      permission: 'tokens:write',
      body: z.strictObject({
        name: line(100),
        role: role.optional(),
        permissions: z.array(permission).min(1).max(PERMISSIONS.length).optional(),
        expiresAt,
      }),
      answer: issued,
      status: 201,
      secret: true,
      dangerous: true,
      auditBody: true,
      problems: ['CW_FORBIDDEN'],
    },
    async ({ services, caller, body }) => {
      checkLife(body.expiresAt, services.now());
      if ((body.role === undefined) === (body.permissions === undefined)) {
        refuseInput('role', 'either a role or permissions');
      }
      const wanted = permissionsOf({ role: body.role ?? null, permissions: body.permissions ?? [] });
      mayGive(caller, wanted);
      return plain(
        await services.tokens.issue({ kind: 'api', createdBy: caller.actor, person: caller.person, ...body }),
      );
    },
  ),
  'DELETE /tokens/{id}': route(
    {
      summary: 'Revoke an API token',
      permission: 'tokens:write',
      params: idParam,
      problems: ['CW_NOT_FOUND'],
    },
    async ({ services, params }) => {
      if (!(await services.tokens.revoke(['api', 'break-glass'], params.id))) throw new CausewayError('CW_NOT_FOUND');
    },
  ),
  'GET /service-tokens': route(
    {
      summary: 'List tokens with which machines reach apps',
      permission: 'service-tokens:read',
      query: listQuery,
      answer: page(token),
    },
    async ({ services, query }) => plainPage(await services.tokens.list('service', query)),
  ),
  'POST /service-tokens': route(
    {
      summary: 'Issue a token with which a machine reaches apps',
      permission: 'service-tokens:write',
      body: z.strictObject({ name: line(100), apps: z.array(slug).min(1).max(1_000), expiresAt }),
      answer: issued,
      status: 201,
      secret: true,
      dangerous: true,
      auditBody: true,
    },
    async ({ services, caller, body }) => {
      checkLife(body.expiresAt, services.now());
      for (const [i, app] of body.apps.entries()) {
        if ((await services.objects.get('apps', app)) === null) refuseInput(`apps[${i}]`, 'there is no such app');
      }
      return plain(await services.tokens.issue({ kind: 'service', createdBy: caller.actor, ...body }));
    },
  ),
  'DELETE /service-tokens/{id}': route(
    {
      summary: 'Revoke a service token',
      permission: 'service-tokens:write',
      params: idParam,
      problems: ['CW_NOT_FOUND'],
    },
    async ({ services, params }) => {
      if (!(await services.tokens.revoke(['service'], params.id))) throw new CausewayError('CW_NOT_FOUND');
    },
  ),
  'GET /scim-tokens': route(
    {
      summary: 'List the tokens with which an identity provider provisions',
      permission: 'scim-tokens:read',
      query: z.strictObject({ 'filter[idp]': z.string().max(100).optional() }),
      answer: z.object({
        items: z.array(
          z.object({
            hash: z.string(),
            idp: z.string(),
            label: z.string(),
            createdAt: time,
            expiresAt: time.nullable(),
          }),
        ),
      }),
    },
    async ({ services, query }) => ({
      items: await services.scimTokens.list(query['filter[idp]'] ?? services.published().config.identityProvider.name),
    }),
  ),
  'POST /scim-tokens': route(
    {
      summary: 'Issue a token with which an identity provider provisions people',
      permission: 'scim-tokens:write',
      body: z.strictObject({
        idp: slug.optional().describe('absent: the one that people log in with'),
        label: line(100),
        expiresAt: time.nullable().default(null),
      }),
      answer: z.object({
        token: z.string(),
        hash: z.string(),
        idp: z.string(),
        address: z.string().describe('where the provider sends its people'),
      }),
      status: 201,
      secret: true,
      dangerous: true,
      auditBody: true,
    },
    async ({ services, body }) => {
      const { config, objects } = services.published();
      const { idp = config.identityProvider.name } = body;
      const known = [config.identityProvider.name, ...objects.idps.map(({ name }) => name)];
      if (!known.includes(idp)) refuseInput('idp', `no such identity provider is published`);
      const issued = await services.scimTokens.issue(idp, body.label, body.expiresAt);
      return { ...issued, idp, address: `${services.origin()}/scim/v2/${idp}` };
    },
  ),
  'DELETE /scim-tokens/{idp}/{hash}': route(
    {
      summary: 'Revoke a token of an identity provider',
      permission: 'scim-tokens:write',
      params: z.object({ idp: slug, hash: z.string().min(1).max(100) }),
      dangerous: true,
      problems: ['CW_NOT_FOUND'],
    },
    async ({ services, params }) => {
      if (!(await services.scimTokens.revoke(params.idp, params.hash))) throw new CausewayError('CW_NOT_FOUND');
    },
  ),
};

function checkLife(until: number, now: number): void {
  if (until <= now) refuseInput('expiresAt', 'is over already');
  if (until > now + MAX_LIFE_MS) refuseInput('expiresAt', 'at most 400 days from now');
}

/** A token is not a way to get more than one has. */
function mayGive({ permissions }: Caller, wanted: ReadonlySet<string>): void {
  const missing = [...wanted].filter((one) => !permissions.has(one as never));
  if (missing.length > 0) throw new CausewayError('CW_FORBIDDEN', `you lack ${missing.join(', ')} yourself`);
}

function plain<T extends TokenRecord>(record: T) {
  return { ...record, permissions: [...record.permissions], apps: [...record.apps] };
}

function plainPage({ items, next }: { items: TokenRecord[]; next: string | null }) {
  return { items: items.map(plain), next };
}
