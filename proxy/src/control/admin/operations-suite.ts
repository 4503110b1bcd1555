import { beforeAll, describe, expect, it } from 'vitest';
import { SOFT_REMOVAL_MS } from '../devices/devices.ts';
import type { AdminPlace, Answer } from './fixtures/admin-place.ts';

const HOUR = 3_600_000;

/** What runs: people, sessions, devices, publishers, requests for access, PoPs, hits of rules. */
export function operationsSuite(at: () => AdminPlace): void {
  let place: AdminPlace;
  beforeAll(() => {
    place = at();
  });

  async function signIn(user: string, groups: readonly string[] = []): Promise<string> {
    const person = {
      user,
      displayName: `The ${user}`,
      groups,
      ou: null,
      nameId: user,
      sessionIndex: null,
      notAfter: null,
    };
    const { session } = await place.services.sessions.begin(person, '10.1.1.1', HOUR);
    return session.id;
  }

  describe('people', () => {
    beforeAll(async () => {
      for (const user of ['Uma@corp.example', 'udo@corp.example', 'ulf_1@corp.example']) await signIn(user, ['staff']);
    });

    it('are found by words, page by page, and read with their groups', async () => {
      const first = await place.send('GET', '/users?q=corp%20U&limit=2&sort=-userName&filter[active]=true');
      expect(first.body.items.map(({ userName }: { userName: string }) => userName)).toEqual([
        'Uma@corp.example',
        'ulf_1@corp.example',
      ]);
      const rest = await place.send(
        'GET',
        `/users?q=corp%20U&limit=2&sort=-userName&filter[active]=true&cursor=${first.body.next}`,
      );
      expect(rest.body).toMatchObject({ items: [{ userName: 'udo@corp.example' }], next: null });
      const { id } = first.body.items[0] as { id: string };
      expect((await place.send('GET', `/users/${id}`)).body).toMatchObject({ groups: ['staff'], source: 'saml' });
      expect((await place.send('GET', '/users?q=f_1')).body.items).toHaveLength(1);
      expect((await place.send('GET', '/users?filter[userName]=UMA@corp.example')).body.items).toHaveLength(1);
      expect((await place.send('GET', '/users/u999999')).status).toBe(404);
    });

    it('of groups and units', async () => {
      const { directory } = place.services;
      const input = { externalId: null, displayName: 'Gil', ou: 'Sales', active: true, body: {}, values: [] };
      const gil = await directory.createUser('other', { ...input, userName: 'gil@corp.example' });
      const group = await directory.createGroup('other', { name: 'Sellers', externalId: null }, [gil.id]);
      expect((await place.send('GET', '/groups?filter[idp]=other&q=sell')).body.items).toMatchObject([
        { id: group.id, name: 'Sellers' },
      ]);
      expect((await place.send('GET', `/groups/${group.id}`)).headers.get('etag')).toBe(`"${group.version}"`);
      expect((await place.send('GET', `/groups/${group.id}/members`)).body).toEqual({
        items: [{ id: gil.id, displayName: 'Gil' }],
        next: null,
      });
      const found = await place.send('GET', `/users?filter[idp]=other&filter[group]=${group.id}&filter[ou]=Sales`);
      expect(found.body.items).toMatchObject([{ userName: 'gil@corp.example' }]);
      expect((await place.send('GET', '/ous?filter[idp]=other')).body.items).toEqual([{ ou: 'Sales', people: 1 }]);
    });
  });

  it('sessions are listed and ended, one or all of a person', async () => {
    const one = await signIn('sam@corp.example');
    await signIn('sam@corp.example');
    const listed = await place.send('GET', '/sessions?filter[user]=sam@corp.example&limit=1');
    expect(listed.body).toMatchObject({ items: [{ user: 'sam@corp.example', address: '10.1.1.1' }] });
    expect(listed.body.next).not.toBeNull();
    place.revoked.length = 0;
    const ended = await place.send('DELETE', `/sessions/${one}`, { as: 'helpdesk' });
    expect(ended).toMatchObject({ status: 200, body: { sessions: 1, cut: 1 } });
    expect(place.revoked).toEqual([{ sessions: [one], why: 'ended by token helpdesk' }]);
    expect((await place.send('DELETE', `/sessions/${one}`)).status).toBe(404);
    const rest = await place.send('POST', '/sessions/revoke', { body: { user: 'sam@corp.example' } });
    expect(rest.body).toEqual({ sessions: 1, cut: 1 });
    expect((await place.send('GET', '/sessions?filter[user]=sam@corp.example')).body.items).toEqual([]);
  });

  describe('devices', () => {
    let count = 0;
    async function enrol(user: string, name = 'laptop'): Promise<string> {
      const id = `d_${count++}`;
      await place.services.store.createDevice({ id, name, user, createdAt: place.now, revokedAt: null });
      const certificate = {
        fingerprint: `f${id}`,
        kind: 'device',
        owner: id,
        notAfter: place.now + 100 * HOUR,
      } as const;
      await place.services.store.addCertificate(certificate);
      return id;
    }
    const step = (id: string, name: string, headers: Record<string, string> = {}): Promise<Answer> =>
      place.send('POST', `/devices/${id}/${name}`, { body: { why: 'lost' }, headers });

    it('are found by exactly what they say of themselves', async () => {
      const id = await enrol('Dan@corp.example', 'Dan’s laptop');
      await place.services.devices.contact(id, { fingerprint: 'ab:cd', keyFingerprint: 'ef01' });
      await place.services.devices.describe(id, { os: 'linux', clientVersion: '1.2', hostName: 'dan-1' });
      for (const filter of [
        'id]=' + id,
        'fingerprint]=ab:cd',
        'user]=dan@CORP.example',
        'clientVersion]=1.2',
        'keyFingerprint]=ef01',
        'hostName]=dan-1',
        'name]=dan’s laptop',
      ]) {
        const { body } = await place.send('GET', `/devices?filter[${encodeURI(filter)}&filter[state]=registered`);
        expect(body.items).toMatchObject([{ id, os: 'linux', seenAt: place.now }]);
      }
      for (const filter of ['fingerprint]=ab', 'state]=removed', 'os]=Linux']) {
        expect((await place.send('GET', `/devices?filter[id]=${id}&filter[${filter}`)).body.items).toEqual([]);
      }
    });

    it('in quarantine are cut off until they are released', async () => {
      const id = await enrol('eli@corp.example');
      place.revoked.length = 0;
      const done = await step(id, 'quarantine');
      expect(done).toMatchObject({
        status: 200,
        body: { state: 'quarantined', stateBy: 'token owner', stateWhy: 'lost' },
      });
      expect(place.revoked).toEqual([{ quarantined: [id], why: 'lost' }]);
      await expect(place.services.devices.contact(id)).rejects.toMatchObject({ code: 'CW_DEVICE_QUARANTINED' });
      expect(await step(id, 'quarantine')).toMatchObject({ status: 409 });
      expect((await step(id, 'release', { 'if-match': '"1"' })).body.code).toBe('CW_PRECONDITION_FAILED');
      expect((await step(id, 'release', { 'if-match': done.headers.get('etag') ?? '' })).body.state).toBe('registered');
      await place.services.devices.contact(id);
    });

    it('are removed at once, for good', async () => {
      const id = await enrol('fay@corp.example');
      place.revoked.length = 0;
      expect((await step(id, 'force-remove')).body.state).toBe('removed');
      expect(place.revoked).toEqual([{ devices: [id], why: 'lost' }]);
      expect((await place.services.store.device(id))?.revokedAt).toBe(place.now);
      for (const name of ['quarantine', 'release', 'remove', 'force-remove'])
        expect((await step(id, name)).status).toBe(409);
    });

    it('are removed softly at their next contact, or within an hour', async () => {
      const [first, second] = [await enrol('gus@corp.example'), await enrol('gus@corp.example')];
      for (const id of [first, second]) expect((await step(id, 'remove')).body.state).toBe('removal-pending');
      await expect(place.services.devices.contact(first)).rejects.toMatchObject({ code: 'CW_CERT_REVOKED' });
      place.now += SOFT_REMOVAL_MS - 1;
      await place.services.devices.sweep();
      expect((await place.send('GET', `/devices/${second}`)).body.state).toBe('removal-pending');
      place.now += 1;
      await place.services.devices.sweep();
      for (const id of [first, second]) expect((await place.send('GET', `/devices/${id}`)).body.state).toBe('removed');
    });

    it('whose certificate has run out are unregistered until they renew', async () => {
      const id = await enrol('hal@corp.example');
      place.now += 100 * HOUR;
      await place.services.devices.sweep();
      expect((await place.send('GET', `/devices/${id}`)).body.state).toBe('unregistered');
      await place.services.devices.renewed(id);
      expect((await place.send('GET', `/devices/${id}`)).body.state).toBe('registered');
    });

    it('are so many for each person', async () => {
      const ids: string[] = [];
      for (let i = 0; i < 16; i++) ids.push(await enrol('Ivy@corp.example'));
      expect(await place.services.devices.room('ivy@corp.example')).toBe(0);
      await step(ids[0] ?? '', 'force-remove');
      expect(await place.services.devices.room('ivy@corp.example')).toBe(1);
    });
  });

  describe('requests for access', () => {
    beforeAll(async () => {
      const app = { hosts: ['w.corp.example'], ports: ['tcp/1'], publishers: ['p'] };
      await place.send('POST', '/apply', {
        body: { changes: [{ kind: 'apps', name: 'wanted', op: 'put', body: app }] },
      });
    });
    const ask = async (user: string): Promise<string> =>
      (await place.send('POST', '/access-requests', { as: 'helpdesk', body: { user, app: 'wanted', reason: 'work' } }))
        .body.id;

    it('are approved until a time, which ends by itself or before', async () => {
      const id = await ask('Jan@corp.example');
      expect(
        (await place.send('GET', '/access-requests?filter[state]=pending&filter[user]=jan@corp.example')).body.items,
      ).toMatchObject([{ id, user: 'Jan@corp.example' }]);
      const approve = (expiresAt: number): Promise<Answer> =>
        place.send('POST', `/access-requests/${id}/approve`, { body: { expiresAt, comment: 'go' } });
      expect((await approve(place.now)).body.errors).toMatchObject([{ path: 'expiresAt' }]);
      expect((await approve(place.now + 91 * 24 * HOUR)).status).toBe(422);
      const expiresAt = place.now + HOUR;
      expect(await approve(expiresAt)).toMatchObject({
        status: 200,
        body: { state: 'approved', decidedBy: 'token owner', revision: 2 },
      });
      expect(await place.services.requests.grantsOf('jan@corp.example')).toEqual([{ app: 'wanted', expiresAt }]);
      expect((await approve(expiresAt)).status).toBe(409);
      place.now = expiresAt;
      expect(await place.services.requests.grantsOf('jan@corp.example')).toEqual([]);
    });

    it('are denied or withdrawn', async () => {
      const denied = await ask('kim@corp.example');
      expect((await place.send('POST', `/access-requests/${denied}/deny`, { body: {} })).body.state).toBe('denied');
      const id = await ask('kim@corp.example');
      await place.send('POST', `/access-requests/${id}/approve`, { body: { expiresAt: place.now + HOUR } });
      expect((await place.send('POST', `/access-requests/${id}/withdraw`, { body: {} })).body.state).toBe('withdrawn');
      expect(await place.services.requests.grantsOf('kim@corp.example')).toEqual([]);
    });

    it('of one person for one app wait once', async () => {
      await ask('lea@corp.example');
      const body = { user: 'LEA@corp.example', app: 'wanted' };
      expect(await place.send('POST', '/access-requests', { body })).toMatchObject({ status: 409 });
    });
  });

  it('PoPs report themselves, and publishers are seen through them', async () => {
    const body = {
      changes: [
        { kind: 'publishers', name: 'north', op: 'put', body: {} },
        { kind: 'publishers', name: 'south', op: 'put', body: {} },
      ],
      publish: true,
    };
    expect(await place.send('POST', '/apply', { body })).toMatchObject({ status: 200 });
    await place.services.store.createPublisher({ id: 'p_1', name: 'north', createdAt: place.now, revokedAt: null });
    const worker = {
      worker: 0,
      snapshot: 3,
      sessions: 1,
      streams: 2,
      publishers: [{ id: 'p_1', name: 'north', since: 7, streams: 2 }],
      agents: 0,
    };
    const pop = { name: 'pop-a', version: '1', snapshot: 3, epoch: 4, degraded: [], startedAt: place.now };
    await place.services.pops.report({ ...pop, id: 'a', workers: [worker, { ...worker, worker: 1, publishers: [] }] });
    await place.services.pops.report({
      ...pop,
      id: 'a',
      snapshot: 4,
      workers: [worker, { ...worker, worker: 1, publishers: [] }],
    });
    expect((await place.send('GET', '/pops')).body.items).toMatchObject([{ id: 'a', snapshot: 4, alive: true }]);
    const status = async (): Promise<unknown> => (await place.send('GET', '/publisher-status')).body.items;
    expect(await status()).toMatchObject(
      expect.arrayContaining([
        expect.objectContaining({ name: 'north', health: 'partly', tunnels: 1, workers: 2, streams: 2, since: 7 }),
        expect.objectContaining({ name: 'south', health: 'never enrolled' }),
      ]) as unknown[],
    );
    const one = async () => (await place.send('GET', '/publisher-status/north')).body;
    expect(await one()).toMatchObject({ instances: [{ id: 'p_1', state: 'up', seenAt: null, load: null, apps: [] }] });
    const system = { hostName: 'a\u0000b', os: 'linux', osVersion: '6', model: '', machine: '' };
    const load = { streams: 2, bytesUp: 5, bytesDown: 6, cpu: 0.5, memoryBytes: 7 };
    const apps = [{ name: 'wiki', at: 4, code: 'CW_APP_REFUSED' }];
    place.services.publisherReports.put('p_1', { software: 'pub/1', startedAt: 3, system, load, apps });
    await place.services.publisherReports.flush();
    const told = { seenAt: place.now, software: 'pub/1', system: { hostName: 'a b' }, load, apps };
    expect(await one()).toMatchObject({ instances: [{ ...told, state: 'up' }] });
    expect(await place.send('GET', '/publisher-status/west')).toMatchObject({ status: 404 });
    place.now += 60_000;
    expect(await one()).toMatchObject({ instances: [{ ...told, state: 'lost' }] }); // what was last seen stays
    expect((await place.send('GET', '/pops')).body.items).toMatchObject([{ alive: false }]);
    expect(await status()).toContainEqual(expect.objectContaining({ name: 'north', health: 'down' }));
    const token = await place.send('POST', '/publishers/north/join-tokens');
    expect(token).toMatchObject({ status: 201, body: { token: 'cwjoin1.north' } });
    expect((await place.send('POST', '/publishers/west/join-tokens')).status).toBe(404);
    const longer = await place.send('POST', '/publishers/north/join-tokens?hours=720');
    expect(longer.body.expiresAt).toBe(place.now + 720 * 3_600_000);
    expect((await place.send('POST', '/publishers/north/join-tokens?hours=721')).status).toBe(422);
    const kept = { hash: 'kept-1', kind: 'publisher', owner: 'north', expiresAt: place.now + 9 } as const;
    await place.services.store.createJoinToken(kept);
    const held = { id: 'kept-1', publisher: 'north', expiresAt: place.now + 9 };
    expect((await place.send('GET', '/join-tokens')).body.items).toEqual([held]);
    expect((await place.send('DELETE', '/join-tokens/kept-1')).status).toBe(204);
    expect((await place.send('DELETE', '/join-tokens/kept-1')).status).toBe(404);
    place.revoked.length = 0;
    expect((await place.send('DELETE', '/publisher-instances/p_1')).body).toEqual({ cut: 1 });
    expect(place.revoked).toMatchObject([{ publishers: ['p_1'] }]);
    expect((await place.send('DELETE', '/publisher-instances/p_1')).status).toBe(404);
  });

  it('rules count who they decided for, in memory and in the store alike', async () => {
    const rules = ['hit-1', 'hit-2'].map((name) => ({
      kind: 'rules',
      name,
      op: 'put',
      body: { groups: ['g'], action: 'block' },
    }));
    await place.send('POST', '/apply', { body: { changes: rules, publish: true } });
    const event = { ...EVENT, verdict: { action: 'block', rule: 'hit-1', why: '' } } as const;
    const { hits } = place.services;
    hits.count([event, { ...event, at: 9 }, { ...event, kind: 'cut' }, { ...event, verdict: null }]);
    const hit = async (): Promise<unknown> =>
      (await place.send('GET', '/policy/hits')).body.items.filter(({ rule }) => String(rule).startsWith('hit-'));
    const expected = [
      { rule: 'hit-1', hits: 2, lastAt: 9 },
      { rule: 'hit-2', hits: 0, lastAt: null },
    ];
    expect(await hit()).toEqual(expected);
    await hits.flush();
    expect(await hit()).toEqual(expected);
    hits.count([{ ...event, at: 5 }]);
    await hits.flush();
    expect(await hit()).toEqual([{ rule: 'hit-1', hits: 3, lastAt: 9 }, expected[1]]);
  });

  it('the policy explains itself, and says who gains', async () => {
    const app = { hosts: ['x.corp.example'], ports: ['tcp/80'], publishers: ['north'] };
    const rule = { groups: ['gainers'], apps: ['explained'], action: 'allow' };
    const changes = [
      { kind: 'apps', name: 'explained', op: 'put', body: app },
      { kind: 'rules', name: 'gain', op: 'put', body: rule, position: 'first' },
    ];
    await place.send('POST', '/apply', { body: { changes } });
    const principals = [
      { user: 'a@x', groups: ['gainers'] },
      { user: 'b@x', groups: [] },
    ];
    const impact = await place.send('POST', '/policy/impact', { body: { principals } });
    expect(impact.body.items).toContainEqual(
      expect.objectContaining({ app: 'explained', users: ['a@x'], effect: 'gains' }),
    );
    await place.send('POST', '/snapshots', { body: {} });
    const body = { user: 'a@x', groups: ['gainers'], target: 'x.corp.example:80', method: 'agent' };
    const explained = await place.send('POST', '/policy/explain', { body });
    expect(explained.body).toMatchObject({ app: 'explained', verdict: { action: 'allow', rule: 'gain' } });
    expect((await place.send('POST', '/policy/impact', { body: {} })).status).toBe(200);

    const { directory, store } = place.services;
    await signIn('dora@corp.example', ['gainers']);
    const mine = { name: 'doras', user: 'dora@corp.example', createdAt: place.now, revokedAt: null };
    await store.createDevice({ ...mine, id: 'd_dora' });
    const ask = (more: object) =>
      place.send('POST', '/policy/explain', { body: { target: 'x.corp.example:80', ...more } });
    expect((await ask({ device: 'doras' })).body).toMatchObject({
      verdict: { action: 'allow' },
      asked: { user: 'dora@corp.example', groups: ['gainers'], method: 'agent' },
      groupsFrom: 'directory',
      refused: null,
      changes: [expect.stringContaining('without rule gain, ')],
    });
    await place.services.devices.change('d_dora', { step: 'quarantine', by: 'me', why: 'lost' });
    expect((await ask({ user: 'Dora@corp.example', device: 'd_dora' })).body).toMatchObject({
      verdict: { action: 'block', rule: null },
      byRules: { action: 'allow', rule: 'gain' },
      refused: { code: 'CW_DEVICE_QUARANTINED', why: 'the device is quarantined, by me: lost' },
      device: { name: 'doras', state: 'quarantined' },
    });
    expect((await ask({ user: 'a@x', device: 'd_dora' })).body).toMatchObject({ code: 'CW_INPUT_INVALID' });
    expect((await ask({ user: 'a@x', device: 'none' })).status).toBe(404);
    expect((await ask({})).body.errors[0]?.path).toBe('user');

    const idp = place.services.published().config.identityProvider.name;
    const input = { externalId: null, displayName: 'Ina', ou: null, active: false, body: {}, values: [] };
    await directory.createUser(idp, { ...input, userName: 'ina@corp.example' });
    const refusals = ['ina@corp.example', 'nobody@corp.example'].map(async (user) => (await ask({ user })).body);
    expect(await Promise.all(refusals)).toMatchObject([
      { refused: { code: 'CW_PERSON_INACTIVE' }, groupsFrom: 'directory' },
      { refused: { code: 'CW_PERSON_UNKNOWN' }, groupsFrom: 'nobody' },
    ]);
  });
}

const EVENT = {
  at: 8,
  decision: '',
  kind: 'request',
  user: null,
  device: null,
  session: null,
  app: null,
  method: 'browser',
  verdict: null,
  address: '',
  verb: null,
  path: null,
  status: null,
  bytesUp: 0,
  bytesDown: 0,
  ms: 0,
  worker: 0,
} as const;
