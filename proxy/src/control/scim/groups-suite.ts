import { expect, test } from 'vitest';
import type { Answer, ScimClient, ScimPlace } from './fixtures/scim-place.ts';
import { GROUP } from './schemas.ts';

const membersOf = async (client: ScimClient, id: string): Promise<string[]> => {
  const { body } = await client.send('GET', `/Groups/${id}`);
  return body.members.map(({ value }) => value);
};

/** Groups and their members, in the shapes that Entra ID and Okta send. */
export function groupsSuite(place: () => ScimPlace): void {
  const people = async (count: number): Promise<{ client: ScimClient; ids: string[] }> => {
    const client = await place().client();
    const ids: string[] = [];
    for (let i = 0; i < count; i++) ids.push(await client.user(`user${i}`));
    return { client, ids };
  };

  test('a group is made with members, read, replaced and deleted', async () => {
    const { client, ids } = await people(3);
    const [a = '', b = '', c = ''] = ids;
    const made = await client.send('POST', '/Groups', {
      schemas: [GROUP],
      displayName: 'Staff',
      externalId: 'x',
      members: [{ value: a }, { value: b, display: 'whoever' }, { value: a }],
    });
    expect(made.status).toBe(201);
    const base = `https://admin.causeway-id.localhost:8443/scim/v2/${client.idp}`;
    expect(made.headers.get('location')).toBe(`${base}/Groups/${made.body.id}`);
    expect(made.body).toEqual({
      schemas: [GROUP],
      id: made.body.id,
      displayName: 'Staff',
      externalId: 'x',
      members: [
        { value: a, display: 'user0', type: 'User', $ref: `${base}/Users/${a}` },
        { value: b, display: 'user1', type: 'User', $ref: `${base}/Users/${b}` },
      ],
      meta: expect.objectContaining({ resourceType: 'Group', version: 'W/"1"' }) as object,
    });
    const path = `/Groups/${made.body.id}`;
    const replaced = await client.send('PUT', path, { displayName: 'Crew', members: [{ value: c }, { value: b }] });
    expect(replaced.body).toMatchObject({ displayName: 'Crew', members: [{ value: b }, { value: c }] });
    expect(replaced.headers.get('etag')).toBe('W/"2"');
    expect((await client.send('GET', `/Users/${a}`)).body).not.toHaveProperty('groups');
    expect((await client.send('DELETE', path, undefined, { 'if-match': 'W/"1"' })).status).toBe(412);
    expect((await client.send('DELETE', path)).status).toBe(204);
    expect((await client.send('GET', path)).status).toBe(404);
    expect((await client.send('GET', `/Users/${b}`)).body).not.toHaveProperty('groups');
  });

  test('a name is given once without regard to case', async () => {
    const { client } = await people(0);
    const staff = await client.group('Staff');
    expect(await client.send('POST', '/Groups', { displayName: 'sTAFF' })).toMatchObject({
      status: 409,
      body: { scimType: 'uniqueness' },
    });
    const crew = await client.group('Crew');
    const rename = { op: 'Replace', path: 'displayName', value: 'STAFF' };
    expect((await client.patch(`/Groups/${crew}`, rename)).status).toBe(409);
    expect((await client.patch(`/Groups/${staff}`, rename)).status).toBe(204);
  });

  test.each<[string, (ids: readonly string[]) => object, readonly number[]]>([
    ['Entra adds', ([, b]) => ({ op: 'Add', path: 'members', value: [{ $ref: null, value: b }] }), [0, 1]],
    ['a member twice', ([, b]) => ({ op: 'add', path: 'members', value: [{ value: b }, { value: b }] }), [0, 1]],
    ['one that is there already', ([a]) => ({ op: 'add', path: 'members', value: [{ value: a }] }), [0]],
    ['bare ids', ([, b, c]) => ({ op: 'add', path: 'members', value: [b, c] }), [0, 1, 2]],
    ['a single object', ([, b]) => ({ op: 'add', path: 'Members', value: { value: b } }), [0, 1]],
    ['no path', ([, b]) => ({ op: 'add', value: { members: [{ value: b }] } }), [0, 1]],
    ['no path and a list', ([, b]) => ({ op: 'add', value: [{ value: b }] }), [0, 1]],
    [
      'the schema’s name in the path',
      ([, b]) => ({ op: 'add', path: `${GROUP}:members`, value: [{ value: b }] }),
      [0, 1],
    ],
    [
      'Okta replaces all',
      ([, b, c]) => ({ op: 'replace', path: 'members', value: [{ value: c }, { value: b }] }),
      [1, 2],
    ],
    ['Entra removes by filter', ([a]) => ({ op: 'Remove', path: `members[value eq "${a}"]` }), []],
    ['a filter in capitals', ([a]) => ({ op: 'remove', path: `MEMBERS[VALUE EQ "${a}"]` }), []],
    ['several by filter', ([a, b]) => ({ op: 'remove', path: `members[value eq "${b}" or value eq "${a}"]` }), []],
    ['Entra removes a list', ([a]) => ({ op: 'Remove', path: 'members', value: [{ value: a }] }), []],
    ['the removal of who is no member', ([, b]) => ({ op: 'remove', path: `members[value eq "${b}"]` }), [0]],
    ['the removal of nobody', () => ({ op: 'remove', path: 'members[value eq "nobody"]' }), [0]],
    ['an empty list to remove', () => ({ op: 'remove', path: 'members', value: [] }), [0]],
    ['the removal of all', () => ({ op: 'remove', path: 'members' }), []],
  ])('PATCH of members: %s', async (_name, operation, expected) => {
    const { client, ids } = await people(3);
    const group = await client.group('g', ids.slice(0, 1));
    const patched = await client.patch(`/Groups/${group}`, operation(ids));
    expect(patched).toMatchObject({ status: 204, body: null });
    expect(patched.headers.get('etag')).toBe('W/"2"');
    expect(await membersOf(client, group)).toEqual(expected.map((i) => ids[i]));
  });

  test('PATCH of the name, as Entra and Okta send it', async () => {
    const { client } = await people(0);
    const id = await client.group('one');
    const name = async (): Promise<unknown> => (await client.send('GET', `/Groups/${id}`)).body.displayName;
    await client.patch(`/Groups/${id}`, { op: 'Replace', path: 'displayName', value: 'two' });
    expect(await name()).toBe('two');
    await client.patch(`/Groups/${id}`, { op: 'replace', value: { id, displayName: 'three', unknown: 1 } });
    expect(await name()).toBe('three');
    await client.patch(`/Groups/${id}`, { op: 'add', path: 'externalId', value: 'x' });
    const asked = await client.send('PATCH', `/Groups/${id}?attributes=externalId`, {
      Operations: [{ op: 'replace', value: { displayName: 'four' } }],
    });
    expect(asked).toMatchObject({ status: 200, body: { id, externalId: 'x' } });
    expect(await name()).toBe('four');
  });

  test('a change happens whole or not at all', async () => {
    const { client, ids } = await people(2);
    const [a = '', b = ''] = ids;
    const group = await client.group('g', [a]);
    const wrong = await client.patch(
      `/Groups/${group}`,
      { op: 'add', path: 'members', value: [{ value: b }] },
      { op: 'add', path: 'members', value: [{ value: 'u999999999' }] },
    );
    expect(wrong).toMatchObject({ status: 400, body: { scimType: 'invalidValue' } });
    expect(await membersOf(client, group)).toEqual([a]);
    expect((await client.send('GET', `/Groups/${group}`)).headers.get('etag')).toBe('W/"1"');
    for (const value of [group, 'x', '', 'u1; drop table directory_user', `u${'9'.repeat(40)}`]) {
      const refused = await client.patch(`/Groups/${group}`, { op: 'add', path: 'members', value: [{ value }] });
      expect(refused).toMatchObject({ status: 400, body: { scimType: 'invalidValue' } });
    }
    const other = await place().client();
    const foreign = await other.send('POST', '/Groups', { displayName: 'mine', members: [{ value: a }] });
    expect(foreign).toMatchObject({ status: 400, body: { scimType: 'invalidValue' } });
    expect((await other.send('GET', '/Groups')).body.totalResults).toBe(0);
    expect((await other.send('GET', `/Groups/${group}`)).status).toBe(404);
    expect((await other.patch(`/Groups/${group}`, { op: 'remove', path: 'members' })).status).toBe(404);
    expect((await other.send('DELETE', `/Groups/${group}`)).status).toBe(404);
  });

  test.each([
    [{ op: 'replace', path: 'members[display eq "x"]', value: [] }, 'invalidPath'],
    [{ op: 'remove', path: 'members[not (value eq "u1")]' }, 'invalidPath'],
    [{ op: 'add', path: 'nowhere', value: 1 }, 'invalidPath'],
    [{ op: 'replace', path: 'id', value: 'g1' }, 'mutability'],
    [{ op: 'remove', path: 'displayName' }, 'invalidValue'],
    [{ op: 'replace', path: 'displayName', value: ['x'] }, 'invalidValue'],
    [{ op: 'add', path: 'members', value: [{ display: 'x' }] }, 'invalidValue'],
    [{ op: 'add', path: '__proto__', value: { members: [] } }, 'invalidPath'],
    [{ op: 'add', path: 'constructor.prototype', value: 1 }, 'invalidPath'],
  ])('PATCH with %j is refused', async (operation, scimType) => {
    const { client } = await people(0);
    const id = await client.group('g');
    expect(await client.patch(`/Groups/${id}`, operation)).toMatchObject({ status: 400, body: { scimType } });
  });

  test('members are not read where nobody asks for them', async () => {
    const { client, ids } = await people(2);
    const id = await client.group('g', ids);
    const get = async (query: string): Promise<Answer> => client.send('GET', `/Groups/${id}?${query}`);
    expect((await get('excludedAttributes=members')).body).not.toHaveProperty('members');
    expect((await get('attributes=displayName')).body).toEqual({ schemas: [GROUP], id, displayName: 'g' });
    expect((await get('attributes=members.value')).body.members).toEqual(ids.map((value) => ({ value })));
    const list = await client.send('GET', '/Groups?excludedAttributes=members&filter=displayName%20eq%20%22G%22');
    expect(list.body.Resources).toMatchObject([{ id, displayName: 'g' }]);
    expect(list.body.Resources[0]).not.toHaveProperty('members');
    const all = await client.send('GET', '/Groups');
    expect(all.body.Resources[0]?.members).toHaveLength(2);
  });

  test('a filter finds groups', async () => {
    const { client, ids } = await people(2);
    const [a = '', b = ''] = ids;
    await client.send('POST', '/Groups', { displayName: 'Alpha', externalId: 'E1', members: [{ value: a }] });
    await client.send('POST', '/Groups', { displayName: 'Beta', members: [{ value: a }, { value: b }] });
    const find = async (filter: string): Promise<string[]> => {
      const { body } = await client.send('GET', `/Groups?filter=${encodeURIComponent(filter)}`);
      return body.Resources.map(({ displayName }) => displayName);
    };
    expect(await find('displayName eq "ALPHA"')).toEqual(['Alpha']);
    expect(await find(`members.value eq "${b}"`)).toEqual(['Beta']);
    expect(await find(`members eq "${a}" and displayName co "et"`)).toEqual(['Beta']);
    expect(await find(`members[value eq "${a}"] and not (externalId pr)`)).toEqual(['Beta']);
    expect(await find('externalId eq "e1"')).toEqual([]);
    expect(await find('externalId eq "E1"')).toEqual(['Alpha']);
  });

  test('somebody who is deleted is in no group', async () => {
    const { client, ids } = await people(2);
    const [a = '', b = ''] = ids;
    const id = await client.group('g', ids);
    await client.send('DELETE', `/Users/${a}`);
    const { body, headers } = await client.send('GET', `/Groups/${id}`);
    expect(body.members.map(({ value }) => value)).toEqual([b]);
    expect(headers.get('etag')).toBe('W/"2"');
  });

  test('a group of many is answered whole, and one that is too large is refused', async () => {
    const { client } = await people(0);
    const members = await place().crowd(client.idp, 2_300);
    const id = await client.group('many', members);
    expect(await membersOf(client, id)).toEqual(members);
    await client.patch(`/Groups/${id}`, { op: 'replace', path: 'members', value: members.slice(5, 2_200) });
    expect(await membersOf(client, id)).toEqual(members.slice(5, 2_200));
    const huge = `{"displayName":"huge","members":[${'{"value":"u1"},'.repeat(450_000)}{"value":"u1"}]}`;
    expect((await client.send('POST', '/Groups', huge)).status).toBe(413);
  }, 60_000);
}
