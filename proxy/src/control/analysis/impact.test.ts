import { policyRule, privateApp } from '@causeway/contract';
import { expect, test } from 'vitest';
import { impact, type PolicyState } from './impact.ts';
import type { ImpactPage } from './model.ts';

const APPS = [
  { name: 'db', hosts: ['*.db.corp.example', '10.0.0.0/8'], ports: ['tcp/5432'], publishers: ['dc1'] },
  { name: 'wiki', hosts: ['wiki.corp.example'], ports: ['tcp/443'], publishers: ['dc1'] },
].map((app) => privateApp.parse(app));
const MONDAY_NOON = Date.parse('2026-11-23T12:00Z');

const state = (...rules: object[]): PolicyState => ({ apps: APPS, rules: rules.map((rule) => policyRule.parse(rule)) });
const compare = (
  before: PolicyState,
  after: PolicyState,
  args: Partial<Parameters<typeof impact>[2]> = {},
): ImpactPage =>
  impact(before, after, {
    principals: [{ user: 'ann', groups: [] }],
    limit: 100,
    at: MONDAY_NOON,
    timeZone: 'UTC',
    ...args,
  });
const told = ({ items }: ImpactPage): string[] =>
  items.map(({ users, app, method, hosts, effect }) => `${users.join('+')} ${effect} ${app} ${method} ${hosts.join()}`);

const ALL = { name: 'all', methods: ['agent'], action: 'allow' };

test('people are told apart by the units that rules name, and by having none', () => {
  const principals = [
    { user: 'ann', groups: [], ou: 'corp/sales/east' },
    { user: 'bob', groups: [], ou: 'corp/sales' },
    { user: 'eve', groups: [], ou: 'corp/salesmen' },
    { user: 'joe', groups: [] },
  ];
  const block = { name: 'not-sales', apps: ['wiki'], ous: ['corp/sales'], action: 'block' };
  const page = compare(state(ALL), state(block, ALL), { principals });
  expect(page.classes).toBe(3);
  expect(told(page)).toEqual(['ann+bob loses wiki agent wiki.corp.example', 'joe loses wiki agent wiki.corp.example']);
});

test('of an app those hosts are named where a rule of a destination changes something', () => {
  const within = { name: 'one', destinations: ['10.1.0.0/16'], action: 'block' };
  expect(told(compare(state(ALL), state(within, ALL)))).toEqual(['ann loses db agent 10.0.0.0/8']);
  const name = { name: 'one', destinations: ['old.db.corp.example'], action: 'block' };
  expect(told(compare(state(ALL), state(name, ALL)))).toEqual(['ann loses db agent *.db.corp.example']);
  const other = { name: 'one', destinations: ['192.0.2.1'], action: 'block' };
  expect(told(compare(state(ALL), state(other, ALL)))).toEqual([]);
});

test('rules are compared as of a time, in the time zone of the deployment, and for an address', () => {
  const work = { ...ALL, apps: ['wiki'], times: [{ days: ['mon'], from: '12:00', to: '13:00' }] };
  const gains = ['ann gains wiki agent wiki.corp.example'];
  expect(told(compare(state(), state(work)))).toEqual(gains);
  expect(told(compare(state(), state(work), { at: MONDAY_NOON - 1 }))).toEqual([]);
  const zurich = { timeZone: 'Europe/Zurich' };
  expect(told(compare(state(), state(work), zurich))).toEqual([]);
  const office = { ...ALL, apps: ['wiki'], sources: ['192.0.2.0/24'] };
  expect(told(compare(state(), state(office)))).toEqual([]);
  expect(told(compare(state(), state(office), { from: '192.0.2.7' }))).toEqual(gains);
  expect(told(compare(state(), state(office), { from: '198.51.100.7' }))).toEqual([]);
});
