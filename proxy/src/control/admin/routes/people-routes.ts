import { z } from '@hono/zod-openapi';
import { CausewayError } from '@causeway/contract';
import { membersPage } from '../../directory/search.ts';
import type { AdminServices } from '../admin-services.ts';
import { idParam } from '../identifiers.ts';
import { page, pageQuery, search, sortBy } from '../page.ts';
import { findGroup, findPerson, listGroups, listPeople, listUnits } from '../person-list.ts';
import { refuseInput } from '../problem.ts';
import { route } from '../route.ts';
import { group, person, user } from './people-schemas.ts';

const idp = z.string().max(100).optional().describe('absent: the one that people log in with');
const flag = z.enum(['true', 'false']).transform((text) => text === 'true');

export const peopleRoutes = {
  'GET /users': route(
    {
      summary: 'List people',
      permission: 'people:read',
      query: z.strictObject({
        ...pageQuery,
        q: search,
        sort: sortBy(['userName', 'displayName', 'id'], 'userName'),
        'filter[idp]': idp,
        'filter[active]': flag.optional(),
        'filter[ou]': z.string().max(1_000).optional(),
        'filter[userName]': z.string().max(320).optional(),
        'filter[group]': z.string().max(20).optional().describe('id of a group'),
      }),
      answer: page(user),
    },
    async ({ services, query }) =>
      listPeople(services.database, {
        ...query,
        idp: query['filter[idp]'] ?? loginIdp(services),
        active: query['filter[active]'],
        ou: query['filter[ou]'],
        userName: query['filter[userName]'],
        group: query['filter[group]'],
      }),
  ),
  'GET /users/{id}': route(
    {
      summary: 'Read somebody, with the groups that count for them now',
      permission: 'people:read',
      params: idParam,
      answer: person,
      problems: ['CW_NOT_FOUND'],
    },
    async ({ services, params }) => {
      const found = await findPerson(services.database, params.id);
      if (found === null) throw new CausewayError('CW_NOT_FOUND');
      return { ...found, groups: [...found.groups] };
    },
  ),
  'GET /groups': route(
    {
      summary: 'List groups',
      permission: 'people:read',
      query: z.strictObject({ ...pageQuery, q: search, sort: sortBy(['name', 'id'], 'name'), 'filter[idp]': idp }),
      answer: page(group),
    },
    async ({ services, query }) =>
      listGroups(services.database, { ...query, idp: query['filter[idp]'] ?? loginIdp(services) }),
  ),
  'GET /groups/{id}': route(
    {
      summary: 'Read a group',
      permission: 'people:read',
      params: idParam,
      answer: group,
      problems: ['CW_NOT_FOUND'],
    },
    async ({ services, params }) => {
      const found = await findGroup(services.database, params.id);
      if (found === null) throw new CausewayError('CW_NOT_FOUND');
      return found;
    },
  ),
  'GET /groups/{id}/members': route(
    {
      summary: 'List the members of a group',
      permission: 'people:read',
      params: idParam,
      query: z.strictObject(pageQuery),
      answer: page(z.object({ id: z.string(), displayName: z.string() })),
      problems: ['CW_NOT_FOUND'],
    },
    async ({ services, params, query: { limit, cursor = null } }) => {
      if (cursor !== null && !/^u\d{1,15}$/.test(cursor)) refuseInput('cursor', 'not one of ours');
      const found = await findGroup(services.database, params.id);
      if (found === null) throw new CausewayError('CW_NOT_FOUND');
      const members = await services.directory.read((db) => membersPage(db, params.id, cursor, limit + 1));
      const items = members.slice(0, limit);
      return { items, next: members.length > limit ? (items.at(-1)?.id ?? null) : null };
    },
  ),
  'GET /ous': route(
    {
      summary: 'Organisational units that somebody is in',
      permission: 'people:read',
      query: z.strictObject({ 'filter[idp]': idp }),
      answer: z.object({ items: z.array(z.object({ ou: z.string(), people: z.int() })) }),
    },
    async ({ services, query }) => ({
      items: await listUnits(services.database, query['filter[idp]'] ?? loginIdp(services)),
    }),
  ),
};

function loginIdp(services: AdminServices): string {
  return services.published().config.identityProvider.name;
}
