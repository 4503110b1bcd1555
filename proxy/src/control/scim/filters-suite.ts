import { expect, test } from 'vitest';
import type { ScimClient, ScimPlace } from './fixtures/scim-place.ts';
import { ENTERPRISE, USER } from './schemas.ts';

/** Filters as SQL: what they find, on every database the same. */
export function filtersSuite(place: () => ScimPlace): void {
  let shared: { of: ScimPlace; client: ScimClient; ids: Record<string, string> } | null = null;
  const directory = async (): Promise<{ client: ScimClient; ids: Record<string, string> }> => {
    if (shared?.of === place()) return shared;
    const client = await place().client();
    const ann = await client.user('Ann@x.example', {
      externalId: 'Ext-1',
      displayName: 'Ann "the" O\'Neil',
      title: 'Engineer',
      name: { givenName: 'Ann', familyName: 'ONeil' },
      emails: [
        { value: 'ann@work.example', type: 'work', primary: true },
        { value: 'ann@home.example', type: 'home' },
      ],
      phoneNumbers: [{ value: '+49 1', type: 'mobile' }],
      [ENTERPRISE]: { department: 'R&D', manager: { value: 'u1' } },
    });
    place().now += 60_000;
    const bob = await client.user('bob@x.example', {
      displayName: '100% Bob_\\',
      active: false,
      emails: [{ value: 'bob@home.example', type: 'home', primary: true }],
    });
    const eve = await client.user('ÉVE@x.example', { title: 'engineering' });
    const staff = await client.group('Staff', [ann, eve]);
    shared = { of: place(), client, ids: { ann, bob, eve, staff } };
    return shared;
  };

  const ANN = 'Ann@x.example';
  const BOB = 'bob@x.example';
  const EVE = 'ÉVE@x.example';
  test.each<[string, readonly string[]]>([
    ['userName eq "ann@X.EXAMPLE"', [ANN]],
    ['USERNAME EQ "ann@x.example"', [ANN]],
    [`${USER}:userName eq "ann@x.example"`, [ANN]],
    ['userName eq "éve@x.example"', [EVE]],
    ['userName eq "e\u0301ve@x.example"', [EVE]],
    ['userName ne "ann@x.example"', [BOB, EVE]],
    ['userName sw "ANN"', [ANN]],
    ['userName sw "b" or userName sw "é"', [BOB, EVE]],
    ['userName co "@X"', [ANN, BOB, EVE]],
    ['userName co ""', [ANN, BOB, EVE]],
    ['userName ew "B@x.example"', [BOB]],
    ['userName ew "a very long name that nobody has, longer than all of them"', []],
    ['userName gt "ann@x.example" and userName lt "c"', [BOB]],
    ['userName ge "bob@x.example"', [BOB, EVE]],
    ['userName le "ann@x.example"', [ANN]],
    ['externalId eq "Ext-1"', [ANN]],
    ['externalId eq "ext-1"', []],
    ['externalId co "xt"', [ANN]],
    ['externalId pr', [ANN]],
    ['not (externalId pr)', [BOB, EVE]],
    ['externalId ne "Ext-1"', [BOB, EVE]],
    ['externalId eq null', [BOB, EVE]],
    ['active eq true', [ANN, EVE]],
    ['active eq "False"', [BOB]],
    ['active ne true', [BOB]],
    ['displayName eq "ann \\"THE\\" o\'neil"', [ANN]],
    ['displayName co "%"', [BOB]],
    ['displayName co "_\\\\"', [BOB]],
    ['displayName sw "100%"', [BOB]],
    ['displayName co "0% "', [BOB]],
    ['title eq "engineer"', [ANN]],
    ['title sw "ENGINEER"', [ANN, EVE]],
    ['title pr and active eq true', [ANN, EVE]],
    ['title ne "engineer"', [BOB, EVE]],
    ['name.familyName eq "oneil"', [ANN]],
    ['name.givenName pr', [ANN]],
    ['emails eq "ANN@work.example"', [ANN]],
    ['emails.value co "home"', [ANN, BOB]],
    ['emails.type eq "work"', [ANN]],
    ['emails[type eq "work" and value co "@work"]', [ANN]],
    ['emails[type eq "home" and primary eq true]', [BOB]],
    ['emails[type eq "work"].value eq "ann@work.example"', [ANN]],
    ['emails[type eq "home"].value eq "ann@work.example"', []],
    ['emails[not (type eq "home")]', [ANN]],
    ['emails pr', [ANN, BOB]],
    ['not (emails pr)', [EVE]],
    ['emails ne "ann@work.example"', [BOB, EVE]],
    ['phoneNumbers[type eq "mobile"].value pr', [ANN]],
    [`${ENTERPRISE}:department eq "r&d"`, [ANN]],
    [`${ENTERPRISE}:manager.value eq "u1"`, [ANN]],
    [`${ENTERPRISE}:manager eq "u1"`, [ANN]],
    ['groups.display eq "staff" and title sw "engineer"', [ANN, EVE]],
    ['meta.created gt "2026-11-22T00:00:00Z"', [ANN, BOB, EVE]],
    ['meta.lastModified lt "2026-11-22T00:00:00Z"', []],
    ['(userName sw "a" or userName sw "b") and active eq true', [ANN]],
    ['userName sw "a" or userName sw "b" and active eq true', [ANN]],
    ['not (userName sw "a" or active eq false)', [EVE]],
  ])('%s', async (filter, expected) => {
    const { client } = await directory();
    expect(await client.find(filter)).toEqual(expected);
  });

  test('ids are compared as such', async () => {
    const { client, ids } = await directory();
    const { ann = '', staff = '' } = ids;
    expect(await client.find(`id eq "${ann}"`)).toEqual([ANN]);
    expect(await client.find('id eq "u1 or 1=1"')).toEqual([]);
    expect(await client.find(`id eq "${staff}"`)).toEqual([]);
    expect(await client.find(`id eq "${ann}" or userName sw "b"`)).toEqual([ANN, BOB]);
    expect(await client.find(`groups.value eq "${staff}"`)).toEqual([ANN, EVE]);
    expect(await client.find(`groups eq "${staff}" and active eq true`)).toEqual([ANN, EVE]);
  });

  test('what looks like SQL is a value', async () => {
    const { client } = await directory();
    for (const value of [`x" or "1"="1`, `' or '1'='1`, `'; drop table directory_user; --`, '%', '_', `\\`]) {
      const filter = `userName eq ${JSON.stringify(value)}`;
      expect(await client.find(filter)).toEqual([]);
    }
    expect(await client.find('userName pr')).toHaveLength(3);
  });

  test.each([
    ['password eq "x"', 'invalidFilter'],
    ['nowhere eq "x"', 'invalidFilter'],
    ['__proto__ pr', 'invalidFilter'],
    ['constructor.name eq "x"', 'invalidFilter'],
    ['emails.display eq "x"', 'invalidFilter'],
    ['userName[value eq "x"]', 'invalidFilter'],
    ['emails[emails[type eq "x"]]', 'invalidFilter'],
    ['emails[userName eq "x"]', 'invalidFilter'],
    ['active gt true', 'invalidFilter'],
    ['id co "u"', 'invalidFilter'],
    ['meta.created gt "yesterday"', 'invalidFilter'],
    ['userName gt null', 'invalidFilter'],
    ['userName eq "x" or 1', 'invalidFilter'],
  ])('%s is refused', async (filter, scimType) => {
    const { client } = await directory();
    const { status, body } = await client.send('GET', `/Users?filter=${encodeURIComponent(filter)}`);
    expect([status, body.scimType]).toEqual([400, scimType]);
  });
}
