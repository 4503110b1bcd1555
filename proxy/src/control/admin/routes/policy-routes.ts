import { z } from '@hono/zod-openapi';
import type { AdminServices } from '../admin-services.ts';
import { page, pageQuery } from '../page.ts';
import { peopleWithGroups } from '../person-list.ts';
import { refuseInput } from '../problem.ts';
import { route } from '../route.ts';
import { given } from './snapshot-routes.ts';

const MAX_PRINCIPALS = 10_000;

const principal = z.strictObject({
  user: z.string().min(1).max(320),
  groups: z.array(z.string().max(320)).max(1_000).default([]),
});
const method = z.enum(['browser', 'agent']);
const action = z.enum(['allow', 'block']);
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
      const { rules } = services.published().snapshot;
      if (!/^\d{1,9}$/.test(cursor)) refuseInput('cursor', 'not one of ours');
      const from = Number(cursor);
      const names = rules.slice(from, from + limit).map(({ name }) => name);
      const hits = await services.hits.of(names);
      return {
        items: names.map((rule) => ({ rule, hits: hits.get(rule)?.hits ?? 0, lastAt: hits.get(rule)?.lastAt ?? null })),
        next: from + limit < rules.length ? String(from + limit) : null,
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
      }),
      bodyBytes: 4 * 1024 * 1024,
      answer: page(
        z.object({
          people: z.int(),
          users: z.array(z.string()),
          app: z.string(),
          method,
          ports: z.array(z.string()),
          effect: z.enum(['gains', 'loses', 'told otherwise']),
          before: decision,
          after: decision,
        }),
      ).extend({ classes: z.int().describe('kinds of people that rules tell apart') }),
    },
    async ({ services, query, body }) => {
      const principals = body.principals ?? (await everybody(services));
      const { items, next, classes } = await services.snapshots.impact({ ...given(query), principals });
      return {
        items: items.map((item) => ({ ...item, users: [...item.users], ports: [...item.ports] })),
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
        user: z.string().min(1).max(320),
        groups: z.array(z.string().max(320)).max(1_000).optional().describe('absent: those of the directory'),
        method: method.default('browser'),
        target: z.string().min(1).max(500).describe('a custom URL, a host and port, or the name of an app'),
      }),
      answer: z.object({
        app: z.string().nullable(),
        verdict: z.object({ action, rule: z.string().nullable(), why: z.string(), notify: z.string().optional() }),
        steps: z.array(z.object({ rule: z.string(), matched: z.boolean(), why: z.string() })),
        snapshot: z.int(),
      }),
    },
    async ({ services, body: { user, groups, method: by, target } }) => {
      const known = groups ?? (await services.directory.groupsOf(user))?.groups ?? [];
      const explained = services.published().policy.explain({ user, groups: known, method: by }, target);
      return { ...explained, verdict: { ...explained.verdict }, steps: [...explained.steps] };
    },
  ),
};

async function everybody(services: AdminServices) {
  const { database } = services;
  const found = await peopleWithGroups(database, services.published().config.identityProvider.name, MAX_PRINCIPALS);
  return found.map(({ userName, groups }) => ({ user: userName, groups }));
}
