import { expect, test } from 'vitest';
import type { ScimPlace } from './fixtures/scim-place.ts';
import { ENTERPRISE, USER } from './schemas.ts';

const USERS = '/Users';

/** Users as RFC 7644 has them. */
export function usersSuite(place: () => ScimPlace): void {
  test('many at once are made together, each with its own answer', async () => {
    const client = await place().client();
    const names = [...Array.from({ length: 20 }, (_, i) => `many${i}`), 'Many3', 'many4', ' '];
    const made = await Promise.all(
      names.map((userName) =>
        client.send('POST', USERS, { userName, emails: [{ value: `${userName}@corp.example`, type: 'work' }] }),
      ),
    );
    // Of two spellings of one name whichever came first.
    const refused = made.map(({ status }) => status).filter((status) => status !== 201);
    expect(refused.toSorted((a, b) => a - b)).toEqual([400, 409, 409]);
    const people = made.flatMap(({ status, body }) => (status === 201 ? [body] : []));
    expect(people.map(({ userName }) => userName.toLowerCase()).toSorted()).toEqual(names.slice(0, 20).toSorted());
    expect(new Set(people.map(({ id }) => id)).size).toBe(20);
    expect(await client.find('emails[type eq "work"].value eq "many7@corp.example"')).toEqual(['many7']);
  });

  test('a user is made, found, replaced and deleted', async () => {
    const client = await place().client();
    const made = await client.send('POST', '/Users', {
      schemas: [USER, ENTERPRISE],
      userName: 'Ada@corp.example',
      externalId: 'x-1',
      name: { givenName: 'Ada', familyName: 'Lovelace' },
      emails: [{ value: 'ada@corp.example', type: 'work', primary: true }],
      [ENTERPRISE]: { department: 'Engines', manager: { value: 'u1' } },
    });
    expect(made.status).toBe(201);
    expect(made.headers.get('content-type')).toContain('application/scim+json');
    const location = `https://admin.causeway-id.localhost:8443/scim/v2/${client.idp}/Users/${made.body.id}`;
    expect(made.headers.get('location')).toBe(location);
    expect(made.headers.get('etag')).toBe('W/"1"');
    expect(made.body).toEqual({
      schemas: [USER, ENTERPRISE],
      id: made.body.id,
      externalId: 'x-1',
      userName: 'Ada@corp.example',
      name: { givenName: 'Ada', familyName: 'Lovelace' },
      emails: [{ value: 'ada@corp.example', type: 'work', primary: true }],
      [ENTERPRISE]: { department: 'Engines', manager: { value: 'u1' } },
      active: true,
      meta: {
        resourceType: 'User',
        created: '2026-11-22T12:00:00.000Z',
        lastModified: '2026-11-22T12:00:00.000Z',
        location,
        version: 'W/"1"',
      },
    });
    const path = `/Users/${made.body.id}`;
    expect((await client.send('GET', path)).body).toEqual(made.body);
    const replaced = await client.send('PUT', path, { userName: 'ada@corp.example', active: false });
    expect(replaced.status).toBe(200);
    expect(replaced.body).toMatchObject({ userName: 'ada@corp.example', active: false, meta: { version: 'W/"2"' } });
    expect(replaced.body).not.toHaveProperty('emails');
    expect((await client.send('DELETE', path)).status).toBe(204);
    for (const method of ['GET', 'DELETE']) {
      const gone = await client.send(method, path);
      expect(gone).toMatchObject({ status: 404, body: { status: '404', detail: expect.any(String) as string } });
    }
  });

  test('a name is taken without regard to case, by each provider for itself', async () => {
    const one = await place().client();
    const id = await one.user('ann@corp.example');
    const again = await one.send('POST', '/Users', { userName: 'ANN@corp.example' });
    expect(again).toMatchObject({ status: 409, body: { scimType: 'uniqueness', status: '409' } });
    const bob = await one.user('bob@corp.example');
    const renamed = await one.send('PUT', `/Users/${bob}`, { userName: 'Ann@corp.example' });
    expect(renamed).toMatchObject({ status: 409, body: { scimType: 'uniqueness' } });
    expect((await one.send('PUT', `/Users/${id}`, { userName: 'Ann@Corp.example' })).status).toBe(200);

    const other = await place().client();
    expect((await other.send('POST', '/Users', { userName: 'ann@corp.example' })).status).toBe(201);
    expect((await other.send('GET', `/Users/${id}`)).status).toBe(404);
    expect((await other.send('PUT', `/Users/${id}`, { userName: 'x' })).status).toBe(404);
    expect((await other.patch(`/Users/${id}`, { op: 'replace', path: 'active', value: false })).status).toBe(404);
    expect((await other.send('DELETE', `/Users/${id}`)).status).toBe(404);
    expect((await other.send('GET', '/Users')).body.totalResults).toBe(1);
  });

  test('a version that was not read is not changed', async () => {
    const client = await place().client();
    const path = `/Users/${await client.user('ann')}`;
    const stale = { 'if-match': 'W/"7"' };
    expect((await client.send('PUT', path, { userName: 'b' }, stale)).status).toBe(412);
    expect((await client.send('DELETE', path, undefined, stale)).status).toBe(412);
    const operations = { Operations: [{ op: 'replace', path: 'title', value: 'x' }] };
    expect((await client.send('PATCH', path, operations, stale)).status).toBe(412);
    expect((await client.send('PATCH', path, operations, { 'if-match': 'W/"7", W/"1"' })).status).toBe(200);
    const read = await client.send('GET', path, undefined, { 'if-none-match': 'W/"2"' });
    expect(read).toMatchObject({ status: 304, body: null });
    expect((await client.send('GET', path, undefined, { 'if-none-match': 'W/"1"' })).body.title).toBe('x');
    expect((await client.send('DELETE', path, undefined, { 'if-match': '*' })).status).toBe(204);
  });

  test('a list comes in parts, sorted as asked', async () => {
    const client = await place().client();
    for (const name of ['Delta', 'alpha', 'Charlie', 'bravo', 'echo']) await client.user(name);
    const page = await client.send('GET', '/Users?startIndex=2&count=2&sortBy=userName');
    expect(page.body).toMatchObject({ totalResults: 5, startIndex: 2, itemsPerPage: 2 });
    const names = (answer: typeof page): string[] => answer.body.Resources.map(({ userName }) => userName);
    expect(names(page)).toEqual(['bravo', 'Charlie']);
    expect(names(await client.send('GET', '/Users?sortBy=USERNAME&sortOrder=descending&count=2'))).toEqual([
      'echo',
      'Delta',
    ]);
    expect(names(await client.send('GET', '/Users'))).toEqual(['Delta', 'alpha', 'Charlie', 'bravo', 'echo']);
    expect((await client.send('GET', '/Users?count=0')).body).toMatchObject({ totalResults: 5, Resources: [] });
    expect((await client.send('GET', '/Users?startIndex=9')).body).toMatchObject({ totalResults: 5, Resources: [] });
    expect((await client.send('GET', '/Users?startIndex=-3&count=100000')).body.itemsPerPage).toBe(5);
    expect((await client.send('GET', '/Users?startIndex=x')).status).toBe(400);
    expect((await client.send('GET', '/Users?sortBy=emails')).status).toBe(400);
  });

  test('an answer has the attributes that were asked for', async () => {
    const client = await place().client();
    const id = await client.user('ann', {
      title: 'Engineer',
      name: { givenName: 'Ann', familyName: 'Lee' },
      emails: [{ value: 'a@x.example', type: 'work' }],
      [ENTERPRISE]: { department: 'd', division: 'v' },
    });
    const group = await client.group('staff', [id]);
    const get = async (query: string): Promise<object> => (await client.send('GET', `/Users/${id}?${query}`)).body;
    expect(await get('attributes=userName')).toEqual({ schemas: [USER, ENTERPRISE], id, userName: 'ann' });
    expect(await get('attributes=NAME.givenname,name.familyName, emails.value')).toEqual({
      schemas: [USER, ENTERPRISE],
      id,
      name: { givenName: 'Ann', familyName: 'Lee' },
      emails: [{ value: 'a@x.example' }],
    });
    expect(await get(`attributes=${ENTERPRISE}:department`)).toMatchObject({ [ENTERPRISE]: { department: 'd' } });
    const without = await get(`excludedAttributes=meta,groups,emails,name.givenName,id,${ENTERPRISE}:division`);
    expect(without).toEqual({
      schemas: [USER, ENTERPRISE],
      id,
      userName: 'ann',
      title: 'Engineer',
      active: true,
      name: { familyName: 'Lee' },
      [ENTERPRISE]: { department: 'd' },
    });
    expect(await get('')).toMatchObject({ groups: [{ value: group, display: 'staff' }] });
    expect((await client.send('GET', `/Users/${id}?attributes=a&excludedAttributes=b`)).status).toBe(400);
    expect(await get('attributes=__proto__,constructor')).toEqual({ schemas: [USER, ENTERPRISE], id });
  });

  test('what somebody only logged in as becomes the provider’s person', async () => {
    const client = await place().client();
    const login = { user: 'jit@corp.example', displayName: 'Jit', groups: ['from-saml'], ou: null };
    await place().directory.signIn(login, async () => {});
    expect((await place().directory.groupsOf('jit@corp.example'))?.groups).toEqual(['from-saml']);
    const made = await client.send('POST', '/Users', { userName: 'JIT@corp.example' });
    expect(made.status).toBe(201);
    await client.group('staff', [made.body.id]);
    expect(await place().directory.groupsOf('jit@corp.example')).toMatchObject({
      user: 'JIT@corp.example',
      groups: ['staff'],
    });
    expect((await client.send('GET', '/Users')).body.totalResults).toBe(1);
  });

  test('what is wrong is said as an error of SCIM', async () => {
    const client = await place().client();
    const id = await client.user('ann');
    const wrong: [string, string, unknown, number, string | undefined][] = [
      ['POST', '/Users', {}, 400, 'invalidValue'],
      ['POST', '/Users', { userName: '' }, 400, 'invalidValue'],
      ['POST', '/Users', { userName: 'a\u0000b' }, 400, 'invalidValue'],
      ['POST', '/Users', { userName: 'x'.repeat(300) }, 400, 'invalidValue'],
      ['POST', '/Users', { userName: 'x', active: 'perhaps' }, 400, 'invalidValue'],
      ['POST', '/Users', { userName: 'x', name: 'flat' }, 400, 'invalidValue'],
      ['POST', '/Users', { userName: 'x', title: 'y'.repeat(5_000) }, 400, 'invalidValue'],
      ['POST', '/Users', '[]', 400, 'invalidSyntax'],
      ['POST', '/Users', '{"userName":', 400, 'invalidSyntax'],
      ['PATCH', `/Users/${id}`, { Operations: [] }, 400, 'invalidSyntax'],
      ['PATCH', `/Users/${id}`, { Operations: [{ op: 'move', path: 'title' }] }, 400, 'invalidSyntax'],
      ['PATCH', `/Users/${id}`, { Operations: [{ op: 'remove' }] }, 400, 'noTarget'],
      ['PATCH', `/Users/${id}`, { Operations: [{ op: 'remove', path: 'userName' }] }, 400, 'invalidValue'],
      ['PATCH', `/Users/${id}`, { Operations: [{ op: 'replace', path: 'id', value: 'u9' }] }, 400, 'mutability'],
      ['PATCH', `/Users/${id}`, { Operations: [{ op: 'add', path: 'groups', value: [] }] }, 400, 'mutability'],
      ['PATCH', `/Users/${id}`, { Operations: [{ op: 'add', path: 'nowhere', value: 1 }] }, 400, 'invalidPath'],
      [
        'PATCH',
        `/Users/${id}`,
        { Operations: [{ op: 'add', path: 'name[type eq "a"]', value: 1 }] },
        400,
        'invalidPath',
      ],
      ['GET', '/Users?filter=userName%20is%20%22a%22', undefined, 400, 'invalidFilter'],
      ['GET', '/Me', undefined, 501, undefined],
      ['GET', '/Nowhere', undefined, 404, undefined],
      ['GET', `${USERS}/17`, undefined, 404, undefined],
      ['GET', `${USERS}/u99999999999999999999`, undefined, 404, undefined],
      ['GET', `${USERS}/u1'%20or%201=1`, undefined, 404, undefined],
    ];
    for (const [method, path, body, status, scimType] of wrong) {
      const answer = await client.send(method, path, body);
      expect([method, path, body, answer.status, answer.body.scimType]).toEqual([method, path, body, status, scimType]);
      expect(answer.body.schemas).toEqual(['urn:ietf:params:scim:api:messages:2.0:Error']);
      expect(answer.headers.get('content-type')).toContain('application/scim+json');
    }
    const text = await client.send('POST', '/Users', '{}', { 'content-type': 'text/plain' });
    expect(text.status).toBe(415);
    const large = await client.send('POST', '/Users', { userName: 'x', title: 'y'.repeat(300_000) });
    expect(large.status).toBe(413);
    const body = Array.from({ length: 60 }, (_, i) => ({ value: `${i}${'v'.repeat(2_000)}` }));
    expect((await client.send('POST', '/Users', { userName: 'x', entitlements: body })).status).toBe(400);
  });
}
