import { beforeAll, describe, expect, it } from 'vitest';
import { ADMIN_COOKIE } from './authentication.ts';
import { ADMIN_ORIGIN, type AdminPlace, type Answer } from './fixtures/admin-place.ts';

const HOUR = 3_600_000;

/** Who may use the API, and how often. */
export function accessSuite(at: () => AdminPlace): void {
  let place: AdminPlace;
  beforeAll(() => {
    place = at();
  });

  /** A browser of somebody with a role by their group. */
  async function browser(user: string, provedAgo = 0): Promise<string> {
    const person = {
      user,
      displayName: user,
      groups: ['admins'],
      ou: null,
      nameId: user,
      sessionIndex: null,
      notAfter: null,
    };
    const { session } = await place.services.sessions.begin(person, '10.0.0.1', HOUR);
    const { token } = await place.services.adminSessions.begin(
      { user, displayName: user, provedAt: place.now - provedAgo },
      session.id,
      '10.0.0.1',
    );
    return `${ADMIN_COOKIE}=${token}`;
  }

  const byCookie = (
    cookie: string,
    method: string,
    path: string,
    headers: Record<string, string> = {},
    body?: unknown,
  ): Promise<Answer> => place.send(method, path, { as: null, headers: { cookie, ...headers }, body });

  describe('a token', () => {
    const wanted = { name: 'ci', permissions: ['apps:read', 'apps:write'] };

    it('opens what it names, is shown once, and is kept as a hash', async () => {
      const body = { ...wanted, expiresAt: place.now + HOUR };
      const made = await place.send('POST', '/tokens', { body });
      expect(made).toMatchObject({ status: 201, body: { kind: 'api', role: null, createdBy: 'token owner' } });
      const { token, id } = made.body as { token: string; id: string };
      expect(token).toMatch(/^cwt_[\w-]{43}$/);
      expect((await place.send('GET', '/apps', { as: token })).status).toBe(200);
      expect(await place.send('GET', '/rules', { as: token })).toMatchObject({
        status: 403,
        body: { code: 'CW_FORBIDDEN' },
      });
      const { body: list } = await place.send('GET', '/tokens?limit=500');
      expect(JSON.stringify(list)).not.toContain(token);
      expect(list.items).toContainEqual(expect.objectContaining({ id, lastUsedAt: place.now }));
      const rows = await place.services.database.read.selectFrom('api_token').selectAll().execute();
      expect(JSON.stringify(rows)).not.toContain(token.slice(4));
      expect((await place.send('DELETE', `/tokens/${id}`)).status).toBe(204);
      expect(await place.send('GET', '/apps', { as: token })).toMatchObject({ status: 401 });
    });

    it('ends', async () => {
      const body = { ...wanted, expiresAt: place.now + 1_000 };
      const { token } = (await place.send('POST', '/tokens', { body })).body as { token: string };
      expect((await place.send('GET', '/me', { as: token })).body.actor).toBe('token ci');
      place.now += 1_000;
      expect(await place.send('GET', '/me', { as: token })).toMatchObject({
        status: 401,
        body: { code: 'CW_UNAUTHENTICATED' },
      });
    });

    it('gives nothing that its maker lacks', async () => {
      const expiresAt = place.now + HOUR;
      for (const body of [
        { name: 'more', role: 'owner', expiresAt },
        { name: 'more', permissions: ['roles:write'], expiresAt },
      ]) {
        expect(await place.send('POST', '/tokens', { as: 'admin', body })).toMatchObject({ status: 403 });
      }
      expect(
        (await place.send('POST', '/tokens', { as: 'admin', body: { name: 'x', role: 'helpdesk', expiresAt } })).status,
      ).toBe(201);
    });

    it('of a machine is none of the API', async () => {
      await place.send('POST', '/apply', {
        body: {
          changes: [
            {
              kind: 'apps',
              name: 'machine',
              op: 'put',
              body: { hosts: ['m.corp.example'], ports: ['tcp/1'], publishers: ['p'] },
            },
          ],
        },
      });
      const body = { name: 'robot', apps: ['machine'], expiresAt: place.now + HOUR };
      const { token } = (await place.send('POST', '/service-tokens', { body })).body as { token: string };
      expect(token).toMatch(/^cwm_/);
      expect((await place.send('GET', '/me', { as: token })).status).toBe(401);
      expect(await place.send('POST', '/service-tokens', { body: { ...body, apps: ['nowhere'] } })).toMatchObject({
        status: 422,
      });
    });

    it.each(['', 'Bearer', 'Bearer x', 'Basic Y3c6', 'Bearer cwt_', `Bearer cwt_${'a'.repeat(43)}`])(
      'is not %j',
      async (authorization) => {
        const answer = await place.raw('/me', { headers: { authorization } });
        expect(answer.status).toBe(401);
        expect(answer.headers.get('www-authenticate')).toBe('Bearer realm="causeway"');
      },
    );
  });

  describe('a break-glass owner', () => {
    it('works on the machine itself alone, and everybody hears of it', async () => {
      const { token } = await place.services.tokens.issue({
        kind: 'break-glass',
        name: 'break-glass',
        role: 'owner',
        createdBy: 'local user',
        expiresAt: place.now + HOUR,
      });
      const as = (env: object): Promise<Response> =>
        place.raw(
          '/sessions/revoke',
          {
            method: 'POST',
            headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
            body: '{"user":"x"}',
          },
          env,
        );
      place.log.length = 0;
      for (const address of ['10.0.0.1', '::ffff:10.0.0.1', '128.0.0.1', 'local', 'unknown']) {
        expect((await as({ address })).status).toBe(401);
      }
      expect(place.log.join()).toContain('came from afar');
      place.log.length = 0;
      for (const env of [
        { address: '127.0.0.1' },
        { address: '::1' },
        { address: '::ffff:127.0.0.1' },
        { address: 'local', local: true },
      ]) {
        expect((await as(env)).status).toBe(200);
      }
      expect(place.log.filter((line) => line.includes('break-glass owner at work'))).toHaveLength(4);
      const { body } = await place.send('GET', '/audit?filter[actor]=Break-Glass%20owner');
      expect(body.items).toHaveLength(4);
      expect(body.items[0]).toMatchObject({ actorKind: 'break-glass', result: 'done', detail: '{"user":"x"}' });
    });
  });

  describe('a browser', () => {
    beforeAll(async () => {
      await place.send('POST', '/admin-roles', { body: { subject: { kind: 'group', name: 'Admins' }, role: 'admin' } });
    });

    it('has what the person’s roles permit at that moment', async () => {
      const cookie = await browser('ada@corp.example');
      expect((await byCookie(cookie, 'GET', '/me')).body).toMatchObject({ kind: 'session', actor: 'ada@corp.example' });
      expect((await byCookie(cookie, 'GET', '/apps')).status).toBe(200);
      expect((await byCookie(cookie, 'PUT', '/idps/x', { origin: ADMIN_ORIGIN, 'if-match': '*' }, {})).body.code).toBe(
        'CW_FORBIDDEN',
      );
      const roles = (await place.send('GET', '/admin-roles')).body.items as unknown as {
        id: string;
        subject: { name: string };
      }[];
      const mine = roles.find(({ subject }) => subject.name === 'Admins');
      await place.send('DELETE', `/admin-roles/${mine?.id}`);
      expect(await byCookie(cookie, 'GET', '/apps')).toMatchObject({ status: 403, body: { code: 'CW_FORBIDDEN' } });
      await place.send('POST', '/admin-roles', { body: { subject: { kind: 'group', name: 'Admins' }, role: 'admin' } });
      expect((await byCookie(cookie, 'GET', '/apps')).status).toBe(200);
    });

    it('changes nothing on behalf of another page', async () => {
      const cookie = await browser('bea@corp.example');
      const revoke = (headers: Record<string, string>): Promise<Answer> =>
        byCookie(cookie, 'POST', '/sessions/revoke', headers, { user: 'nobody' });
      for (const headers of [
        {},
        { origin: 'null' },
        { origin: 'https://evil.test' },
        { origin: `${ADMIN_ORIGIN}.evil.test` },
      ]) {
        expect(await revoke(headers as Record<string, string>)).toMatchObject({
          status: 403,
          body: { code: 'CW_CSRF' },
        });
      }
      expect((await revoke({ origin: ADMIN_ORIGIN })).status).toBe(200);
    });

    it('proves who it is before something dangerous', async () => {
      const headers = { origin: ADMIN_ORIGIN };
      const body = { name: 'x', role: 'read-only', expiresAt: place.now + HOUR };
      const late = await browser('cleo@corp.example', 11 * 60_000);
      expect(await byCookie(late, 'POST', '/tokens', headers, body)).toMatchObject({
        status: 403,
        body: { code: 'CW_STEP_UP_REQUIRED' },
      });
      const fresh = await browser('cleo@corp.example', 9 * 60_000);
      expect((await byCookie(fresh, 'POST', '/tokens', headers, body)).status).toBe(201);
    });

    it('is signed out after an hour', async () => {
      const cookie = await browser('dora@corp.example');
      place.now += HOUR - 1;
      expect((await byCookie(cookie, 'GET', '/me')).status).toBe(200);
      place.now += 1;
      expect((await byCookie(cookie, 'GET', '/me')).status).toBe(401);
    });

    it.each(['', 'x', 'a'.repeat(43)])('with the cookie %j is nobody', async (value) => {
      expect((await byCookie(`${ADMIN_COOKIE}=${value}`, 'GET', '/me')).status).toBe(401);
    });
  });

  describe('the audit', () => {
    it('has every write with its end, also what was refused, and no read', async () => {
      const before = (await place.send('GET', '/audit?limit=1')).body.items[0]?.['id'] as unknown as number;
      await place.send('GET', '/tags');
      await place.send('PUT', '/tags/audited', { body: {}, headers: { 'if-none-match': '*' } });
      await place.send('PUT', '/tags/audited', { body: {}, headers: { 'if-match': '"9"' } });
      await place.send('PUT', '/tags/audited', { as: 'auditor', body: {}, headers: { 'if-match': '*' } });
      await place.send('PUT', '/tags/audited', { as: null, body: {} });
      const { body } = await place.send('GET', '/audit?limit=10&sort=-at', { as: 'auditor' });
      const fresh = body.items.filter(({ id }) => Number(id) > before).toReversed();
      expect(fresh).toMatchObject([
        {
          actor: 'token owner',
          action: 'PUT /tags/{name}',
          target: '/tags/audited',
          result: 'done',
          address: '10.0.0.1',
        },
        { actor: 'token owner', result: 'CW_PRECONDITION_FAILED' },
        { actor: 'token auditor', result: 'CW_FORBIDDEN' },
      ]);
      const { reference } = fresh[1] as { reference: string };
      expect((await place.send('GET', `/audit?filter[reference]=${reference}`)).body.items).toHaveLength(1);
    });
  });

  describe('an Idempotency-Key', () => {
    const ask = (key: string, app = 'asked', as = 'owner'): Promise<Answer> =>
      place.send('POST', '/access-requests', { as, body: { user: 'Ida', app }, headers: { 'idempotency-key': key } });

    beforeAll(async () => {
      const app = (name: string): object => ({ hosts: [`${name}.corp.example`], ports: ['tcp/1'], publishers: ['p'] });
      const changes = ['asked', 'asked-2'].map((name) => ({ kind: 'apps', name, op: 'put', body: app(name) }));
      await place.send('POST', '/apply', { body: { changes } });
    });

    it('does a deed once, and answers the same again', async () => {
      const first = await ask('key-1');
      expect(first.status).toBe(201);
      const again = await ask('key-1');
      expect(again).toMatchObject({ status: 201, body: first.body });
      expect(again.headers.get('idempotency-replayed')).toBe('true');
      expect(again.headers.get('etag')).toBe('"1"');
      expect(await ask('key-2')).toMatchObject({ status: 409 });
      expect(await ask('key-1', 'asked', 'admin')).toMatchObject({
        status: 409,
        body: { detail: 'this is asked for already' },
      });
    });

    it('belongs to one request', async () => {
      expect(await ask('key-1', 'asked-2')).toMatchObject({
        status: 422,
        body: { errors: [{ path: 'Idempotency-Key' }] },
      });
    });

    it('is free again after a refusal, and after a day', async () => {
      expect((await ask('key-3', 'no-such')).status).toBe(422);
      expect((await ask('key-3', 'asked-2')).status).toBe(201);
      place.now += 24 * HOUR - 1;
      expect((await ask('key-3', 'asked-2')).headers.get('idempotency-replayed')).toBe('true');
      place.now += 1;
      expect((await ask('key-3', 'asked-2')).body.detail).toBe('this is asked for already');
    });

    it('keeps no secret', async () => {
      const { token: admin } = await place.services.tokens.issue({
        kind: 'api',
        name: 'o',
        role: 'owner',
        createdBy: 't',
        expiresAt: place.now + HOUR,
      });
      const body = { name: 'once', role: 'read-only', expiresAt: place.now + HOUR };
      const send = (): Promise<Answer> =>
        place.send('POST', '/tokens', { as: admin, body, headers: { 'idempotency-key': 'k' } });
      const { token } = (await send()).body as { token: string };
      expect(await send()).toMatchObject({ status: 409, body: { code: 'CW_CONFLICT' } });
      const rows = await place.services.database.read.selectFrom('idempotency').selectAll().execute();
      expect(JSON.stringify(rows)).not.toContain(token);
    });
  });
}
