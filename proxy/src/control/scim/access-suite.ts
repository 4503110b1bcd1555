import { expect, test } from 'vitest';
import { Roles } from '../admin/roles.ts';
import { Sessions } from '../identity/sessions.ts';
import type { SessionRecord } from '../store/store.ts';
import type { ScimClient, ScimPlace } from './fixtures/scim-place.ts';
import { ENTERPRISE } from './schemas.ts';

/** What changes of the directory do to people who are signed in. */
export function accessSuite(place: () => ScimPlace): void {
  let names = 0;
  /** A name that no other test of the database signs in with. */
  const newName = (): string => `person${++names}@corp.example`;

  async function signIn(user: string, groups: readonly string[] = ['by-login']): Promise<SessionRecord> {
    const { store, directory } = place();
    const sessions = new Sessions(store, directory, { epoch: 0, revoke: () => Promise.resolve(0) }, () => place().now);
    const person = { user, displayName: user, groups, ou: null, nameId: user, sessionIndex: null, notAfter: null };
    const { session } = await sessions.begin(person, '10.0.0.1', 3_600_000);
    await store.addAppToken({ tokenHash: `t-${session.id}`, session: session.id, host: 'a.example', createdAt: 1 });
    return session;
  }

  async function provisioned(): Promise<{ client: ScimClient; name: string; id: string }> {
    const client = await place().client();
    const name = newName();
    return { client, name, id: await client.user(name) };
  }

  test.each<[string, (client: ScimClient, id: string) => Promise<unknown>]>([
    [
      'Entra’s "False"',
      (client, id) => client.patch(`/Users/${id}`, { op: 'Replace', path: 'active', value: 'False' }),
    ],
    ['Okta’s false', (client, id) => client.patch(`/Users/${id}`, { op: 'replace', value: { active: false } })],
    ['DELETE', (client, id) => client.send('DELETE', `/Users/${id}`)],
    [
      'another name',
      (client, id) => client.patch(`/Users/${id}`, { op: 'replace', path: 'userName', value: newName() }),
    ],
  ])('security case 44: %s ends sessions in the same transaction', async (_name, end) => {
    const { client, name, id } = await provisioned();
    const session = await signIn(name);
    const { store, changes } = place();
    const epoch = await store.epoch();
    await end(client, id);
    expect(await store.session(session.id)).toBeNull();
    expect(await store.grant(`t-${session.id}`, 0)).toBeNull();
    expect(await store.epoch()).toBe(epoch + 1);
    expect(changes).toMatchObject([{ deactivated: [name], sessions: [session.id] }]);
    const again = signIn(name);
    await expect(again).rejects.toMatchObject({
      code: expect.stringMatching(/^CW_PERSON_(?:INACTIVE|UNKNOWN)$/) as string,
    });
  });

  test('who is active again may sign in, and has no old session', async () => {
    const { client, name, id } = await provisioned();
    const session = await signIn(name);
    await client.patch(`/Users/${id}`, { op: 'replace', path: 'active', value: false });
    await client.patch(`/Users/${id}`, { op: 'replace', path: 'active', value: true });
    expect(await place().store.session(session.id)).toBeNull();
    expect(await signIn(name)).toMatchObject({ user: name });
  });

  test('a person whom the provider keeps has the directory’s groups alone', async () => {
    const { client, name, id } = await provisioned();
    await client.group('Staff', [id]);
    expect(await signIn(name.toUpperCase(), ['by-login'])).toMatchObject({ user: name, groups: ['Staff'] });
    expect(await place().directory.groupsOf(name.toUpperCase())).toMatchObject({
      user: name,
      groups: ['Staff'],
      active: true,
    });
  });

  test('a person who only logs in has the login’s groups and the directory’s', async () => {
    const client = await place().client();
    const name = newName();
    await signIn(name, ['by-login']);
    const [user] = (await client.send('GET', '/Users')).body.Resources;
    await client.group('Extra', [user?.id ?? '']);
    expect((await place().directory.groupsOf(name))?.groups).toEqual(['by-login', 'Extra']);
    expect(await signIn(name, ['Extra', 'other'])).toMatchObject({ groups: ['Extra', 'other'] });
  });

  test('sessions follow groups as members come and go, and as a group is renamed and deleted', async () => {
    const { client, name, id } = await provisioned();
    const { store, changes } = place();
    const session = await signIn(name);
    const other = await client.user(newName());
    const group = await client.group('Staff', [id]);
    const groups = async (): Promise<readonly string[] | undefined> => (await store.session(session.id))?.groups;
    expect(await groups()).toEqual(['Staff']);
    const told = { users: [name], deactivated: [], sessions: [] };
    const after = async (change: Promise<unknown>, expected: readonly string[]): Promise<void> => {
      await change;
      expect(await groups()).toEqual(expected);
      expect((await store.grant(`t-${session.id}`, 0))?.principal.groups).toEqual(expected);
      expect(changes.at(-1)).toEqual(told);
    };
    await after(client.patch(`/Groups/${group}`, { op: 'replace', path: 'displayName', value: 'Crew' }), ['Crew']);
    await after(client.patch(`/Groups/${group}`, { op: 'remove', path: `members[value eq "${id}"]` }), []);
    await after(client.patch(`/Groups/${group}`, { op: 'add', path: 'members', value: [{ value: id }] }), ['Crew']);
    await after(client.send('PUT', `/Groups/${group}`, { displayName: 'Crew', members: [] }), []);
    await after(client.send('PUT', `/Groups/${group}`, { displayName: 'Crew', members: [{ value: id }] }), ['Crew']);
    const count = changes.length;
    const epoch = await store.epoch();
    await client.patch(`/Groups/${group}`, { op: 'add', path: 'members', value: [{ value: other }] });
    await client.patch(`/Groups/${group}`, { op: 'replace', path: 'externalId', value: 'x' });
    await client.patch(`/Users/${id}`, { op: 'replace', path: 'title', value: 'x' });
    expect([changes.length, await store.epoch()]).toEqual([count, epoch]);
    await after(client.send('DELETE', `/Groups/${group}`), []);
  });

  test('another unit reaches sessions, tokens and devices, and what is no path of units is none', async () => {
    const { client, name, id } = await provisioned();
    const session = await signIn(name);
    const { store } = place();
    const move = async (organization: string): Promise<unknown> => {
      const { length } = place().changes;
      await client.patch(`/Users/${id}`, { op: 'replace', path: `${ENTERPRISE}:organization`, value: organization });
      expect(place().changes.slice(length)).toEqual([{ users: [name], deactivated: [], sessions: [] }]);
      const { ou } = (await store.session(session.id)) ?? {};
      expect((await store.grant(`t-${session.id}`, 0))?.principal.ou ?? null).toBe(ou);
      expect((await place().directory.groupsOf(name))?.ou).toBe(ou);
      return ou;
    };
    expect(await move('/corp/sales/')).toBe('corp/sales');
    expect(await move('corp//sales')).toBeNull();
    expect(await move('corp/it')).toBe('corp/it');
    const count = place().changes.length;
    await client.patch(`/Users/${id}`, { op: 'replace', path: `${ENTERPRISE}:organization`, value: 'corp/it/' });
    expect(place().changes).toHaveLength(count);
    expect((await signIn(name)).ou).toBe('corp/it');
  });

  test('who has a device and no session is told of as well', async () => {
    const { client, name, id } = await provisioned();
    await place().store.createDevice({ id: `d-${name}`, name: 'laptop', user: name, createdAt: 1, revokedAt: null });
    await client.group('Staff', [id]);
    expect(place().changes).toEqual([{ users: [name], deactivated: [], sessions: [] }]);
    await client.patch(`/Users/${id}`, { op: 'replace', path: 'active', value: false });
    expect(place().changes.at(-1)).toEqual({ users: [], deactivated: [name], sessions: [] });
    const count = place().changes.length;
    await place().store.revokeDevice(`d-${name}`, 2);
    await client.patch(`/Users/${id}`, { op: 'replace', path: 'active', value: true });
    expect(place().changes).toHaveLength(count);
  });

  test('devices, roles and requests of a person follow another name, in the same transaction', async () => {
    const { client, name, id } = await provisioned();
    const { store, database } = place();
    const renamed = newName();
    const device = `d-${name}`;
    await store.createDevice({ id: device, name: 'laptop', user: name, createdAt: 1, revokedAt: null });
    await store.createJoinToken({ hash: name, kind: 'device', owner: name, expiresAt: 9 });
    const roles = new Roles(database, () => 1);
    for (const role of ['auditor', 'helpdesk'] as const) await roles.assign({ kind: 'user', name }, role, 'x');
    await roles.assign({ kind: 'user', name: renamed }, 'auditor', 'x');
    const rename = (userName: string) =>
      client.patch(`/Users/${id}`, { op: 'replace', path: 'userName', value: userName });
    const taken = await client.user(newName());
    const { body } = await client.send('GET', `/Users/${taken}`);
    expect((await rename(body.userName)).status).toBe(409);
    expect(await store.device(device)).toMatchObject({ user: name });
    expect((await rename(renamed)).status).toBeLessThan(300);
    expect(await store.device(device)).toMatchObject({ user: renamed, revokedAt: null });
    expect(await store.takeJoinToken(name, 1)).toMatchObject({ owner: renamed });
    expect((await roles.of(renamed, [])).toSorted()).toEqual(['auditor', 'helpdesk']);
    expect(await roles.of(name, [])).toEqual([]);
    expect(place().changes.at(-1)).toEqual({ users: [renamed], deactivated: [name], sessions: [] });
    expect((await rename(renamed.toUpperCase())).status).toBeLessThan(300);
    expect(await store.device(device)).toMatchObject({ user: renamed.toUpperCase() });
    expect(await roles.of(renamed, [])).toHaveLength(2);
  });

  test('another provider’s person of the same name is somebody else', async () => {
    const foreign = await place().client();
    const { client, name, id } = await provisioned();
    const namesake = await foreign.user(name);
    await client.group('Staff', [id]);
    const session = await signIn(name);
    await foreign.group('Admins', [namesake]);
    await foreign.patch(`/Users/${namesake}`, { op: 'replace', path: 'active', value: false });
    await foreign.send('DELETE', `/Users/${namesake}`);
    expect(await place().store.session(session.id)).toMatchObject({ groups: ['Staff'] });
  });

  test('of a login and a deactivation at the same time nothing is left open', async () => {
    const { client, name, id } = await provisioned();
    for (let round = 0; round < 6; round++) {
      await client.patch(`/Users/${id}`, { op: 'replace', path: 'active', value: true });
      const logins = Array.from({ length: 4 }, () => signIn(name).catch(() => null));
      const [ended] = await Promise.all([
        client.patch(`/Users/${id}`, { op: 'replace', path: 'active', value: false }),
        ...logins,
      ]);
      expect(ended.status).toBe(200);
      expect(await place().store.sessionsOf(name)).toEqual([]);
    }
  });

  test('many sessions follow one change of a group', async () => {
    const client = await place().client();
    const ids = await place().crowd(client.idp, 250);
    const { store } = place();
    const rows = ids.map((id, i) => ({
      id: `s-${client.idp}-${id}`,
      user: `${client.idp}-${i}@corp.example`,
      display_name: '',
      groups: '["old"]',
      login_hash: `h-${client.idp}-${id}`,
      created_at: 1,
      expires_at: place().now + 1,
      address: '',
      name_id: '',
      session_index: null,
    }));
    await place().database.write.insertInto('session').values(rows).execute();
    const group = await client.group('Everybody', ids);
    const sessions = (await store.sessions(place().now)).filter(({ user }) => user.startsWith(`${client.idp}-`));
    expect(sessions).toHaveLength(250);
    expect(sessions.every(({ groups }) => groups.join() === 'Everybody')).toBe(true);
    await client.send('DELETE', `/Groups/${group}`);
    const after = (await store.sessions(place().now)).filter(({ user }) => user.startsWith(`${client.idp}-`));
    expect(after.every(({ groups }) => groups.length === 0)).toBe(true);
    expect(place().changes.at(-1)?.users).toHaveLength(250);
  });
}
