import { z } from '@hono/zod-openapi';
import { CausewayError } from '@causeway/contract';
import type { EventQuery } from '../../../rpc/messages.ts';
import { COUNTED } from '../../events/event-counts.ts';
import { eventStream } from '../../events/event-stream.ts';
import { MAX_PAGE, sortBy, time } from '../page.ts';
import { refuseInput } from '../problem.ts';
import { route } from '../route.ts';

const kind = z.enum(['request', 'flow', 'cut', 'alert', 'incident', 'audit']);
const action = z.enum(['allow', 'block']);
const method = z.enum(['browser', 'agent']);

const event = z
  .object({
    id: z.int().describe('its number in the store'),
    at: z.number().describe('milliseconds since 1970'),
    decision: z
      .string()
      .describe('of the decision it belongs to: on the block page, in the log; of audit the reference'),
    kind,
    user: z.string().nullable(),
    device: z.string().nullable(),
    session: z.string().nullable(),
    app: z.string().nullable(),
    method: method.nullable(),
    verdict: z
      .object({ action, rule: z.string().nullable(), why: z.string(), notify: z.string().optional() })
      .nullable(),
    address: z.string(),
    verb: z.string().nullable(),
    path: z.string().nullable().describe('without query; of others the target or the reason'),
    status: z.number().nullable(),
    bytesUp: z.number(),
    bytesDown: z.number(),
    ms: z.number(),
    worker: z.number().describe('edge worker; -1: control itself'),
  })
  .meta({ id: 'Event' });

const text = (max: number) => z.string().min(1).max(max).optional();
const whole = z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER).optional();
const moment = z.coerce.number().int().min(0).max(8.64e15);

/** What every route about events finds them by. */
const filters = {
  q: text(200).describe('somewhere in verb, path or reason'),
  from: moment.optional().describe('not before, milliseconds since 1970'),
  to: moment.optional().describe('before'),
  'filter[kind]': kind.optional(),
  'filter[decision]': text(256),
  'filter[user]': text(320),
  'filter[device]': text(256),
  'filter[session]': text(256),
  'filter[app]': text(256),
  'filter[rule]': text(256),
  'filter[action]': action.optional(),
  'filter[address]': text(256),
  'filter[status]': z.coerce.number().int().min(0).max(999).optional(),
  'filter[method]': method.optional(),
  'filter[verb]': text(256),
  'filter[worker]': z.coerce.number().int().min(-1).max(10_000).optional(),
  'filter[minMs]': whole.describe('took at least so long'),
  'filter[minBytes]': whole.describe('both directions together, at least'),
};

type Filters = z.output<z.ZodObject<typeof filters>>;

/** Of a query its filters, without those that are absent. */
function queryOf(given: Filters): EventQuery {
  const query: Record<string, string | number> = {};
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined) continue;
    const field = /^filter\[(\w+)\]$/.exec(name)?.[1];
    if (field !== undefined) query[field] = value;
  }
  const { q, from, to } = given;
  return {
    // Named by the filters alone, of which each is a field of EventQuery.
    ...(query as EventQuery),
    ...(q === undefined ? {} : { text: q }),
    ...(from === undefined ? {} : { since: from }),
    ...(to === undefined ? {} : { until: to }),
  };
}

const DAY_MS = 24 * 3_600_000;

export const eventRoutes = {
  'GET /events': route(
    {
      summary: 'Search the events, newest first; pages in both directions',
      permission: 'events:read',
      query: z.strictObject({
        limit: z.coerce.number().int().min(1).max(MAX_PAGE).default(50).describe('items at most'),
        cursor: z.string().min(1).max(100).optional().describe('next or previous of another page, with the same sort'),
        sort: sortBy(['at'], '-at'),
        ...filters,
      }),
      answer: z.object({
        items: z.array(event),
        next: z.string().nullable().describe('continues after the last item; null at the end'),
        previous: z.string().nullable().describe('the page before this one; null on the first'),
        partial: z.boolean().describe('shorter because a page looks at so many events only; next goes on'),
      }),
    },
    async ({ services, query }) => {
      const { limit, cursor, sort } = query;
      const page = await services.eventLog.search(queryOf(query), {
        limit,
        oldestFirst: sort === 'at',
        ...(cursor === undefined ? {} : { cursor }),
      });
      return { ...page, items: [...page.items] };
    },
  ),
  'GET /events/counts': route(
    {
      summary: 'Count the events of a time by the values of a field, in equal parts of it',
      permission: 'events:read',
      query: z.strictObject({
        ...filters,
        by: z.enum(COUNTED).default('kind'),
        buckets: z.coerce.number().int().min(1).max(500).default(48),
        top: z.coerce.number().int().min(1).max(50).default(10).describe('values counted by themselves'),
      }),
      answer: z.object({
        from: time,
        to: time,
        bucketMs: z.int(),
        countedFrom: time.describe('everything from here on is counted; later than from where there is too much'),
        values: z.array(z.object({ value: z.string().nullable(), count: z.int() })).describe('the most frequent first'),
        others: z.int(),
        buckets: z
          .array(
            z.object({ at: time, counts: z.array(z.int()).describe('of values, in their order'), others: z.int() }),
          )
          .describe('those that are not empty'),
      }),
    },
    async ({ services, query }) => {
      const { by, buckets, top } = query;
      const to = query.to ?? services.now();
      const from = query.from ?? Math.max(0, to - DAY_MS);
      if (from >= to) refuseInput('from', 'before to');
      const counts = await services.eventLog.counts(queryOf(query), { by, from, to, buckets, top });
      return {
        ...counts,
        from,
        to,
        values: [...counts.values],
        buckets: counts.buckets.map((one) => ({ ...one, counts: [...one.counts] })),
      };
    },
  ),
  'GET /events/tail': route(
    {
      summary: 'Follow the events as server-sent events; see docs/events.md',
      permission: 'events:read',
      query: z.strictObject({
        ...filters,
        after: whole.describe('goes on behind this event, as Last-Event-ID does; from now on without either'),
      }),
      stream: true,
    },
    async ({ services, caller, query, lastEventId, stillPermitted }) => {
      const { after, ...asked } = query;
      if (lastEventId !== undefined && !/^\d{1,15}$/.test(lastEventId))
        refuseInput('Last-Event-ID', 'an id of an event');
      const begin = lastEventId === undefined ? after : Number(lastEventId);
      const follower = await services.eventLog.follow(queryOf(asked), `${caller.kind} ${caller.id}`, begin);
      return eventStream({ follower, stillPermitted });
    },
  ),
  'GET /events/{id}': route(
    {
      summary: 'Read an event',
      permission: 'events:read',
      params: z.object({ id: z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER) }),
      answer: event,
      problems: ['CW_NOT_FOUND'],
    },
    async ({ services, params }) => {
      const found = await services.eventLog.get(params.id);
      if (found === null) throw new CausewayError('CW_NOT_FOUND');
      return found;
    },
  ),
};
