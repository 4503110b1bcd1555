import { z } from '@hono/zod-openapi';
import type { AdminServices } from '../admin-services.ts';
import { page, pageQuery, time } from '../page.ts';
import { peopleWithGroups } from '../person-list.ts';
import { refuseInput } from '../problem.ts';
import { route } from '../route.ts';
import { given } from './snapshot-routes.ts';

const MAX_PRINCIPALS = 10_000;

const user = z.string().min(1).max(320);
const groups = z.array(z.string().max(320)).max(1_000);
const ou = z.string().max(1_000).optional().describe('path of the organisational unit');
const from = z.union([z.ipv4(), z.ipv6()]).optional().describe('the address that they come from');
const at = time.optional().describe('as of when; now where absent');
const principal = z.strictObject({ user, groups: groups.default([]), ou });
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
          hosts: z.array(z.string()),
          ports: z.array(z.string()),
          effect: z.enum(['gains', 'loses', 'told otherwise']),
          before: decision,
          after: decision,
        }),
      ).extend({ classes: z.int().describe('kinds of people that rules tell apart') }),
    },
    async ({ services, query, body }) => {
      const principals = body.principals ?? (await everybody(services));
      const asked = { ...given(query), principals, from: body.from, at: body.at ?? services.now() };
      const { items, next, classes } = await services.snapshots.impact(asked);
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
        user,
        groups: groups.optional().describe('absent: those of the directory'),
        ou,
        method: method.default('browser'),
        from,
        at,
        target: z.string().min(1).max(500).describe('a custom URL, a host and port, or the name of an app'),
      }),
      answer: z.object({
        app: z.string().nullable(),
        destination: z.string().nullable().describe('host and port that were decided'),
        verdict: z.object({ action, rule: z.string().nullable(), why: z.string(), notify: z.string().optional() }),
        steps: z.array(z.object({ rule: z.string(), matched: z.boolean(), why: z.string() })),
        shadowed: z
          .array(z.object({ rule: z.string(), by: z.string().nullable() }))
          .nullable()
          .describe('rules among these that can never decide; null: not known yet'),
        snapshot: z.int(),
        asked: z.record(z.string(), z.unknown()),
      }),
    },
    async ({ services, body }) => {
      const known = await services.directory.groupsOf(body.user);
      const unit = body.ou ?? known?.ou ?? null;
      const who = {
        user: body.user,
        groups: body.groups ?? known?.groups ?? [],
        ...(unit === null ? {} : { ou: unit }),
      };
      const question = {
        target: body.target,
        method: body.method,
        at: body.at ?? services.now(),
        ...(body.from === undefined ? {} : { from: body.from }),
      };
      const explained = services.published().policy.explain(who, question);
      return {
        ...explained,
        verdict: { ...explained.verdict },
        steps: [...explained.steps],
        shadowed: explained.shadowed === null ? null : [...explained.shadowed],
        asked: { ...explained.asked },
      };
    },
  ),
};

async function everybody(services: AdminServices) {
  const { database } = services;
  const found = await peopleWithGroups(database, services.published().config.identityProvider.name, MAX_PRINCIPALS);
  return found.map(({ userName, groups: names, ou: unit }) => ({
    user: userName,
    groups: names,
    ou: unit ?? undefined,
  }));
}
