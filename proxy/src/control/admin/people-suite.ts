import { beforeAll, describe, expect, it } from 'vitest';
import { Directory } from '../directory/directory.ts';
import { ADMIN_ORIGIN, type AdminPlace, type Answer } from './fixtures/admin-place.ts';
import { ADMIN_COOKIE } from './authentication.ts';

const HOUR = 3_600_000;

/** People and groups that an administrator keeps. */
export function peopleSuite(at: () => AdminPlace): void {
  let place: AdminPlace;
  beforeAll(() => {
    place = at();
  });

  async function signIn(user: string, groups: readonly string[] = []): Promise<string> {
    const person = { user, displayName: user, groups, ou: null, nameId: user, sessionIndex: null, notAfter: null };
    return (await place.services.sessions.begin(person, '10.1.1.1', HOUR)).session.id;
  }
  async function make(path: '/users' | '/groups', body: object, as = 'admin'): Promise<string> {
    const made = await place.send('POST', path, { as, body });
    expect([made.status, made.body.detail]).toEqual([201, undefined]);
    return made.body.id;
  }
  const change = (path: string, body: object, as = 'admin'): Promise<Answer> =>
    place.send('PATCH', path, { as, body, headers: { 'if-match': '*' } });
  const remove = (path: string, as = 'admin'): Promise<Answer> =>
    place.send('DELETE', path, { as, headers: { 'if-match': '*' } });
  const groupsOf = async (session: string): Promise<readonly string[] | null> =>
    (await place.services.store.session(session))?.groups ?? null;
  const idOf = async (userName: string): Promise<string> => {
    const { body } = await place.send('GET', `/users?filter[userName]=${userName}`);
    return body.items[0]?.id ?? '';
  };

  it('are made, changed as they were seen, and deleted, each once and written down', async () => {
    const body = { userName: 'Lou@corp.example', email: 'lou@mail.example', ou: '/corp/sales/' };
    const headers = { 'idempotency-key': 'lou' };
    const made = await place.send('POST', '/users', { as: 'admin', body, headers });
    expect(made).toMatchObject({
      status: 201,
      body: { ...body, displayName: 'Lou@corp.example', ou: 'corp/sales', active: true, source: 'local', groups: [] },
    });
    const again = await place.send('POST', '/users', { as: 'admin', body, headers });
    expect(again.body.id).toBe(made.body.id);
    expect((await place.send('POST', '/users', { body: { userName: 'LOU@corp.example' } })).body.code).toBe(
      'CW_CONFLICT',
    );
    const path = `/users/${made.body.id}`;
    expect((await place.send('PATCH', path, { body: { active: false } })).status).toBe(428);
    const tag = made.headers.get('etag') ?? '';
    const changed = await place.send('PATCH', path, { body: { displayName: 'Lou' }, headers: { 'if-match': tag } });
    expect(changed.body).toMatchObject({ displayName: 'Lou', email: 'lou@mail.example', ou: 'corp/sales' });
    for (const method of ['PATCH', 'DELETE']) {
      const sent = method === 'PATCH' ? { body: { ou: null } } : {};
      const stale = await place.send(method, path, { ...sent, headers: { 'if-match': tag } });
      expect(stale.body.code).toBe('CW_PRECONDITION_FAILED');
    }
    for (const bad of [{ email: 'no' }, { ou: 'a//b' }, { userName: 'x' }, { displayName: '\u0007' }]) {
      expect((await change(path, bad)).status).toBe(422);
    }
    expect((await remove(path)).status).toBe(204);
    expect((await place.send('GET', path)).status).toBe(404);
    const { body: audit } = await place.send('GET', `/audit?filter[target]=${path}&filter[result]=done`);
    expect(audit.items.map(({ action }) => action)).toEqual(['DELETE /users/{id}', 'PATCH /users/{id}']);
  });

  it('have what groups here give them, in the sessions they have, and lose them when they are deactivated', async () => {
    const session = await signIn('max@corp.example', ['told']);
    const max = await idOf('max@corp.example');
    const group = await make('/groups', { name: 'Makers', members: [max] });
    expect(await groupsOf(session)).toEqual(['told', 'Makers']);
    expect((await change(`/groups/${group}`, { name: 'Menders' })).body).toMatchObject({
      name: 'Menders',
      revision: 2,
    });
    expect(await groupsOf(session)).toEqual(['told', 'Menders']);
    await change(`/groups/${group}`, { remove: [max] });
    expect(await groupsOf(session)).toEqual(['told']);
    await change(`/groups/${group}`, { add: [max] });
    expect(await groupsOf(session)).toEqual(['told', 'Menders']);
    expect((await remove(`/groups/${group}`)).status).toBe(204);
    expect(await groupsOf(session)).toEqual(['told']);
    const told: unknown[] = [];
    const stop = place.services.directory.onChanged((one) => told.push(one));
    expect((await change(`/users/${max}`, { active: false })).body).toMatchObject({ active: false, source: 'local' });
    stop();
    expect(told).toEqual([{ users: [], deactivated: ['max@corp.example'], sessions: [session] }]);
    expect(await groupsOf(session)).toBeNull();
    await expect(signIn('max@corp.example')).rejects.toMatchObject({ code: 'CW_PERSON_INACTIVE' });
    await change(`/users/${max}`, { active: true, displayName: 'Max' });
    const next = await signIn('max@corp.example', ['told']);
    expect(await groupsOf(next)).toEqual(['told']);
    expect((await place.send('GET', `/users/${max}`)).body).toMatchObject({ displayName: 'Max', groups: ['told'] });
    expect((await remove(`/users/${max}`)).status).toBe(204);
    expect(await groupsOf(next)).toBeNull();
  });

  it('are no way to a role', async () => {
    await place.send('POST', '/admin-roles', { body: { subject: { kind: 'group', name: 'Chiefs' }, role: 'owner' } });
    await place.send('POST', '/admin-roles', {
      body: { subject: { kind: 'user', name: 'Boss@corp.example' }, role: 'owner' },
    });
    const eve = await make('/users', { userName: 'eve@corp.example' });
    const other = await make('/groups', { name: 'others', members: [eve] });
    const forbidden = async (asked: Promise<Answer>): Promise<void> => {
      expect((await asked).body).toMatchObject({
        code: 'CW_FORBIDDEN',
        detail: expect.stringContaining('roles:write'),
      });
    };
    const create = (path: string, body: object): Promise<Answer> => place.send('POST', path, { as: 'admin', body });
    await forbidden(create('/groups', { name: 'CHIEFS', members: [eve] }));
    await forbidden(create('/users', { userName: 'BOSS@corp.example' }));
    await forbidden(change(`/groups/${other}`, { name: 'chiefs' }));
    const chiefs = await make('/groups', { name: 'chiefs' }, 'owner');
    await forbidden(change(`/groups/${chiefs}`, { add: [eve] }));
    await forbidden(change(`/groups/${chiefs}`, { name: 'gone' }));
    await forbidden(remove(`/groups/${chiefs}`));
    expect((await change(`/groups/${chiefs}`, { add: [eve] }, 'owner')).status).toBe(200);
    // Whoever has a role by a group is out of reach, too.
    await forbidden(change(`/users/${eve}`, { active: false }));
    await forbidden(remove(`/users/${eve}`));
    await signIn('chief@corp.example', ['Chiefs']);
    await forbidden(change(`/users/${await idOf('chief@corp.example')}`, { active: false }));
    const refused = await place.send('GET', `/audit?filter[result]=CW_FORBIDDEN&filter[target]=/groups/${chiefs}`);
    expect(refused.body.items).toHaveLength(3);
    // An owner in a browser proves first who they are.
    const owner = 'chief@corp.example';
    const { token } = await place.services.adminSessions.begin(
      { user: owner, displayName: owner, provedAt: place.now - HOUR },
      await signIn(owner, ['Chiefs']),
      '10.1.1.1',
    );
    const asked = await place.send('PATCH', `/groups/${chiefs}`, {
      as: null,
      body: { remove: [eve] },
      headers: { cookie: `${ADMIN_COOKIE}=${token}`, origin: ADMIN_ORIGIN, 'if-match': '*' },
    });
    expect(asked.body.code).toBe('CW_STEP_UP_REQUIRED');
    for (const path of [`/groups/${chiefs}`, `/groups/${other}`, `/users/${eve}`]) await remove(path, 'owner');
    const { body } = await place.send('GET', '/admin-roles');
    for (const { id, subject } of body.items as unknown as { id: string; subject: { name: string } }[]) {
      if (/^(?:chiefs|boss)/i.test(subject.name)) await place.send('DELETE', `/admin-roles/${id}`);
    }
  });

  describe('beside those of a provider', () => {
    const input = { externalId: null, displayName: 'Sue', ou: null, active: true, body: {}, values: [] };

    it('leave what SCIM keeps alone, but let its people into groups here', async () => {
      const { directory } = place.services;
      const idp = 'beside';
      const sue = await directory.createUser(idp, { ...input, userName: 'sue@corp.example' });
      const staff = await directory.createGroup(idp, { name: 'staff', externalId: null }, [sue.id]);
      for (const path of [`/users/${sue.id}`, `/groups/${staff.id}`]) {
        expect(await change(path, {}, 'owner')).toMatchObject({ status: 409, body: { code: 'CW_MANAGED' } });
        expect(await remove(path, 'owner')).toMatchObject({ status: 409, body: { code: 'CW_MANAGED' } });
      }
      expect((await place.send('POST', '/groups', { body: { idp, name: 'Staff' } })).status).toBe(422);
      const check = { version: () => {}, touches: () => Promise.resolve() };
      await expect(directory.local.createGroup(idp, 'STAFF', [], check)).rejects.toMatchObject({ code: 'CW_CONFLICT' });
      const local = await directory.local.createGroup(idp, 'night shift', [sue.id], check);
      expect((await place.send('GET', `/users/${sue.id}`)).body).toMatchObject({ groups: ['night shift', 'staff'] });
      expect((await change(`/groups/${local.id}`, { add: ['u999999'] })).body.code).toBe('CW_REQUEST_INVALID');
      const lou = { displayName: 'Lou', email: null, active: true, ou: null };
      const { id } = await directory.local.createUser({ ...lou, idp, userName: 'lou@corp.example' }, check);
      // SCIM sees neither, gives nobody of them a group, and takes a person over when it sends them.
      expect([await directory.user(idp, id), await directory.group(idp, local.id)]).toEqual([null, null]);
      await expect(directory.changeGroup(idp, staff.id, [{ t: 'add', members: [id] }])).rejects.toMatchObject({
        code: 'CW_REQUEST_INVALID',
      });
      await expect(directory.deleteUser(idp, id)).rejects.toMatchObject({ code: 'CW_NOT_FOUND' });
      await expect(directory.deleteGroup(idp, local.id)).rejects.toMatchObject({ code: 'CW_NOT_FOUND' });
      const taken = await directory.createUser(idp, { ...input, userName: 'Lou@corp.example' });
      expect(taken).toMatchObject({ id, source: 'scim' });
      expect(await change(`/users/${id}`, { active: false })).toMatchObject({ body: { code: 'CW_MANAGED' } });
    });
  });

  it('come in beside those of a provider, with the directory’s groups alone', async () => {
    const { database, now } = at().services;
    const directory = new Directory({ database, loginIdp: () => 'later', now });
    const check = { version: () => {}, touches: () => Promise.resolve() };
    const come = (user: string): Promise<readonly string[]> =>
      directory
        .signIn({ user, displayName: user, groups: ['told'], ou: null }, () => Promise.resolve())
        .then(({ groups }) => groups);
    const ned = { displayName: 'Ned', email: null, active: true, ou: null };
    const { id } = await directory.local.createUser({ ...ned, idp: 'later', userName: 'ned@corp.example' }, check);
    await directory.local.createGroup('later', 'beside', [id], check);
    expect(await come('ned@corp.example')).toEqual(['told', 'beside']);
    const input = { externalId: null, displayName: 'Tom', ou: null, active: true, body: {}, values: [] };
    await directory.createUser('later', { ...input, userName: 'tom@corp.example' });
    expect((await directory.groupsOf('ned@corp.example'))?.groups).toEqual(['beside']);
    expect(await come('ned@corp.example')).toEqual(['beside']);
    await expect(come('stranger@corp.example')).rejects.toMatchObject({ code: 'CW_PERSON_UNKNOWN' });
  });
}
