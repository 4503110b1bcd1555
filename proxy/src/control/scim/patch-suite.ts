import { expect, test } from 'vitest';
import type { ScimPlace } from './fixtures/scim-place.ts';
import { ENTERPRISE } from './schemas.ts';

const START = {
  displayName: 'Ann',
  name: { givenName: 'Ann', familyName: 'Lee' },
  emails: [{ value: 'ann@home.example', type: 'home', primary: true }],
  [ENTERPRISE]: { department: 'R&D', manager: { value: 'u1' } },
};

/** PATCH of users in the shapes that Entra ID and Okta send. */
export function patchSuite(place: () => ScimPlace): void {
  test.each<[string, readonly object[], object]>([
    ['Entra deactivates', [{ op: 'Replace', path: 'active', value: 'False' }], { active: false }],
    ['Entra reactivates', [{ op: 'Add', path: 'Active', value: 'True' }], { active: true }],
    ['Okta deactivates', [{ op: 'replace', value: { active: false } }], { active: false }],
    [
      'a name that is there',
      [{ op: 'Replace', path: 'name.givenName', value: 'Anne' }],
      { name: { givenName: 'Anne', familyName: 'Lee' } },
    ],
    [
      'a whole name',
      [{ op: 'replace', path: 'name', value: { givenName: 'B' } }],
      { name: { givenName: 'B', familyName: 'Lee' } },
    ],
    [
      'a dotted key without a path',
      [{ op: 'Add', value: { 'name.familyName': 'Li', title: 'X' } }],
      { name: { givenName: 'Ann', familyName: 'Li' }, title: 'X' },
    ],
    [
      'an e-mail that the filter finds',
      [{ op: 'replace', path: 'emails[type eq "home"].value', value: 'new@home.example' }],
      { emails: [{ value: 'new@home.example', type: 'home', primary: true }] },
    ],
    [
      'an e-mail that is made because the filter finds none',
      [{ op: 'Add', path: 'emails[type eq "work"].value', value: 'ann@work.example' }],
      { emails: [START.emails[0], { value: 'ann@work.example', type: 'work' }] },
    ],
    [
      'the same as a replacement, with a flag in the filter',
      [{ op: 'Replace', path: 'EMAILS[Type EQ "work" and Primary eq true].Value', value: 'ann@work.example' }],
      {
        emails: [
          { ...START.emails[0], primary: false },
          { value: 'ann@work.example', type: 'work', primary: true },
        ],
      },
    ],
    [
      'a path as a key without a path',
      [{ op: 'replace', value: { 'emails[type eq "work"].value': 'k@work.example' } }],
      { emails: [START.emails[0], { value: 'k@work.example', type: 'work' }] },
    ],
    [
      'e-mails added',
      [{ op: 'add', path: 'emails', value: [{ value: 'x@x.example', type: 'other' }] }],
      { emails: [START.emails[0], { value: 'x@x.example', type: 'other' }] },
    ],
    ['the same e-mail added', [{ op: 'add', path: 'emails', value: START.emails }], { emails: START.emails }],
    [
      'e-mails replaced',
      [{ op: 'replace', path: 'emails', value: [{ value: 'x@x.example' }] }],
      { emails: [{ value: 'x@x.example' }] },
    ],
    ['one value by its filter removed', [{ op: 'remove', path: 'emails[type eq "home"]' }], { emails: undefined }],
    ['the value of it removed', [{ op: 'Remove', path: 'emails[type eq "home"].value' }], { emails: undefined }],
    [
      'values removed by a list',
      [{ op: 'remove', path: 'emails', value: [{ value: 'ANN@home.example' }] }],
      { emails: undefined },
    ],
    [
      'what is not there removed',
      [
        { op: 'remove', path: 'emails[type eq "work"]' },
        { op: 'remove', path: 'title' },
      ],
      { emails: START.emails },
    ],
    [
      'a manager as a text',
      [{ op: 'Add', path: `${ENTERPRISE}:manager`, value: 'u7' }],
      { [ENTERPRISE]: { department: 'R&D', manager: { value: 'u7' } } },
    ],
    [
      'a manager’s value',
      [{ op: 'replace', path: `${ENTERPRISE}:manager.value`, value: 'u8' }],
      { [ENTERPRISE]: { department: 'R&D', manager: { value: 'u8' } } },
    ],
    [
      'a manager as an object',
      [{ op: 'Replace', path: `${ENTERPRISE}:manager`, value: { value: 'u9', displayName: 'B' } }],
      { [ENTERPRISE]: { department: 'R&D', manager: { value: 'u9' } } },
    ],
    [
      'a manager taken away',
      [{ op: 'Remove', path: `${ENTERPRISE}:manager` }],
      { [ENTERPRISE]: { department: 'R&D' } },
    ],
    [
      'a manager emptied',
      [{ op: 'Replace', path: `${ENTERPRISE}:manager`, value: '' }],
      { [ENTERPRISE]: { department: 'R&D' } },
    ],
    [
      'a department',
      [{ op: 'Replace', path: `${ENTERPRISE}:department`, value: 'Sales' }],
      { [ENTERPRISE]: { department: 'Sales', manager: { value: 'u1' } } },
    ],
    [
      'the extension in capitals',
      [{ op: 'Replace', path: `${ENTERPRISE.toUpperCase()}:DEPARTMENT`, value: 'S' }],
      { [ENTERPRISE]: { department: 'S', manager: { value: 'u1' } } },
    ],
    [
      'an extension as an object',
      [{ op: 'add', value: { [ENTERPRISE]: { division: 'V' } } }],
      { [ENTERPRISE]: { department: 'R&D', division: 'V', manager: { value: 'u1' } } },
    ],
    [
      'a name of the extension as a key',
      [{ op: 'Add', value: { [`${ENTERPRISE}:costCenter`]: '7' } }],
      { [ENTERPRISE]: { department: 'R&D', costCenter: '7', manager: { value: 'u1' } } },
    ],
    ['the whole extension removed', [{ op: 'remove', path: ENTERPRISE }], { [ENTERPRISE]: undefined }],
    [
      'a number where a text is due',
      [{ op: 'replace', path: `${ENTERPRISE}:employeeNumber`, value: 17 }],
      { [ENTERPRISE]: { department: 'R&D', employeeNumber: '17', manager: { value: 'u1' } } },
    ],
    ['null for nothing', [{ op: 'replace', path: 'displayName', value: null }], { displayName: undefined }],
    [
      'a key that nobody knows',
      [{ op: 'replace', value: { shoeSize: 44, title: 'T', id: 'u1', schemas: ['x'], meta: {} } }],
      { title: 'T' },
    ],
    [
      'a password, which is not kept',
      [{ op: 'replace', path: 'password', value: 's3cret' }],
      { displayName: 'Ann', password: undefined },
    ],
    [
      'several in order',
      [
        { op: 'add', path: 'title', value: 'A' },
        { op: 'replace', path: 'title', value: 'B' },
      ],
      { title: 'B' },
    ],
  ])('%s', async (_name, operations, expected) => {
    const client = await place().client();
    const id = await client.user('ann', START);
    const patched = await client.patch(`/Users/${id}`, ...operations);
    expect(patched.status).toBe(200);
    for (const [key, value] of Object.entries(expected)) expect(patched.body[key]).toEqual(value);
    expect(patched.body).toMatchObject({ id, userName: 'ann', meta: { version: 'W/"2"' } });
    expect((await client.send('GET', `/Users/${id}`)).body).toEqual(patched.body);
    expect(JSON.stringify(place().log)).not.toContain('s3cret');
  });

  test('a filter finds what a PATCH wrote, and no longer what it replaced', async () => {
    const client = await place().client();
    const id = await client.user('ann', START);
    await client.patch(`/Users/${id}`, { op: 'replace', path: 'emails[type eq "home"].value', value: 'b@b.example' });
    expect(await client.find('emails.value eq "b@b.example"')).toEqual(['ann']);
    expect(await client.find('emails.value eq "ann@home.example"')).toEqual([]);
  });

  test.each([
    '__proto__',
    '__proto__.polluted',
    'constructor',
    'constructor.prototype.polluted',
    'prototype',
    'name.__proto__',
    'name.constructor',
    'emails[type eq "x"].__proto__',
    'emails[__proto__ eq "x"].value',
    `${ENTERPRISE}:__proto__`,
    `${ENTERPRISE}:constructor.prototype`,
    'toString',
    'hasOwnProperty',
  ])('security case 44: the path %s changes nothing', async (path) => {
    const client = await place().client();
    const id = await client.user('ann', START);
    const before = (await client.send('GET', `/Users/${id}`)).body;
    const value = { polluted: 'yes', isAdmin: true };
    for (const op of ['add', 'replace', 'remove']) {
      const { status } = await client.patch(`/Users/${id}`, { op, path, value });
      expect([200, 400]).toContain(status);
    }
    const raw = `{"Operations":[{"op":"add","value":{"${path.replaceAll('"', String.raw`\"`)}":{"polluted":"yes"}}}]}`;
    expect([200, 400]).toContain((await client.send('PATCH', `/Users/${id}`, raw)).status);
    const made = await client.send(
      'POST',
      '/Users',
      `{"userName":"eve","__proto__":{"active":false},"name":{"__proto__":{"x":1},"givenName":"E"}}`,
    );
    expect(made.body).toMatchObject({ active: true, name: { givenName: 'E' } });
    const after = (await client.send('GET', `/Users/${id}`)).body;
    expect({ ...after, meta: null, emails: null }).toEqual({ ...before, meta: null, emails: null });
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    expect(({} as Record<string, unknown>)['isAdmin']).toBeUndefined();
    expect(Object.keys(Object.prototype)).toEqual([]);
  });
}
