import { expect, test } from 'vitest';
import type { Said, ScimPlace } from './fixtures/scim-place.ts';
import { ENTERPRISE } from './schemas.ts';

const USERS = '/Users';

/** Many operations in one request (RFC 7644 §3.7). */
export function bulkSuite(place: () => ScimPlace): void {
  test('operations refer to what others of the same request make, in any order', async () => {
    const client = await place().client();
    const { status, body } = await client.send('POST', '/Bulk', {
      schemas: ['urn:ietf:params:scim:api:messages:2.0:BulkRequest'],
      Operations: [
        {
          method: 'post',
          path: '/Groups',
          bulkId: 'g',
          data: { displayName: 'Staff', members: [{ value: 'bulkId:ann' }, { value: 'bulkId:bob' }] },
        },
        { method: 'POST', path: '/Users', bulkId: 'ann', data: { userName: 'ann' } },
        {
          method: 'POST',
          path: '/Users',
          bulkId: 'bob',
          data: { userName: 'bob', [ENTERPRISE]: { manager: { value: 'bulkId:ann' } } },
        },
        {
          method: 'PATCH',
          path: `${USERS}/bulkId:ann`,
          data: { Operations: [{ op: 'add', path: 'title', value: 'T' }] },
        },
        { method: 'PUT', path: `${USERS}/bulkId:bob`, version: 'W/"9"', data: { userName: 'bob2' } },
        { method: 'DELETE', path: `${USERS}/u999999999` },
      ],
    });
    expect(status).toBe(200);
    expect(body.Operations.map(({ status }) => status)).toEqual(['201', '201', '201', '200', '412', '404']);
    const [group, ann, bob, , stale] = body.Operations;
    expect(group).toMatchObject({ method: 'POST', bulkId: 'g', version: 'W/"1"' });
    const id = (operation: Said | undefined): string => operation?.location.split('/').at(-1) ?? '';
    const members = (await client.send('GET', `/Groups/${id(group)}?attributes=members.value`)).body.members;
    expect(members).toEqual([{ value: id(ann) }, { value: id(bob) }]);
    expect((await client.send('GET', `/Users/${id(ann)}`)).body.title).toBe('T');
    expect((await client.send('GET', `/Users/${id(bob)}`)).body[ENTERPRISE]).toEqual({ manager: { value: id(ann) } });
    expect(stale?.response).toMatchObject({ status: '412' });
  });

  test('it stops after as many errors as the client says', async () => {
    const client = await place().client();
    const wrong = { method: 'POST', path: '/Users', bulkId: 'x', data: {} };
    const right = { method: 'POST', path: '/Users', bulkId: 'y', data: { userName: 'y' } };
    const send = async (operations: object[], failOnErrors?: number): Promise<string[]> => {
      const { body } = await client.send('POST', '/Bulk', { Operations: operations, failOnErrors });
      return body.Operations.map(({ status }) => status);
    };
    expect(await send([wrong, wrong, right], 2)).toEqual(['400', '400']);
    expect((await client.send('GET', '/Users')).body.totalResults).toBe(0);
    expect(await send([wrong, right, wrong])).toEqual(['400', '201', '400']);
  });

  test('a circle, or a reference to nothing, is a conflict and nothing of it is made', async () => {
    const client = await place().client();
    const refer = (bulkId: string, to: string): object => ({
      method: 'POST',
      path: '/Users',
      bulkId,
      data: { userName: bulkId, [ENTERPRISE]: { manager: { value: `bulkId:${to}` } } },
    });
    const { body } = await client.send('POST', '/Bulk', {
      Operations: [refer('a', 'b'), refer('b', 'a'), refer('c', 'none')],
    });
    expect(body.Operations.map(({ status }) => status)).toEqual(['409', '409', '409']);
    expect((await client.send('GET', '/Users')).body.totalResults).toBe(0);
  });

  test('what is too much or leads elsewhere is refused', async () => {
    const client = await place().client();
    const operation = { method: 'DELETE', path: `${USERS}/u1` };
    const many = await client.send('POST', '/Bulk', { Operations: Array.from({ length: 1_001 }, () => operation) });
    expect(many).toMatchObject({ status: 413, body: { scimType: 'tooMany' } });
    for (const body of [
      {},
      { Operations: [] },
      { Operations: 'x' },
      { Operations: [{ method: 'GET', path: '/Users' }] },
    ]) {
      expect((await client.send('POST', '/Bulk', body)).status).toBe(400);
    }
    for (const path of ['/Bulk', '/../idp1/Users', 'https://evil.test/Users', `${USERS}/../Groups`, '//evil', '/Me']) {
      const data = { Operations: [{ method: 'POST', path, bulkId: 'x', data: { userName: 'x' } }] };
      expect((await client.send('POST', '/Bulk', data)).body.Operations).toMatchObject([{ status: '400' }]);
    }
  });

  test('a long chain in the wrong order costs no more than one in the right order', async () => {
    const client = await place().client();
    const size = 400;
    const filler = Array.from({ length: 500 }, () => 'bulkId:filler');
    const operations = Array.from({ length: size }, (_, i) => ({
      method: 'POST',
      path: '/Users',
      bulkId: `c${i}`,
      // Ignored, but walked through for what it refers to.
      data: { userName: `chain${i}`, unknown: filler, [ENTERPRISE]: { manager: { value: `bulkId:c${i + 1}` } } },
    }));
    const end = { method: 'POST', path: '/Users', bulkId: `c${size}`, data: { userName: 'end' } };
    const first = { method: 'POST', path: '/Users', bulkId: 'filler', data: { userName: 'filler' } };
    const before = process.cpuUsage();
    const { body } = await client.send('POST', '/Bulk', { Operations: [...operations, end, first] });
    const { user, system } = process.cpuUsage(before);
    expect(new Set(body.Operations.map(({ status }) => status))).toEqual(new Set(['201']));
    // Each operation is walked through twice: one walk per round took tens of seconds.
    expect((user + system) / 1e6).toBeLessThan(12);
  }, 60_000);

  test('what is nested deeper than any schema is refused, whatever takes it', async () => {
    const client = await place().client();
    const deep = '['.repeat(100_000) + ']'.repeat(100_000);
    for (const [path, text] of [
      ['/Bulk', `{"Operations": [{"method": "POST", "path": "/Users", "bulkId": "x", "data": {"x": ${deep}}}]}`],
      ['/Users', `{"userName": "deep", "emails": ${deep}}`],
      ['/Groups', `{"displayName": "deep", "members": ${deep}}`],
    ] as const) {
      expect((await client.send('POST', path, text)).status).toBe(400);
    }
  });
}
