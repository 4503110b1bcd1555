import { Hono, type Context } from 'hono';
import { CausewayError } from '@causeway/contract';
import type { DirectoryGroup, DirectoryUser } from '../directory/records.ts';
import { groupsOfUsers, searchUsers, type UserSort } from '../directory/search.ts';
import { entityTag, ifMatch, ifNoneMatch } from './entity-tags.ts';
import { toCondition } from './filter-sql.ts';
import { readJson } from './json-body.ts';
import { listQuery } from './list-query.ts';
import { patchOperations } from './patch-operations.ts';
import { patchResource } from './patch-resource.ts';
import { projection, type Projection } from './projection.ts';
import { USER_SCHEMA } from './schemas.ts';
import { invalid } from './scim-error.ts';
import { baseUrl, type ScimEnv, type ScimServices } from './scim-services.ts';
import { userLookup } from './searchable.ts';
import { listResponse, scimJson } from './scim-json.ts';
import { toResource, toUserInput, userSchemas } from './user-resource.ts';
import { cleanResource, type Resource } from './values.ts';

const MAX_BYTES = 256 * 1024;

const SORTS: ReadonlyMap<string, UserSort> = new Map<string, UserSort>([
  ['id', 'seq'],
  ['username', 'user_key'],
  ['displayname', 'display_key'],
  ['externalid', 'external_id'],
  ['meta.created', 'created_at'],
  ['meta.lastmodified', 'updated_at'],
]);

/** `/Users` (RFC 7644 §3). */
export function userRoutes(services: ScimServices): Hono<ScimEnv> {
  const { directory } = services;
  const routes = new Hono<ScimEnv>();

  routes.get('/', async (c) => {
    const query = new URL(c.req.url).searchParams;
    const shown = projection(USER_SCHEMA, query);
    const { filter, sortBy, descending, startIndex, count } = listQuery(query);
    const sort = sortBy === null ? 'seq' : SORTS.get(sortBy);
    if (sort === undefined) throw invalid('invalidValue', 'users are not sorted by that');
    const { total, users } = await directory.read((db) =>
      searchUsers(db, {
        idp: c.get('idp'),
        where: filter === null ? null : (e) => toCondition(filter, USER_SCHEMA, userLookup(e)),
        sort,
        descending,
        offset: startIndex - 1,
        limit: count,
      }),
    );
    const groups = shown.has('groups')
      ? await directory.read((db) =>
          groupsOfUsers(
            db,
            users.map(({ id }) => id),
          ),
        )
      : new Map<string, []>();
    const resources = users.map((user) => represent(services, c, user, groups.get(user.id) ?? [], shown));
    return scimJson(c, 200, listResponse(total, startIndex, resources));
  });

  routes.post('/', async (c) => {
    const input = toUserInput(cleanResource(USER_SCHEMA, await readJson(c.req.raw, MAX_BYTES)));
    const user = await directory.createUser(c.get('idp'), input);
    c.header('location', `${baseUrl(services, c.get('idp'))}/Users/${user.id}`);
    return answer(services, c, 201, user);
  });

  routes.get('/:id', async (c) => {
    const user = await directory.user(c.get('idp'), c.req.param('id'));
    if (user === null) throw new CausewayError('CW_NOT_FOUND', 'there is no such user');
    if (ifNoneMatch(c.req.header('if-none-match'), user.version)) return c.body(null, 304);
    return answer(services, c, 200, user);
  });

  routes.put('/:id', async (c) => {
    const input = toUserInput(cleanResource(USER_SCHEMA, await readJson(c.req.raw, MAX_BYTES)));
    const check = ifMatch(c.req.header('if-match'));
    return answer(services, c, 200, await directory.changeUser(c.get('idp'), c.req.param('id'), () => input, check));
  });

  routes.patch('/:id', async (c) => {
    const operations = patchOperations(await readJson(c.req.raw, MAX_BYTES));
    const user = await directory.changeUser(
      c.get('idp'),
      c.req.param('id'),
      (present) => toUserInput(patchResource(USER_SCHEMA, toResource(present), operations)),
      ifMatch(c.req.header('if-match')),
    );
    return answer(services, c, 200, user);
  });

  routes.delete('/:id', async (c) => {
    await directory.deleteUser(c.get('idp'), c.req.param('id'), ifMatch(c.req.header('if-match')));
    return c.body(null, 204);
  });
  return routes;
}

async function answer(
  services: ScimServices,
  c: Context<ScimEnv>,
  status: 200 | 201,
  user: DirectoryUser,
): Promise<Response> {
  const shown = projection(USER_SCHEMA, new URL(c.req.url).searchParams);
  // Whoever was made this moment is in no group.
  const asked = shown.has('groups') && !(status === 201 && user.version === 1);
  const groups = asked
    ? ((await services.directory.read((db) => groupsOfUsers(db, [user.id]))).get(user.id) ?? [])
    : [];
  c.header('etag', entityTag(user.version));
  return scimJson(c, status, represent(services, c, user, groups, shown));
}

function represent(
  services: ScimServices,
  c: Context<ScimEnv>,
  user: DirectoryUser,
  groups: readonly Pick<DirectoryGroup, 'id' | 'name'>[],
  shown: Projection,
): Resource {
  const base = baseUrl(services, c.get('idp'));
  const resource = toResource(user);
  return shown.apply({
    schemas: userSchemas(resource),
    id: user.id,
    ...resource,
    ...(groups.length === 0
      ? {}
      : {
          groups: groups.map(({ id, name }) => ({
            value: id,
            display: name,
            type: 'direct',
            $ref: `${base}/Groups/${id}`,
          })),
        }),
    meta: {
      resourceType: 'User',
      created: new Date(user.createdAt).toISOString(),
      lastModified: new Date(user.updatedAt).toISOString(),
      location: `${base}/Users/${user.id}`,
      version: entityTag(user.version),
    },
  });
}
