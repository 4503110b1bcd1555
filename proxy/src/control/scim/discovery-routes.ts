import { Hono } from 'hono';
import { CausewayError } from '@causeway/contract';
import { BULK_BYTES, BULK_OPERATIONS } from './bulk-limits.ts';
import { COUNT_MAX } from './list-query.ts';
import { DESCRIBED, ENTERPRISE, GROUP, USER } from './schemas.ts';
import { listResponse, scimJson } from './scim-json.ts';
import { baseUrl, type ScimEnv, type ScimServices } from './scim-services.ts';
import type { Resource } from './values.ts';

const TYPE = 'urn:ietf:params:scim:schemas:core:2.0:ResourceType';

/** What this interface can do (RFC 7643 §5 to §7). */
export function discoveryRoutes(services: ScimServices): Hono<ScimEnv> {
  const routes = new Hono<ScimEnv>();
  const located = (base: string, resourceType: string, path: string) => ({
    meta: { resourceType, location: `${base}${path}` },
  });

  routes.get('/ServiceProviderConfig', (c) => {
    const base = baseUrl(services, c.get('idp'));
    return scimJson(c, 200, {
      schemas: ['urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig'],
      patch: { supported: true },
      bulk: { supported: true, maxOperations: BULK_OPERATIONS, maxPayloadSize: BULK_BYTES },
      filter: { supported: true, maxResults: COUNT_MAX },
      changePassword: { supported: false },
      sort: { supported: true },
      etag: { supported: true },
      authenticationSchemes: [
        {
          type: 'oauthbearertoken',
          name: 'Bearer token',
          description: 'A token that an administrator of Causeway issued for this identity provider',
          primary: true,
        },
      ],
      ...located(base, 'ServiceProviderConfig', '/ServiceProviderConfig'),
    });
  });

  const types = (base: string): Resource[] => [
    {
      schemas: [TYPE],
      id: 'User',
      name: 'User',
      endpoint: '/Users',
      description: 'A person',
      schema: USER,
      schemaExtensions: [{ schema: ENTERPRISE, required: false }],
      ...located(base, 'ResourceType', '/ResourceTypes/User'),
    },
    {
      schemas: [TYPE],
      id: 'Group',
      name: 'Group',
      endpoint: '/Groups',
      description: 'A group of people',
      schema: GROUP,
      ...located(base, 'ResourceType', '/ResourceTypes/Group'),
    },
  ];
  const schemas = (base: string): Resource[] =>
    DESCRIBED.map((schema) => ({
      schemas: ['urn:ietf:params:scim:schemas:core:2.0:Schema'],
      ...schema,
      ...located(base, 'Schema', `/Schemas/${schema.id}`),
    }));

  for (const [path, all] of [
    ['/ResourceTypes', types],
    ['/Schemas', schemas],
  ] as const) {
    routes.get(path, (c) => {
      const found = all(baseUrl(services, c.get('idp')));
      return scimJson(c, 200, listResponse(found.length, 1, found));
    });
    routes.get(`${path}/:id`, (c) => {
      const id = c.req.param('id').toLowerCase();
      const found = all(baseUrl(services, c.get('idp'))).find((one) => String(one['id']).toLowerCase() === id);
      if (found === undefined) throw new CausewayError('CW_NOT_FOUND', 'there is no such description');
      return scimJson(c, 200, found);
    });
  }
  return routes;
}
