import { beforeAll, describe, expect, it } from 'vitest';
import { ADMIN_COOKIE } from './authentication.ts';
import { adminApp } from './admin-app.ts';
import { ADMIN_ORIGIN, GENEROUS, type AdminPlace, type Answer, type SendOptions } from './fixtures/admin-place.ts';
import { route, type Routes } from './route.ts';

const HOUR = 3_600_000;

/** What somebody tries who has, or had, some of the rights and wants others. */
export function hostileSuite(at: () => AdminPlace): void {
  let place: AdminPlace;
  beforeAll(() => {
    place = at();
  });

  /** A person with a role by name, signed in at the admin host. */
  async function person(user: string, role: 'owner' | 'admin' | 'helpdesk', provedAgo = 0) {
    const assigned = await place.services.roles.assign({ kind: 'user', name: user }, role, 'test');
    const { session } = await place.services.sessions.begin(
      { user, displayName: user, groups: [], ou: null, nameId: user, sessionIndex: null, notAfter: null },
      '10.0.0.1',
      HOUR,
    );
    const proved = { user, displayName: user, provedAt: place.now - provedAgo };
    const { token } = await place.services.adminSessions.begin(proved, session.id, '10.0.0.1');
    const headers = { cookie: `${ADMIN_COOKIE}=${token}`, origin: ADMIN_ORIGIN };
    const send = (method: string, path: string, options: SendOptions = {}): Promise<Answer> =>
      place.send(method, path, { ...options, as: null, headers: { ...headers, ...options.headers } });
    return { send, role: assigned.id, session: session.id };
  }

  describe('somebody who leaves', () => {
    it('keeps nothing in a token, nor in one that it made', async () => {
      const gil = await person('gil@corp.example', 'owner');
      const body = { name: 'mine', role: 'owner', expiresAt: place.now + HOUR };
      const first = (await gil.send('POST', '/tokens', { body })).body.token;
      const second = (await place.send('POST', '/tokens', { as: first, body })).body.token;
      expect(await place.send('GET', '/audit', { as: second })).toMatchObject({ status: 200 });
      await place.services.roles.assign({ kind: 'user', name: 'gil@corp.example' }, 'helpdesk', 'test');
      await place.send('DELETE', `/admin-roles/${gil.role}`);
      for (const as of [first, second]) {
        expect(await place.send('GET', '/audit', { as })).toMatchObject({ status: 403 });
        expect((await place.send('GET', '/apps', { as })).status).toBe(200);
      }
      for (const { id, role } of (await place.send('GET', '/admin-roles')).body.items as unknown as {
        id: string;
        role: string;
      }[]) {
        if (role === 'helpdesk') await place.send('DELETE', `/admin-roles/${id}`);
      }
      expect((await place.send('GET', '/apps', { as: second })).status).toBe(403);
    });

    it('is signed out here, too, when somebody ends the person’s sessions, in any spelling of the name', async () => {
      const hal = await person('hal@corp.example', 'admin');
      expect((await hal.send('GET', '/me')).status).toBe(200);
      const ended = await place.send('POST', '/sessions/revoke', { body: { user: 'HAL@Corp.example' } });
      expect(ended.body).toEqual({ sessions: 1, cut: 1 });
      expect((await hal.send('GET', '/me')).status).toBe(401);
    });
  });

  it('the proof for what makes owners is asked for in bulk as well', async () => {
    const ivy = await person('ivy@corp.example', 'owner', 11 * 60_000);
    const changes = [{ kind: 'idps', name: 'mine', op: 'delete' }];
    const apply = (options: object): Promise<Answer> => ivy.send('POST', '/apply', { body: { changes, ...options } });
    expect(await apply({})).toMatchObject({ status: 403, body: { code: 'CW_STEP_UP_REQUIRED' } });
    expect(await apply({ publish: true })).toMatchObject({ status: 403, body: { code: 'CW_STEP_UP_REQUIRED' } });
    // A rehearsal changes nothing; and what it says is that there is no such object.
    expect(await apply({ dryRun: true })).toMatchObject({ status: 404 });
  });

  it('nobody approves what they get themselves', async () => {
    const app = { hosts: ['own.corp.example'], ports: ['tcp/1'], publishers: ['p'] };
    await place.send('PUT', '/apps/own', { body: app, headers: { 'if-match': '*' } });
    const jo = await person('jo@corp.example', 'helpdesk');
    const { id } = (await jo.send('POST', '/access-requests', { body: { user: 'JO@corp.example', app: 'own' } })).body;
    const body = { expiresAt: place.now + HOUR };
    expect(await jo.send('POST', `/access-requests/${id}/approve`, { body })).toMatchObject({
      status: 403,
      body: { code: 'CW_FORBIDDEN' },
    });
    const kim = await person('kim@corp.example', 'helpdesk');
    expect((await kim.send('POST', `/access-requests/${id}/approve`, { body })).status).toBe(200);
  });

  it('people are no by-product of analysing the policy', async () => {
    const wanted = { name: 'analyst', permissions: ['policy:analyse'], expiresAt: place.now + HOUR };
    const as = (await place.send('POST', '/tokens', { body: wanted })).body.token;
    const send = (path: string, body: object): Promise<Answer> => place.send('POST', path, { as, body });
    expect((await send('/policy/impact', {})).status).toBe(403);
    expect((await send('/policy/impact', { principals: [{ user: 'x' }] })).status).toBe(200);
    expect((await send('/policy/explain', { user: 'ada', target: 'x.example' })).status).toBe(403);
  });

  it('the audit tells tokens of one name apart', async () => {
    const body = { name: 'twin', permissions: ['policy:write'], expiresAt: place.now + HOUR };
    const ids: string[] = [];
    for (const name of ['twin-a', 'twin-b']) {
      const { token, id } = (await place.send('POST', '/tokens', { body })).body;
      ids.push(id);
      await place.send('PUT', `/tags/${name}`, { as: token, body: {}, headers: { 'if-none-match': '*' } });
    }
    const { items } = (await place.send('GET', '/audit?filter[actor]=token%20twin')).body;
    expect(items.map((item) => item['actorId'])).toEqual(ids.toReversed());
  });

  it('nobody fills the audit with what they may not do', async () => {
    const app = adminApp({
      ...place.services,
      limits: { ...GENEROUS, refused: { burst: 5, perSecond: 0, addresses: 9 } },
    });
    const statuses: number[] = [];
    for (let i = 0; i < 8; i++) {
      const init = {
        method: 'POST',
        headers: { authorization: `Bearer ${place.tokens['read-only']}`, 'content-type': 'application/json' },
        body: '{"comment":"flood"}',
      };
      statuses.push((await app.request(`${ADMIN_ORIGIN}/snapshots`, init, { address: '10.0.0.9' })).status);
    }
    expect(statuses).toEqual([403, 403, 403, 403, 403, 429, 429, 429]);
    const written = await place.services.database.read
      .selectFrom('audit')
      .where('address', '=', '10.0.0.9')
      .selectAll()
      .execute();
    expect(written).toHaveLength(5);
  });

  it('a key is not free again after a fault: what was asked for may have been done', async () => {
    let done = 0;
    const routes: Routes = {
      'POST /fail': route({ summary: '', permission: 'any' }, async () => {
        done++;
        throw new Error('after the deed');
      }),
      'POST /late': route({ summary: '', permission: 'any' }, () => {
        done++;
        return new Promise(() => {});
      }),
    };
    const app = adminApp({ ...place.services, limits: { ...GENEROUS, requestMs: 20 } }, routes);
    const post = async (path: string): Promise<number> => {
      const headers = { authorization: `Bearer ${place.tokens.owner}`, 'idempotency-key': `fault${path}` };
      return (await app.request(ADMIN_ORIGIN + path, { method: 'POST', headers }, { address: '10.0.0.1' })).status;
    };
    expect([await post('/fail'), await post('/fail'), await post('/late'), await post('/late')]).toEqual([
      500, 409, 504, 409,
    ]);
    expect(done).toBe(2);
  });

  describe('a body', () => {
    const NEST = 100_000;
    const deep = (inner: string): string => inner.replace('DEEP', '['.repeat(NEST) + ']'.repeat(NEST));

    it.each([
      ['PUT', '/apps/deep', '{"hosts": DEEP}'],
      ['PUT', '/tags/deep', '{"x": DEEP}'],
      ['POST', '/apply', '{"changes": [{"kind": "tags", "name": "deep", "op": "put", "body": {"x": DEEP}}]}'],
      ['POST', '/policy/impact', '{"principals": DEEP}'],
      ['POST', '/snapshots', 'DEEP'],
    ])('of any depth is refused: %s %s', async (method, path, inner) => {
      const headers = { 'if-match': '*' };
      expect(await place.send(method, path, { body: deep(inner), headers })).toMatchObject({
        status: 422,
        body: { code: 'CW_INPUT_INVALID' },
      });
    });

    it('names nothing that objects inherit', async () => {
      const body = '{"description": "x", "__proto__": {"polluted": 1}, "constructor": {"prototype": {"polluted": 1}}}';
      const answer = await place.send('PUT', '/tags/proto', { body, headers: { 'if-match': '*' } });
      expect(answer.status).toBe(422);
      expect(({} as { polluted?: number }).polluted).toBeUndefined();
    });

    /** One that begins and never ends. */
    const endless = (first: number, pulled: () => void = () => {}): ReadableStream<Uint8Array> => {
      let begun = false;
      return new ReadableStream({
        pull: (controller) => {
          pulled();
          if (begun) return new Promise(() => {});
          begun = true;
          controller.enqueue(new Uint8Array(first).fill(32));
          return undefined;
        },
      });
    };
    const sent = (as: string, body: ReadableStream<Uint8Array>): RequestInit => ({
      method: 'POST',
      body,
      duplex: 'half',
      headers: { authorization: `Bearer ${as}`, 'content-type': 'application/json' },
    });

    it('that does not come ends, and large ones of one caller leave room for others', async () => {
      const app = adminApp({ ...place.services, limits: { ...GENEROUS, requestMs: 300 } });
      const post = async (as: string, first: number): Promise<number> =>
        (await app.request(`${ADMIN_ORIGIN}/apply`, sent(as, endless(first)), { address: '10.0.0.1' })).status;
      const large = 300 * 1024;
      const { owner, admin } = place.tokens;
      const answers = await Promise.all([post(owner, large), post(owner, large), post(admin, large), post(owner, 10)]);
      expect(answers.slice(0, 2).toSorted((a, b) => a - b)).toEqual([503, 504]);
      expect(answers.slice(2)).toEqual([504, 504]);
    });

    it('is not read of somebody who may change nothing', async () => {
      let pulls = 0;
      const response = await place.raw(
        '/apply',
        sent(
          place.tokens.auditor,
          endless(10, () => pulls++),
        ),
      );
      expect(response.status).toBe(403);
      expect(pulls).toBeLessThanOrEqual(1);
    });
  });
}
