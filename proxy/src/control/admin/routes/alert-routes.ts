import { z } from '@hono/zod-openapi';
import { CausewayError } from '@causeway/contract';
import { ALERT_RULE_NAMES } from '../../events/alerts/alert-rules.ts';
import { idParam } from '../identifiers.ts';
import { page, pageQuery, sortBy, time } from '../page.ts';
import { route } from '../route.ts';

const state = z.enum(['open', 'acknowledged', 'resolved']);
const severity = z.enum(['warning', 'critical']);
const rule = z.enum(ALERT_RULE_NAMES);

const alert = z
  .object({
    id: z.string(),
    rule,
    subject: z.string().describe('what it is about'),
    severity,
    message: z.string(),
    state,
    firstAt: time,
    lastAt: time,
    count: z.int().describe('how often it happened'),
    acknowledgedBy: z.string().nullable(),
    acknowledgedAt: time.nullable(),
    resolvedAt: time.nullable(),
    revision: z.int(),
  })
  .meta({ id: 'Alert' });

export const alertRoutes = {
  'GET /alerts': route(
    {
      summary: 'List alerts, the latest first',
      permission: 'alerts:read',
      query: z.strictObject({
        ...pageQuery,
        sort: sortBy(['lastAt', 'firstAt'], '-lastAt'),
        'filter[state]': state.optional(),
        'filter[rule]': rule.optional(),
        'filter[severity]': severity.optional(),
      }),
      answer: page(alert),
    },
    async ({ services, query }) =>
      services.alerts.list({
        ...query,
        state: query['filter[state]'],
        rule: query['filter[rule]'],
        severity: query['filter[severity]'],
      }),
  ),
  'GET /alerts/{id}': route(
    {
      summary: 'Read an alert',
      permission: 'alerts:read',
      params: idParam,
      answer: alert,
      problems: ['CW_NOT_FOUND'],
    },
    async ({ services, params }) => {
      const found = await services.alerts.get(params.id);
      if (found === null) throw new CausewayError('CW_NOT_FOUND');
      return found;
    },
  ),
  'POST /alerts/{id}/acknowledge': route(
    {
      summary: 'Say that an alert was seen; what happens again begins another',
      permission: 'alerts:write',
      params: idParam,
      answer: alert,
      ifMatch: 'optional',
      problems: ['CW_NOT_FOUND', 'CW_CONFLICT'],
    },
    async ({ services, caller, params, ifRevision }) =>
      services.alerts.acknowledge(params.id, caller.actor, ifRevision),
  ),
};
