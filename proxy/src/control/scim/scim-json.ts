import type { Context } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { ScimEnv } from './scim-services.ts';
import type { Resource } from './values.ts';

export const SCIM_JSON = 'application/scim+json; charset=utf-8';
export const LIST_RESPONSE = 'urn:ietf:params:scim:api:messages:2.0:ListResponse';

export function scimJson(c: Context<ScimEnv>, status: number, body: object): Response {
  return c.body(JSON.stringify(body), status as ContentfulStatusCode, { 'content-type': SCIM_JSON });
}

export function listResponse(total: number, startIndex: number, resources: readonly Resource[]): object {
  return {
    schemas: [LIST_RESPONSE],
    totalResults: total,
    startIndex,
    itemsPerPage: resources.length,
    Resources: resources,
  };
}
