import { z } from '@hono/zod-openapi';
import { CausewayError } from '@causeway/contract';
import { DEVICE_STATES, type DeviceStep } from '../../devices/device-states.ts';
import { idParam } from '../identifiers.ts';
import { page, pageQuery, sortBy, time } from '../page.ts';
import { route } from '../route.ts';

const state = z.enum(DEVICE_STATES);

const device = z
  .object({
    id: z.string(),
    name: z.string(),
    user: z.string(),
    state,
    stateAt: time,
    stateBy: z.string(),
    stateWhy: z.string(),
    fingerprint: z.string().describe('of hardware and system, as the agent says it'),
    keyFingerprint: z.string().describe('SHA-256 of the public key it last came with, 64 hex digits'),
    hostName: z.string(),
    os: z.string(),
    osVersion: z.string(),
    model: z.string(),
    clientVersion: z.string(),
    createdAt: time,
    seenAt: time.nullable(),
    revision: z.int(),
  })
  .meta({ id: 'Device' });

const exact = z.string().min(1).max(320).optional();

function stepRoute(step: DeviceStep, summary: string) {
  return route(
    {
      summary,
      permission: 'devices:write',
      params: idParam,
      body: z.strictObject({ why: z.string().max(200).default('') }),
      answer: device,
      ifMatch: 'optional',
      auditBody: true,
      problems: ['CW_NOT_FOUND', 'CW_CONFLICT'],
    },
    async ({ services, caller, params, body, ifRevision }) =>
      services.devices.change(params.id, { step, by: caller.actor, why: body.why, ifRevision }),
  );
}

export const deviceRoutes = {
  'GET /devices': route(
    {
      summary: 'List enrolled devices; filters are exact',
      permission: 'devices:read',
      query: z.strictObject({
        ...pageQuery,
        sort: sortBy(['name', 'user', 'createdAt', 'stateAt'], 'name'),
        'filter[id]': exact,
        'filter[name]': exact,
        'filter[user]': exact,
        'filter[state]': state.optional(),
        'filter[fingerprint]': exact,
        'filter[keyFingerprint]': exact,
        'filter[hostName]': exact,
        'filter[os]': exact,
        'filter[osVersion]': exact,
        'filter[model]': exact,
        'filter[clientVersion]': exact,
        'filter[seenSince]': z.coerce.number().int().min(0).max(8.64e15).optional(),
      }),
      answer: page(device),
    },
    async ({ services, query }) =>
      services.devices.list({
        ...query,
        id: query['filter[id]'],
        name: query['filter[name]'],
        user: query['filter[user]'],
        state: query['filter[state]'],
        fingerprint: query['filter[fingerprint]'],
        keyFingerprint: query['filter[keyFingerprint]'],
        hostName: query['filter[hostName]'],
        os: query['filter[os]'],
        osVersion: query['filter[osVersion]'],
        model: query['filter[model]'],
        clientVersion: query['filter[clientVersion]'],
        seenSince: query['filter[seenSince]'],
      }),
  ),
  'GET /devices/{id}': route(
    {
      summary: 'Read a device',
      permission: 'devices:read',
      params: idParam,
      answer: device,
      problems: ['CW_NOT_FOUND'],
    },
    async ({ services, params }) => {
      const found = await services.devices.get(params.id);
      if (found === null) throw new CausewayError('CW_NOT_FOUND');
      return found;
    },
  ),
  'POST /devices/{id}/quarantine': stepRoute('quarantine', 'Cut a device off until it is released'),
  'POST /devices/{id}/release': stepRoute('release', 'Let a device out of quarantine'),
  'POST /devices/{id}/remove': stepRoute('remove', 'Remove a device at its next contact, or within an hour'),
  'POST /devices/{id}/force-remove': stepRoute('force-remove', 'Remove a device at once'),
};
