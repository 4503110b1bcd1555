import { expect, test } from 'vitest';
import { groupMembers, groupsPage, unitsOf, usersPage, type Page } from '../directory/pages.ts';
import type { DirectoryUser } from '../directory/records.ts';
import type { ScimPlace } from './fixtures/scim-place.ts';
import { ENTERPRISE } from './schemas.ts';

/** Lists of the directory for administrators. */
export function pagesSuite(place: () => ScimPlace): void {
  test('users come page by page, by name, narrowed as asked', async () => {
    const client = await place().client();
    const ids: string[] = [];
    for (const [i, name] of ['delta', 'Alpha', 'charlie', 'bravo', 'Élan'].entries()) {
      const more = { active: i !== 2, displayName: `Z${name}`, [ENTERPRISE]: { department: i < 2 ? 'Sales' : 'IT' } };
      ids.push(await client.user(name, more));
    }
    const group = await client.group('g', ids.slice(0, 3));
    const { directory } = place();
    const list = async (more: object): Promise<string[]> => {
      const names: string[] = [];
      let cursor: string | null = null;
      do {
        const at: string | null = cursor;
        const page: Page<DirectoryUser> = await directory.read((db) =>
          usersPage(db, { idp: client.idp, limit: 2, cursor: at, ...more }),
        );
        const { items, next } = page;
        expect(items.length).toBeLessThanOrEqual(2);
        names.push(...items.map(({ userName }) => userName));
        cursor = next;
      } while (cursor !== null);
      return names;
    };
    expect(await list({})).toEqual(['Alpha', 'bravo', 'charlie', 'delta', 'Élan']);
    expect(await list({ active: false })).toEqual(['charlie']);
    expect(await list({ ou: 'Sales' })).toEqual(['Alpha', 'delta']);
    expect(await list({ group })).toEqual(['Alpha', 'charlie', 'delta']);
    expect(await list({ q: 'AL' })).toEqual(['Alpha']);
    expect(await list({ q: 'zÉ' })).toEqual(['Élan']);
    expect(await list({ q: '%' })).toEqual([]);
    for (const cursor of ['x', 'e30', 'W10', Buffer.from('["a\\u0000",1]').toString('base64url')]) {
      const { items } = await directory.read((db) => usersPage(db, { idp: client.idp, limit: 9, cursor }));
      expect(items).toHaveLength(5);
    }
  });

  test('groups, members and units likewise', async () => {
    const client = await place().client();
    const unit = `Unit of ${client.idp}`;
    const ids: string[] = [];
    for (let i = 0; i < 5; i++)
      ids.push(await client.user(`u${i}`, { [ENTERPRISE]: { organization: unit, department: 'x' } }));
    const [first = ''] = ids;
    await client.patch(`/Users/${first}`, { op: 'replace', path: 'active', value: false });
    const group = await client.group('beta', ids);
    await client.group('Alpha');
    const { directory } = place();
    const read = (cursor: string | null) =>
      directory.read((db) => groupsPage(db, { idp: client.idp, limit: 1, cursor }));
    const one = await read(null);
    const two = await read(one.next);
    expect([one, two].map(({ items }) => items.map(({ name }) => name))).toEqual([['Alpha'], ['beta']]);
    expect(two.next).toBeNull();
    const members = await directory.read((db) => groupMembers(db, group, { limit: 3, cursor: null }));
    const rest = await directory.read((db) => groupMembers(db, group, { limit: 3, cursor: members.next }));
    expect([...members.items, ...rest.items].map(({ id }) => id)).toEqual(ids);
    expect(rest.next).toBeNull();
    expect(await directory.read((db) => unitsOf(db, 1_000))).toContainEqual({ ou: unit, users: 4 });
    expect((await directory.groupsOf('u1'))?.ou).toBe(unit);
  });
}
