import { z } from '@hono/zod-openapi';
import { addressNumber } from '@causeway/contract';
import { explainAccess } from '../../access-question.ts';
import type { AdminServices } from '../admin-services.ts';
import { requirePermission } from '../caller.ts';
import { page, pageQuery } from '../page.ts';
import { peopleWithGroups } from '../person-list.ts';
import { refuseInput } from '../problem.ts';
import { route } from '../route.ts';
import { given } from './snapshot-routes.ts';

const MAX_PRINCIPALS = 10_000;

const unit = z.string().min(1).max(1_024).describe('an organisational unit, with / between its levels');
const principal = z.strictObject({
  user: z.string().min(1).max(320),
  groups: z.array(z.string().max(320)).max(1_000).default([]),
  ou: unit.optional(),
});
const from = z
  .string()
  .max(100)
  .refine((text) => addressNumber(text) !== null, 'an IP address')
  .optional()
  .describe('the address of the client; needed where rules ask for it');
const at = z.int().min(0).max(8.64e15).optional().describe('milliseconds since 1970; absent: now');
const method = z.enum(['browser', 'agent']);
const action = z.enum(['allow', 'block']);
const explained = z.object({ action, rule: z.string().nullable(), why: z.string(), notify: z.string().optional() });
const decision = z.object({ action, rule: z.string().nullable(), notice: z.boolean() });

export const policyRoutes = {
  'GET /policy/shadowed': route(
    {
      summary: 'Rules of the working set that can never decide',
      permission: 'policy:analyse',
      query: z.strictObject(pageQuery),
      answer: page(
        z.object({ rule: z.string(), by: z.string().nullable().describe('the earlier rule; null: nothing meets it') }),
      ),
    },
    async ({ services, query }) => {
      const { items, next } = await services.snapshots.shadowed(given(query));
      return { items: [...items], next };
    },
  ),
  'GET /policy/hits': route(
    {
      summary: 'The rules in force in their order, with how often each decided and when last',
      permission: 'policy:analyse',
      query: z.strictObject(pageQuery),
      answer: page(z.object({ rule: z.string(), hits: z.int(), lastAt: z.int().nullable() })),
    },
    async ({ services, query: { limit, cursor = '0' } }) => {
      const { facts } = services.published().snapshot;
      if (!/^\d{1,9}$/.test(cursor)) refuseInput('cursor', 'not one of ours');
      const from = Number(cursor);
      const names = Array.from({ length: limit }, (_, i) => facts.verdict(from + i)?.name ?? []).flat();
      const hits = await services.hits.of(names);
      return {
        items: names.map((rule) => ({ rule, hits: hits.get(rule)?.hits ?? 0, lastAt: hits.get(rule)?.lastAt ?? null })),
        next: from + limit < facts.count ? String(from + limit) : null,
      };
    },
  ),
  'POST /policy/impact': route(
    {
      summary: 'Who gains and who loses if the working set is published',
      permission: 'policy:analyse',
      query: z.strictObject(pageQuery),
      body: z.strictObject({
        principals: z
          .array(principal)
          .max(MAX_PRINCIPALS)
          .optional()
          .describe('whose access; absent: the first 10,000 people of the directory'),
        from,
        at,
      }),
      bodyBytes: 4 * 1024 * 1024,
      answer: page(
        z.object({
          people: z.int(),
          users: z.array(z.string()),
          app: z.string(),
          method,
          hosts: z.array(z.string()).describe('hosts of the app within which this is so somewhere'),
          ports: z.array(z.string()),
          effect: z.enum(['gains', 'loses', 'told otherwise']),
          before: decision,
          after: decision,
        }),
      ).extend({ classes: z.int().describe('kinds of people that rules tell apart') }),
    },
    async ({ services, caller, query, body }) => {
      if (body.principals === undefined) requirePermission(caller, 'people:read');
      const principals = body.principals ?? (await everybody(services));
      const { items, next, classes } = await services.snapshots.impact({
        ...given(query),
        principals,
        from: body.from,
        at: body.at,
      });
      return {
        items: items.map((item) => ({
          ...item,
          users: [...item.users],
          hosts: [...item.hosts],
          ports: [...item.ports],
        })),
        next,
        classes,
      };
    },
  ),
  'POST /policy/explain': route(
    {
      summary: 'Which rules are tried for a person and a target, and why each matches or not',
      permission: 'policy:analyse',
      body: z.strictObject({
        user: z.string().min(1).max(320).optional().describe('absent: the owner of the device'),
        groups: z.array(z.string().max(320)).max(1_000).optional().describe('absent: those of the directory'),
        ou: unit.optional().describe('absent: that of the directory'),
        device: z.string().min(1).max(320).optional().describe('id or name of a device of the person, which asks'),
        posture: z
          .array(z.string().min(1).max(100))
          .max(100)
          .optional()
          .describe('posture profiles that the device satisfies; no rule can ask for one yet'),
        method: method.optional().describe('absent: agent with a device, else browser'),
        from,
        at,
        target: z.string().min(1).max(500).describe('a custom URL, a host and port, or the name of an app'),
      }),
      answer: z.object({
        app: z.string().nullable(),
        destination: z.string().nullable().describe('host:port that was decided'),
        verdict: explained,
        byRules: explained.describe('what the rules alone say'),
        refused: z
          .object({ code: z.string(), why: z.string() })
          .nullable()
          .describe('what ends access whatever the rules say; the verdict is of it then'),
        steps: z.array(z.object({ rule: z.string(), matched: z.boolean(), why: z.string() })),
        shadowed: z
          .array(z.object({ rule: z.string(), by: z.string().nullable() }))
          .nullable()
          .describe('rules among these that can never decide; null: still being looked for'),
        changes: z.array(z.string()).describe('what the verdict would be otherwise by'),
        snapshot: z.int(),
        asked: z.object({
          user: z.string(),
          groups: z.array(z.string()),
          ou: z.string().nullable(),
          method,
          from: z.string().nullable(),
          at: z.number(),
          timeZone: z.string(),
        }),
        groupsFrom: z.enum(['given', 'directory', 'nobody']),
        device: z
          .object({ id: z.string(), name: z.string(), user: z.string(), state: z.string(), os: z.string() })
          .nullable(),
        posture: z.array(z.string()),
      }),
      problems: ['CW_NOT_FOUND'],
    },
    async ({ services, caller, body }) => {
      // It says of anybody whether they are known, and what they have.
      requirePermission(caller, 'people:read');
      const { user, groups, ou, device, posture, method: by, from: address, at: time, target } = body;
      const answer = await explainAccess(services, services.published().policy, {
        target,
        ...(user === undefined ? {} : { user }),
        ...(groups === undefined ? {} : { groups }),
        ...(ou === undefined ? {} : { ou }),
        ...(device === undefined ? {} : { device }),
        ...(posture === undefined ? {} : { posture }),
        ...(by === undefined ? {} : { method: by }),
        ...(address === undefined ? {} : { from: address }),
        ...(time === undefined ? {} : { at: time }),
      });
      const { verdict, byRules, steps, shadowed, changes, asked } = answer;
      return {
        ...answer,
        verdict: { ...verdict },
        byRules: { ...byRules },
        steps: [...steps],
        shadowed: shadowed === null ? null : [...shadowed],
        changes: [...changes],
        asked: { ...asked, groups: [...asked.groups] },
        posture: [...answer.posture],
      };
    },
  ),
};

async function everybody(services: AdminServices) {
  const { database } = services;
  const found = await peopleWithGroups(database, services.published().config.identityProvider.name, MAX_PRINCIPALS);
  return found.map(({ userName, groups, ou }) => ({ user: userName, groups, ...(ou === null ? {} : { ou }) }));
}
