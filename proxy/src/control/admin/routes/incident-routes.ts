import { z } from '@hono/zod-openapi';
import { CausewayError } from '@causeway/contract';
import { INCIDENT_STATES, SEVERITIES, type Incident } from '../../events/incidents/incident.ts';
import { idParam, line } from '../identifiers.ts';
import { page, pageQuery, sortBy, time } from '../page.ts';
import { refuseInput } from '../problem.ts';
import { route } from '../route.ts';

const state = z.enum(INCIDENT_STATES);
const severity = z.enum(SEVERITIES);
const direction = z.enum(['upload', 'download']);
const action = z.enum(['alert', 'block']);

const incident = z
  .object({
    id: z.string(),
    at: time,
    decision: z.string().describe('of the request or flow: finds its events'),
    user: z.string().nullable(),
    device: z.string().nullable(),
    app: z.string().nullable(),
    direction,
    profile: z.string(),
    rule: z.string().nullable(),
    action,
    severity,
    matches: z
      .array(
        z.object({
          identifier: z.string(),
          count: z.int(),
          excerpts: z.array(z.string()).describe('redacted: their shape and last characters'),
        }),
      )
      .describe('what was found'),
    file: z.object({ name: z.string().nullable(), type: z.string(), size: z.int(), sha256: z.string() }).nullable(),
    state,
    assignee: z.string().nullable(),
    notes: z.array(z.object({ at: time, by: z.string(), text: z.string() })),
    evidence: z.string().nullable().describe('names what was kept, sealed'),
    updatedAt: time,
    updatedBy: z.string(),
    revision: z.int(),
  })
  .meta({ id: 'Incident' });

type Said = z.input<typeof incident>;

function said(one: Incident): Said {
  const matches = one.matches.map((match) => ({ ...match, excerpts: [...match.excerpts] }));
  return { ...one, matches, notes: [...one.notes] };
}

const exact = z.string().min(1).max(320).optional();
const moment = z.coerce.number().int().min(0).max(8.64e15).optional();

/** Incidents are made by content inspection alone: there is no route for it. */
export const incidentRoutes = {
  'GET /incidents': route(
    {
      summary: 'List incidents, newest first; filters are exact',
      permission: 'incidents:read',
      query: z.strictObject({
        ...pageQuery,
        sort: sortBy(['at'], '-at'),
        from: moment,
        to: moment,
        'filter[decision]': exact,
        'filter[user]': exact,
        'filter[app]': exact,
        'filter[profile]': exact,
        'filter[state]': state.optional(),
        'filter[severity]': severity.optional(),
        'filter[direction]': direction.optional(),
        'filter[action]': action.optional(),
        'filter[assignee]': exact,
      }),
      answer: page(incident),
    },
    async ({ services, query }) => {
      const { items, next } = await services.incidents.list({
        ...query,
        decision: query['filter[decision]'],
        user: query['filter[user]'],
        app: query['filter[app]'],
        profile: query['filter[profile]'],
        state: query['filter[state]'],
        severity: query['filter[severity]'],
        direction: query['filter[direction]'],
        action: query['filter[action]'],
        assignee: query['filter[assignee]'],
      });
      return { items: items.map(said), next };
    },
  ),
  'GET /incidents/{id}': route(
    {
      summary: 'Read an incident',
      permission: 'incidents:read',
      params: idParam,
      answer: incident,
      problems: ['CW_NOT_FOUND'],
    },
    async ({ services, params }) => {
      const found = await services.incidents.get(params.id);
      if (found === null) throw new CausewayError('CW_NOT_FOUND');
      return said(found);
    },
  ),
  'PATCH /incidents/{id}': route(
    {
      summary: 'Change state, severity or assignee of an incident, or add a note',
      permission: 'incidents:write',
      params: idParam,
      body: z.strictObject({
        state: state.optional(),
        severity: severity.optional(),
        assignee: line(320).nullable().optional(),
        note: z.string().trim().min(1).max(2_000).optional(),
      }),
      answer: incident,
      ifMatch: 'required',
      auditBody: true,
      problems: ['CW_NOT_FOUND', 'CW_CONFLICT'],
    },
    async ({ services, caller, params, body, ifRevision }) => {
      if (Object.values(body).every((value) => value === undefined)) refuseInput('', 'nothing is changed');
      if (body.note?.includes('\0') === true) refuseInput('note', 'no text has a NUL in it');
      return said(await services.incidents.change(params.id, { ...body, by: caller.actor, ifRevision }));
    },
  ),
};
