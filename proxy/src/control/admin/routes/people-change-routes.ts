import { z } from '@hono/zod-openapi';
import { CausewayError, slug } from '@causeway/contract';
import { unitPath } from '../../../policy/unit-path.ts';
import type { AdminServices } from '../admin-services.ts';
import { idParam, line } from '../identifiers.ts';
import { peopleCheck } from '../people-checks.ts';
import { findGroup, findPerson } from '../person-list.ts';
import { refuseInput } from '../problem.ts';
import { route } from '../route.ts';
import { group, person } from './people-schemas.ts';

const MEMBERS_AT_ONCE = 1_000;

const displayName = line(255);
const email = line(254)
  .regex(/^[^\s@]+@[^\s@]+$/, 'no e-mail address')
  .nullable();
const ou = z.string().max(1_000).nullable().describe('path from the top, like corp/sales');
const members = z.array(z.string().min(1).max(20)).max(MEMBERS_AT_ONCE);
const idp = slug.optional().describe('absent: the one that people log in with');
const writeProblems = ['CW_CONFLICT', 'CW_FORBIDDEN', 'CW_MANAGED', 'CW_NOT_FOUND', 'CW_REQUEST_INVALID'] as const;
const WITH_ROLE = 'Of whoever has a role, by name or by group, it needs `roles:write`, too.';

/** People and groups that an administrator keeps; what SCIM keeps is the provider's. */
export const peopleChangeRoutes = {
  'POST /users': route(
    {
      summary: `Keep a person here whom the identity provider does not send. ${WITH_ROLE}`,
      permission: 'people:write',
      body: z.strictObject({
        idp,
        userName: line(255).describe('what the identity provider calls them; never changes'),
        displayName: displayName.optional().describe('absent: the user name'),
        email: email.default(null),
        active: z.boolean().default(true),
        ou: ou.default(null),
      }),
      answer: person,
      status: 201,
      auditBody: true,
      problems: writeProblems,
    },
    async ({ services, caller, body }) => {
      const { userName, displayName: shown = userName } = body;
      const input = { ...body, idp: idpOf(services, body.idp), displayName: shown, ou: unitOf(body.ou) };
      const made = await services.directory.local.createUser(input, peopleCheck(caller, {}, services.now()));
      return readPerson(services, made.id);
    },
  ),
  'PATCH /users/{id}': route(
    {
      summary: `Change a person whom SCIM does not keep; one known from logins is kept here from then on. ${WITH_ROLE}`,
      permission: 'people:write',
      params: idParam,
      body: z.strictObject({
        displayName: displayName.optional(),
        email: email.optional(),
        active: z.boolean().optional().describe('false ends sessions and cuts devices at once'),
        ou: ou.optional(),
      }),
      answer: person,
      ifMatch: 'required',
      auditBody: true,
      problems: writeProblems,
    },
    async ({ services, caller, params, body, ifRevision, mustBeNew }) => {
      const present = await readPerson(services, params.id);
      const change = {
        ...(body.displayName === undefined ? {} : { displayName: body.displayName }),
        ...(body.email === undefined ? {} : { email: body.email }),
        ...(body.active === undefined ? {} : { active: body.active }),
        ...(body.ou === undefined ? {} : { ou: unitOf(body.ou) }),
      };
      const check = peopleCheck(caller, { ifRevision, mustBeNew }, services.now());
      await services.directory.local.changeUser(present.idp, params.id, change, check);
      return readPerson(services, params.id);
    },
  ),
  'DELETE /users/{id}': route(
    {
      summary: `Forget a person whom SCIM does not keep, and end their sessions. ${WITH_ROLE}`,
      permission: 'people:write',
      params: idParam,
      ifMatch: 'required',
      problems: writeProblems,
    },
    async ({ services, caller, params, ifRevision, mustBeNew }) => {
      const present = await readPerson(services, params.id);
      const check = peopleCheck(caller, { ifRevision, mustBeNew }, services.now());
      await services.directory.local.deleteUser(present.idp, params.id, check);
    },
  ),
  'POST /groups': route(
    {
      summary: 'Make a group of people, whoever keeps those. One that has a role needs `roles:write`, too.',
      permission: 'people:write',
      body: z.strictObject({ idp, name: line(255), members: members.default([]).describe('ids of users') }),
      answer: group,
      status: 201,
      auditBody: true,
      problems: writeProblems,
    },
    async ({ services, caller, body }) => {
      const check = peopleCheck(caller, {}, services.now());
      const { id } = await services.directory.local.createGroup(
        idpOf(services, body.idp),
        body.name,
        body.members,
        check,
      );
      return readGroup(services, id);
    },
  ),
  'PATCH /groups/{id}': route(
    {
      summary: 'Rename a group, let people in and out. One that has a role needs `roles:write`, too.',
      permission: 'people:write',
      params: idParam,
      body: z.strictObject({
        name: line(255).optional(),
        add: members.optional().describe('ids of users; who is a member already stays one'),
        remove: members.optional().describe('ids of users; who is none is passed over'),
      }),
      answer: group,
      ifMatch: 'required',
      auditBody: true,
      problems: writeProblems,
    },
    async ({ services, caller, params, body, ifRevision, mustBeNew }) => {
      const present = await readGroup(services, params.id);
      const check = peopleCheck(caller, { ifRevision, mustBeNew }, services.now());
      await services.directory.local.changeGroup(present.idp, params.id, body, check);
      return readGroup(services, params.id);
    },
  ),
  'DELETE /groups/{id}': route(
    {
      summary: 'Delete a group that SCIM does not keep. One that has a role needs `roles:write`, too.',
      permission: 'people:write',
      params: idParam,
      ifMatch: 'required',
      problems: writeProblems,
    },
    async ({ services, caller, params, ifRevision, mustBeNew }) => {
      const present = await readGroup(services, params.id);
      const check = peopleCheck(caller, { ifRevision, mustBeNew }, services.now());
      await services.directory.local.deleteGroup(present.idp, params.id, check);
    },
  ),
};

async function readPerson({ database }: AdminServices, id: string) {
  const found = await findPerson(database, id);
  if (found === null) throw new CausewayError('CW_NOT_FOUND');
  return { ...found, groups: [...found.groups] };
}

async function readGroup({ database }: AdminServices, id: string) {
  const found = await findGroup(database, id);
  if (found === null) throw new CausewayError('CW_NOT_FOUND');
  return found;
}

/** @throws CausewayError `CW_INPUT_INVALID` where no such provider is published */
function idpOf(services: AdminServices, name: string | undefined): string {
  const { config, objects } = services.published();
  const own = config.identityProvider.name;
  if (name === undefined || name === own) return own;
  if (!objects.idps.some((one) => one.name === name)) refuseInput('idp', 'no such identity provider is published');
  return name;
}

/** @throws CausewayError `CW_INPUT_INVALID` where it is no path of units */
function unitOf(text: string | null): string | null {
  const path = unitPath(text ?? '');
  if (path === undefined) refuseInput('ou', 'no path of organisational units');
  return path;
}
