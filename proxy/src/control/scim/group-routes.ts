import { Hono, type Context } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { CausewayError } from '@causeway/contract';
import type { DirectoryGroup, GroupStep } from '../directory/records.ts';
import { searchGroups, type GroupSort } from '../directory/search.ts';
import { entityTag, ifMatch, ifNoneMatch } from './entity-tags.ts';
import { toCondition } from './filter-sql.ts';
import { groupExternalId, groupName, groupSteps, memberIds } from './group-patch.ts';
import { groupText, listText } from './group-text.ts';
import { readJson } from './json-body.ts';
import { textStream } from './json-stream.ts';
import { listQuery } from './list-query.ts';
import { patchOperations } from './patch-operations.ts';
import { projection } from './projection.ts';
import { SCIM_JSON } from './scim-json.ts';
import { GROUP_SCHEMA } from './schemas.ts';
import { invalid } from './scim-error.ts';
import { baseUrl, type ScimEnv, type ScimServices } from './scim-services.ts';
import { groupLookup } from './searchable.ts';

/** 50,000 members with their names. */
const GROUP_BYTES = 6 * 1024 * 1024;
/** Groups of one list, whose members come with them. */
const GROUPS_MAX = 200;

const SORTS: ReadonlyMap<string, GroupSort> = new Map<string, GroupSort>([
  ['id', 'seq'],
  ['displayname', 'name_key'],
  ['externalid', 'external_id'],
  ['meta.created', 'created_at'],
  ['meta.lastmodified', 'updated_at'],
]);

/** `/Groups` (RFC 7644 §3). Members are read only where an answer has them, and then page by page as it is sent. */
export function groupRoutes(services: ScimServices): Hono<ScimEnv> {
  const { directory } = services;
  const routes = new Hono<ScimEnv>();

  routes.get('/', async (c) => {
    const query = new URL(c.req.url).searchParams;
    const shown = projection(GROUP_SCHEMA, query);
    const { filter, sortBy, descending, startIndex, count } = listQuery(query);
    const sort = sortBy === null ? 'seq' : SORTS.get(sortBy);
    if (sort === undefined) throw invalid('invalidValue', 'groups are not sorted by that');
    const { total, groups } = await directory.read((db) =>
      searchGroups(db, {
        idp: c.get('idp'),
        where: filter === null ? null : (e) => toCondition(filter, GROUP_SCHEMA, groupLookup(e)),
        sort,
        descending,
        offset: startIndex - 1,
        limit: Math.min(count, GROUPS_MAX),
      }),
    );
    const base = baseUrl(services, c.get('idp'));
    const pieces = listText({ directory, base, shown }, groups, { total, startIndex });
    return c.body(textStream(pieces), 200, { 'content-type': SCIM_JSON });
  });

  routes.post('/', async (c) => {
    const { name, externalId, members } = groupOf(await readJson(c.req.raw, GROUP_BYTES));
    const group = await directory.createGroup(c.get('idp'), { name, externalId }, members);
    c.header('location', `${baseUrl(services, c.get('idp'))}/Groups/${group.id}`);
    return answer(services, c, 201, group);
  });

  routes.get('/:id', async (c) => {
    const group = await directory.group(c.get('idp'), c.req.param('id'));
    if (group === null) throw new CausewayError('CW_NOT_FOUND', 'there is no such group');
    if (ifNoneMatch(c.req.header('if-none-match'), group.version)) return c.body(null, 304);
    return answer(services, c, 200, group);
  });

  routes.put('/:id', async (c) => {
    const { name, externalId, members } = groupOf(await readJson(c.req.raw, GROUP_BYTES));
    const steps: GroupStep[] = [
      { t: 'rename', name },
      { t: 'externalId', externalId },
      { t: 'members', members },
    ];
    const check = ifMatch(c.req.header('if-match'));
    return answer(services, c, 200, await directory.changeGroup(c.get('idp'), c.req.param('id'), steps, check));
  });

  routes.patch('/:id', async (c) => {
    const steps = groupSteps(patchOperations(await readJson(c.req.raw, GROUP_BYTES)));
    const check = ifMatch(c.req.header('if-match'));
    const group = await directory.changeGroup(c.get('idp'), c.req.param('id'), steps, check);
    // Only who asks for attributes gets the group, which may be large (RFC 7644 §3.5.2).
    if (new URL(c.req.url).searchParams.has('attributes')) return answer(services, c, 200, group);
    c.header('etag', entityTag(group.version));
    return c.body(null, 204);
  });

  routes.delete('/:id', async (c) => {
    await directory.deleteGroup(c.get('idp'), c.req.param('id'), ifMatch(c.req.header('if-match')));
    return c.body(null, 204);
  });
  return routes;
}

function groupOf(body: object): { name: string; externalId: string | null; members: string[] } {
  const fields = new Map(Object.entries(body).map(([key, value]) => [key.toLowerCase(), value as unknown]));
  return {
    name: groupName(fields.get('displayname')),
    externalId: groupExternalId(fields.get('externalid')),
    members: memberIds(fields.get('members')),
  };
}

function answer(services: ScimServices, c: Context<ScimEnv>, status: 200 | 201, group: DirectoryGroup): Response {
  const shown = projection(GROUP_SCHEMA, new URL(c.req.url).searchParams);
  const base = baseUrl(services, c.get('idp'));
  c.header('etag', entityTag(group.version));
  const pieces = groupText({ directory: services.directory, base, shown }, group);
  return c.body(textStream(pieces), status as ContentfulStatusCode, { 'content-type': SCIM_JSON });
}
