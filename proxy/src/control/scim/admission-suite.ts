import { expect, test } from 'vitest';
import { ORIGIN, type ScimPlace } from './fixtures/scim-place.ts';
import { ENTERPRISE, GROUP, USER } from './schemas.ts';

/** Who may use the interface, and what it says of itself. */
export function admissionSuite(place: () => ScimPlace): void {
  const ask = (idp: string, headers: Record<string, string>, address: string): Promise<Response> =>
    Promise.resolve(place().app.request(`${ORIGIN}/scim/v2/${idp}/Users`, { headers }, { address }));

  test('only a live token of the provider itself opens it', async () => {
    const one = await place().client();
    const other = await place().client();
    const denied: [string, Record<string, string>][] = [
      [one.idp, {}],
      [one.idp, { authorization: 'Bearer' }],
      [one.idp, { authorization: `Bearer ${'A'.repeat(43)}` }],
      [one.idp, { authorization: `Basic ${one.token}` }],
      [one.idp, { authorization: `Bearer ${other.token}` }],
      [one.idp, { authorization: `Bearer ${one.token}x` }],
      ['nowhere', { authorization: `Bearer ${one.token}` }],
      ['__proto__', { authorization: `Bearer ${one.token}` }],
    ];
    for (const [idp, headers] of denied) {
      const response = await ask(idp, headers, '10.1.0.1');
      expect(response.status).toBe(401);
      expect(response.headers.get('www-authenticate')).toContain('Bearer');
      expect(await response.json()).toMatchObject({ status: '401', detail: 'no live token' });
    }
    expect((await ask(one.idp, { authorization: `bearer ${one.token}` }, '10.1.0.1')).status).toBe(200);
    expect(place().log.join()).not.toContain(one.token);
  });

  test('a token ends when it expires or is revoked', async () => {
    const { idp } = await place().client();
    const { tokens } = place();
    place().now += 1;
    const short = await tokens.issue(idp, 'short', place().now + 1_000);
    const revoked = await tokens.issue(idp, 'revoked', null);
    expect(await tokens.verify(idp, short.token)).toBe(true);
    expect(await tokens.verify(idp, revoked.token)).toBe(true);
    place().now += 1_000;
    expect(await tokens.verify(idp, short.token)).toBe(false);
    expect(await tokens.revoke('other', revoked.hash)).toBe(false);
    expect(await tokens.revoke(idp, revoked.hash)).toBe(true);
    expect(await tokens.verify(idp, revoked.token)).toBe(false);
    expect((await tokens.list(idp)).map(({ label }) => label)).toEqual(['test', 'short']);
  });

  test('who tries many tokens is told to wait, and nobody else', async () => {
    const { idp, token } = await place().client();
    const statuses: number[] = [];
    for (let i = 0; i < 25; i++)
      statuses.push((await ask(idp, { authorization: `Bearer cws_${i}` }, '10.2.0.1')).status);
    expect(statuses.slice(0, 20).every((status) => status === 401)).toBe(true);
    expect(statuses.at(-1)).toBe(429);
    expect((await ask(idp, { authorization: 'Bearer x' }, '10.2.0.2')).status).toBe(401);
    expect((await ask(idp, { authorization: `Bearer ${token}` }, '10.2.0.1')).status).toBe(200);
  });

  test('more requests at once than the bound are put off, and those after them served', async () => {
    const client = await place().client();
    const answers = await Promise.all(Array.from({ length: 60 }, () => client.send('GET', '/Users')));
    const statuses = answers.map(({ status }) => status);
    expect(new Set(statuses)).toEqual(new Set([200, 429]));
    expect(answers.find(({ status }) => status === 429)?.headers.get('retry-after')).toBe('2');
    expect((await client.send('GET', '/Users')).status).toBe(200);
  });

  test('it says what it can do', async () => {
    const client = await place().client();
    const config = await client.send('GET', '/ServiceProviderConfig');
    expect(config.body).toMatchObject({
      patch: { supported: true },
      bulk: { supported: true, maxOperations: 1_000 },
      filter: { supported: true, maxResults: 500 },
      etag: { supported: true },
      sort: { supported: true },
      changePassword: { supported: false },
    });
    const types = await client.send('GET', '/ResourceTypes');
    expect(types.body.Resources.map(({ id }) => id)).toEqual(['User', 'Group']);
    expect((await client.send('GET', '/ResourceTypes/User')).body.schemaExtensions).toEqual([
      { schema: ENTERPRISE, required: false },
    ]);
    const schemas = await client.send('GET', '/Schemas');
    expect(schemas.body.Resources.map(({ id }) => id)).toEqual([USER, ENTERPRISE, GROUP]);
    const user = await client.send('GET', `/Schemas/${USER}`);
    const userName = user.body.attributes.find(({ name }) => name === 'userName');
    expect(userName).toMatchObject({ required: true, caseExact: false, uniqueness: 'server' });
    expect(user.body.meta.location).toBe(`${ORIGIN}/scim/v2/${client.idp}/Schemas/${USER}`);
    expect((await client.send('GET', '/Schemas/urn:nothing')).status).toBe(404);
  });
}
