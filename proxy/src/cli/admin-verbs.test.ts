import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { api } from './api.ts';
import { startFakeAdmin, type FakeAdmin } from './admin-fixture.ts';
import { get } from './get.ts';
import { revoke } from './revoke.ts';
import { token } from './token.ts';

const MADE = { token: 'cwx_made', id: 't1', name: 'ci', expiresAt: Date.parse('2026-12-24T10:00Z') };
const device = (id: string, state: string) => ({ id, name: 'laptop', user: 'ada', state });
const instance = (id: string, state: string, software: string | null) => ({
  id,
  name: 'office',
  state,
  software,
  revokedAt: state === 'revoked' ? 1 : null,
  load: software === null ? null : { cpu: 0.25 },
});
const object = (name: string) => ({ name, revision: 3, body: {}, managedBy: 'api', updatedAt: 0, updatedBy: 'ada' });
const OFFICE = [
  instance('i1', 'up', 'causeway-publisher/0.1.0'),
  instance('i2', 'up', '0.2.0'),
  instance('i3', 'revoked', null),
];
const ANSWERS = {
  'GET /users': { items: [{ id: 'u1', userName: 'ada', active: true, seenAt: 0 }], next: null },
  'GET /users/u1': { id: 'u1', userName: 'ada', groups: ['staff'] },
  'GET /groups': { items: [{ id: 'g1', name: 'staff' }], next: null },
  'GET /groups/g1': { id: 'g1', name: 'staff' },
  'GET /groups/g1/members': { items: [{ id: 'u1', displayName: 'Ada' }], next: null },
  'GET /audit': { items: Array.from({ length: 150 }, (_, id) => ({ id, at: 0, actor: 'ada' })), next: null },
  'GET /devices': {
    items: [device('d1', 'registered'), device('d2', 'removed'), device('d3', 'registered')],
    next: null,
  },
  'POST /devices/d1/force-remove': {},
  'POST /devices/d3/force-remove': {},
  'POST /sessions/revoke': { sessions: 2, cut: 5 },
  'GET /publishers': { items: [object('office'), object('new')], next: null },
  'GET /publisher-status': {
    items: [{ name: 'office', health: 'up', tunnels: 4, streams: 7, instances: OFFICE }],
  },
  'DELETE /publisher-instances/i1': { cut: 3 },
  'DELETE /publisher-instances/i2': { cut: 4 },
  'GET /scim-tokens': {
    items: [
      { label: 'entra', hash: 'h1', idp: 'default' },
      { label: 'twice', hash: 'h2', idp: 'default' },
      { label: 'twice', hash: 'h3', idp: 'default' },
    ],
  },
  'DELETE /scim-tokens/default/h1': {},
  'POST /tokens': MADE,
  'POST /service-tokens': MADE,
  'POST /publishers/office/join-tokens': MADE,
  'PUT /tags/eu': { done: true },
};

let admin: FakeAdmin;
let out: string[];
let err: string[];
beforeEach(async () => {
  admin = await startFakeAdmin(ANSWERS);
  vi.stubEnv('CAUSEWAY_TOKEN', 'cwa_test');
  vi.stubEnv('CAUSEWAY_URL', '');
  vi.stubEnv('CAUSEWAY_DATA', admin.folder);
  [out, err] = [[], []];
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => out.push(String(text)) > 0);
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => err.push(String(text)) > 0);
});
afterEach(async () => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  await admin.close();
});

const routes = (): string[] => admin.asked.map(({ route }) => route);

describe('get', () => {
  test('a table of records, filtered by what the API knows', async () => {
    await get(['users', '--filter', 'active=true', '--search', 'ad', '--sort=-userName']);
    expect(routes()).toEqual(['GET /users?limit=500&filter%5Bactive%5D=true&q=ad&sort=-userName']);
    expect(out.join('')).toMatch(/^ID {2}USER NAME .*\nu1 {2}ada .*1970-01-01T00:00:00Z\n$/s);
  });

  test('one by the name that people know, with who is in it', async () => {
    await get(['groups', 'STAFF', '--json']);
    expect(JSON.parse(out.join(''))).toEqual({ id: 'g1', name: 'staff', members: ['Ada (u1)'] });
  });

  test('what grows for ever is cut, and said to be', async () => {
    await get(['audit', '--json']);
    expect(JSON.parse(out.join(''))).toHaveLength(100);
    expect(err.join('')).toContain('these are 100, and there are more: --limit N');
    await get(['audit', '--limit', '150', '--json']);
    expect(JSON.parse(out.at(-1) ?? '')).toHaveLength(150);
  });

  test('publishers with what they do; one that is not published does nothing', async () => {
    await get(['publishers']);
    const [head, office, fresh] = out.join('').split('\n');
    expect(head).toMatch(/^NAME +HEALTH +VERSION +TUNNELS +STREAMS +CPU +REVISION/);
    expect(office).toMatch(/^office +up +0\.1\.0, 0\.2\.0 +4 +7 +50 % +3 /);
    expect(fresh).toMatch(/^new +not published +- +- +- +- +3 /);
  });

  test.each([
    [['user'], 'CW_USAGE', /there is no kind "user".*users/],
    [[], 'CW_USAGE', /which kind\?/],
    [['constructor'], 'CW_USAGE', /there is no kind/],
    [['users', 'eve'], 'CW_NOT_FOUND', /there is no eve among users; causeway get users lists them/],
    [['users', 'a', 'b'], 'CW_USAGE', /perhaps a name/],
    [['users', 'ada', '--limit', '3'], 'CW_USAGE', /are for lists/],
    [['users', '--limit', '0'], 'CW_USAGE', /--limit/],
    [['users', '--filter', 'active'], 'CW_USAGE', /FIELD=VALUE/],
    [['users', '--yaml', '--json'], 'CW_USAGE', /either/],
    [['scim-tokens', 'twice'], 'CW_USAGE', /2 scim-tokens are called twice/],
  ])('%j is refused', async (words, code, message) => {
    await expect(get(words)).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
  });
});

describe('token', () => {
  test.each([
    [['api', 'ci', '--role', 'auditor'], 'POST /tokens', { name: 'ci', role: 'auditor' }],
    [
      ['api', 'ci', '--permission', 'apps:read', '--permission', 'policy:read'],
      'POST /tokens',
      { permissions: ['apps:read', 'policy:read'] },
    ],
    [['service', 'job', '--app', 'wiki', '--days', '1'], 'POST /service-tokens', { name: 'job', apps: ['wiki'] }],
    [['publisher', 'office'], 'POST /publishers/office/join-tokens', undefined],
    [['office'], 'POST /publishers/office/join-tokens', undefined],
  ])('%j: the token alone on stdout', async (words, route, body) => {
    await token(words);
    expect(out.join('')).toBe('cwx_made\n');
    expect(err.join('')).toContain('2026-12-24');
    expect(admin.asked).toMatchObject([{ route, ...(body === undefined ? {} : { body }) }]);
  });

  test.each([
    [[], /token takes/],
    [['api', 'ci'], /has a --role/],
    [['api', 'ci', '--role', 'r', '--permission', 'p'], /has a --role/],
    [['api', '--role', 'r'], /takes a name/],
    [['api', 'ci', '--role', 'r', '--app', 'wiki'], /no --app/],
    [['api', 'ci', '--role', 'r', '--days', '401'], /--days/],
    [['service', 'job'], /--app/],
    [['publisher'], /name of a publisher/],
    [['publisher', 'office', '--days', '3'], /no --days/],
    [['api', 'a', 'b', '--role', 'r'], /token takes/],
  ])('%j is refused before anything is made', async (words, message) => {
    await expect(token(words)).rejects.toMatchObject({ code: 'CW_USAGE', message: expect.stringMatching(message) });
    expect(routes().filter((route) => route.startsWith('POST'))).toEqual([]);
  });
});

describe('revoke', () => {
  test('a person: every session, and every device that is not gone already', async () => {
    await revoke(['user', 'ada']);
    expect(routes().filter((route) => !route.startsWith('GET'))).toEqual([
      'POST /sessions/revoke',
      'POST /devices/d1/force-remove',
      'POST /devices/d3/force-remove',
    ]);
    expect(out.join('')).toBe('revoked 2 session(s) and 2 device(s) of ada; 5 open stream(s) cut\n');
  });

  test('a publisher by its name: every instance that still may', async () => {
    await revoke(['publisher', 'office', '--json']);
    expect(JSON.parse(out.join(''))).toEqual({ revoked: '2 instance(s) of publisher office', cut: 7 });
  });

  test('a SCIM token by its label', async () => {
    await revoke(['scim-token', 'entra']);
    expect(routes().at(-1)).toBe('DELETE /scim-tokens/default/h1');
  });

  test.each([
    [['sesion', 'x'], 'CW_USAGE', /did you mean.*session/],
    [['session'], 'CW_USAGE', /revoke takes/],
    [[], 'CW_USAGE', /revoke takes/],
    [['toString', 'x'], 'CW_USAGE', /revoke takes/],
    [['session', 'none'], 'CW_NOT_FOUND', /not there/],
    [['publisher', 'west'], 'CW_NOT_FOUND', /no publisher west is enrolled/],
    [['scim-token', 'twice'], 'CW_USAGE', /by its hash/],
    [['scim-token', 'x'], 'CW_NOT_FOUND', /no SCIM token x/],
  ])('%j is refused', async (words, code, message) => {
    await expect(revoke(words)).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
  });
});

describe('api', () => {
  test('a body of a file, at the revision that was seen', async () => {
    const file = join(admin.folder, 'tag.json');
    writeFileSync(file, '{"description": "Europe"}');
    await api(['put', '/api/v1/tags/eu', '--body', `@${file}`, '--if-match', '3']);
    expect(admin.asked).toEqual([{ route: 'PUT /tags/eu', body: { description: 'Europe' }, ifMatch: '"3"' }]);
    expect(JSON.parse(out.join(''))).toEqual({ done: true });
  });

  test('a query goes as it is', async () => {
    await api(['GET', '/users?limit=5']);
    expect(routes()).toEqual(['GET /users?limit=5']);
  });

  test.each([
    [['GET'], 'CW_USAGE', /a method and a path/],
    [['FETCH', '/me'], 'CW_USAGE', /a method and a path/],
    [['GET', 'me'], 'CW_USAGE', /a method and a path/],
    [['GET', '/users/{id}'], 'CW_USAGE', /a method and a path/],
    [['PUT', '/tags/eu', '--body', '{'], 'CW_USAGE', /--body is no JSON/],
    [['PUT', '/tags/eu', '--body', '@/nowhere.json'], 'CW_CONFIG_MISSING', /nowhere\.json cannot be read/],
    [['PUT', '/tags/eu', '--if-match', 'x'], 'CW_USAGE', /--if-match/],
    [['GET', '/nothing'], 'CW_NOT_FOUND', /not there/],
  ])('%j is refused', async (words, code, message) => {
    await expect(api(words)).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
  });
});
