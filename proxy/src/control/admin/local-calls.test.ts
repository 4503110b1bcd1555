import { afterAll, beforeAll, expect, it } from 'vitest';
import { adminHostApp } from '../identity-hosts.ts';
import { sqlitePlace } from '../store/fixtures/store-place.ts';
import { adminApp } from './admin-app.ts';
import { openAdmin, type AdminPlace } from './fixtures/admin-place.ts';
import { localCalls } from './local-calls.ts';

let place: AdminPlace;
let calls: ReturnType<typeof localCalls>;

beforeAll(async () => {
  place = await openAdmin(await sqlitePlace());
  const host = adminHostApp(place.services.origin);
  host.route('/api/v1', adminApp(place.services));
  calls = localCalls(place.services, (request, env) => host.fetch(request, env));
}, 60_000);

afterAll(() => place.close());

const ask = (token: string | null, method = 'GET', path = '/api/v1/me') =>
  calls['admin.api']({
    method,
    path,
    headers: token === null ? {} : { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: method === 'GET' ? null : '{}',
  });

it('a break-glass owner is made on the machine, loudly, works there, and for an hour', async () => {
  place.log.length = 0;
  const { token, expiresAt } = await calls['admin.owner'](null);
  expect(expiresAt).toBe(place.now + 3_600_000);
  const [line = ''] = place.log;
  expect(JSON.parse(line)).toMatchObject({ level: 50, msg: expect.stringContaining('BREAK-GLASS') as string });
  expect(line).not.toContain(token);
  const { items } = await place.services.audit.list({ limit: 1, sort: '-at' });
  expect(items).toMatchObject([{ action: 'break-glass', address: 'local', result: 'done' }]);
  const me = await ask(token);
  expect(me.status).toBe(200);
  expect(JSON.parse(me.body)).toMatchObject({ kind: 'break-glass', actor: 'break-glass owner' });
  expect((await ask(token, 'POST', '/api/v1/snapshots')).status).toBe(201);
  place.now = expiresAt;
  expect((await ask(token)).status).toBe(401);
});

it('the socket opens nothing without a token, and nothing but the API', async () => {
  expect((await ask(null)).status).toBe(401);
  await expect(ask(place.tokens.owner, 'GET', '/login')).rejects.toMatchObject({ code: 'CW_REQUEST_INVALID' });
  await expect(ask(place.tokens.owner, 'TRACE')).rejects.toMatchObject({ code: 'CW_REQUEST_INVALID' });
  await expect(ask(place.tokens.owner, 'GET', '/api/v1/../../login')).resolves.toMatchObject({ status: 404 });
});
