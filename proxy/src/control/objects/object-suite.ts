import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Database } from '../store/database.ts';
import type { StorePlace } from '../store/fixtures/store-place.ts';
import { openDatabase } from '../store/open-database.ts';
import type { Author, ObjectChange } from './model.ts';
import { ObjectStore } from './object-store.ts';

export const ANN: Author = { actor: 'ann', comment: 'because', source: 'api' };
const FILE: Author = { actor: 'causeway.yaml', comment: '', source: 'file' };

export const putApp = (name: string, change: object = {}): ObjectChange => ({
  kind: 'apps',
  name,
  op: 'put',
  body: { hosts: [`${name}.corp.example`], ports: ['tcp/443'], publishers: ['dc1'], ...change },
});
export const putRule = (name: string, change: object = {}): ObjectChange => ({
  kind: 'rules',
  name,
  op: 'put',
  body: { groups: ['staff'], action: 'allow', ...change },
});

/** What `ObjectStore` does on every database. */
export function objectSuite(dialect: string, makePlace: () => Promise<StorePlace>): void {
  describe(`objects on ${dialect}`, () => {
    let place: StorePlace;
    let database: Database;
    let store: ObjectStore;
    let now = 0;
    beforeEach(async () => {
      now = 1_000;
      place = await makePlace();
      database = await openDatabase(place.location);
      store = new ObjectStore(database, () => now++);
    });
    afterEach(async () => {
      await database.close();
      await place.remove();
    });

    const names = async (kind: 'apps' | 'rules', query: object = {}): Promise<string[]> =>
      (await store.list(kind, { limit: 100, ...query })).items.map(({ name }) => name);
    const refusal = (code: string, ...messages: string[]) => ({ code, message: messages.join('\n') });

    test('an object is made, changed and deleted, and its history tells all of it', async () => {
      const made = await store.apply([putApp('wiki')], ANN);
      expect(made).toEqual({
        version: 1,
        outcomes: [{ kind: 'apps', name: 'wiki', outcome: 'created', revision: 1, diff: [] }],
      });
      expect(await store.get('apps', 'wiki')).toMatchObject({
        revision: 1,
        managedBy: 'api',
        createdAt: 1_000,
        updatedBy: 'ann',
        body: { name: 'wiki', description: '', tags: [], hosts: ['wiki.corp.example'] },
      });
      const bob: Author = { ...ANN, actor: 'bob', comment: 'moved' };
      const change = { ...putApp('wiki', { hosts: ['w.corp.example'], tags: ['docs'] }), ifRevision: 1 };
      const changed = await store.apply([change], bob);
      expect(changed.outcomes[0]).toMatchObject({
        outcome: 'updated',
        revision: 2,
        diff: [
          { path: 'tags', after: 'docs' },
          { path: 'hosts', before: 'wiki.corp.example' },
          { path: 'hosts', after: 'w.corp.example' },
        ],
      });
      await store.apply([{ kind: 'apps', name: 'wiki', op: 'delete', ifRevision: 2 }], ANN);
      expect(await store.get('apps', 'wiki')).toBeNull();
      expect(await store.workingVersion()).toBe(3);

      const { items } = await store.history('apps', 'wiki', { limit: 10 });
      expect(items.map(({ revision, op, actor, comment, change: c }) => [revision, op, actor, comment, c])).toEqual([
        [3, 'deleted', 'ann', 'because', 3],
        [2, 'updated', 'bob', 'moved', 2],
        [1, 'created', 'ann', 'because', 1],
      ]);
      expect(items[1]?.diff).toHaveLength(3);
      const page = await store.history('apps', 'wiki', { limit: 2 });
      expect(page.next).not.toBeNull();
      const rest = await store.history('apps', 'wiki', { limit: 2, cursor: page.next ?? '' });
      expect(rest).toEqual({ items: items.slice(2), next: null });
    });

    test('any version can be restored, also of what was deleted, and revisions never repeat', async () => {
      await store.apply([putApp('wiki')], ANN);
      await store.apply([putApp('wiki', { description: 'two' })], ANN);
      await store.apply([{ kind: 'apps', name: 'wiki', op: 'delete' }], ANN);
      const restored = await store.restore('apps', 'wiki', 1, ANN);
      expect(restored.outcomes[0]).toMatchObject({ outcome: 'created', revision: 4 });
      expect((await store.get('apps', 'wiki'))?.body.description).toBe('');
      expect(await store.version('apps', 'wiki', 2)).toMatchObject({ body: { description: 'two' }, op: 'updated' });
      expect(await store.version('apps', 'wiki', 9)).toBeNull();
      await expect(store.restore('apps', 'wiki', 9, ANN)).rejects.toMatchObject(
        refusal('CW_NOT_FOUND', 'apps "wiki": there is no revision 9'),
      );
    });

    test('what has not changed makes no revision', async () => {
      await store.apply([putApp('wiki')], ANN);
      const again = await store.apply([putApp('wiki')], ANN);
      expect(again).toMatchObject({ version: 1, outcomes: [{ outcome: 'unchanged', revision: 1 }] });
    });

    test('who has seen something else is refused, with every object that it holds for', async () => {
      await store.apply([putApp('wiki'), putApp('mail')], ANN);
      await expect(
        store.apply(
          [
            { ...putApp('wiki', { tags: ['a'] }), ifRevision: 7 },
            { ...putApp('new'), ifRevision: 1 },
          ],
          ANN,
        ),
      ).rejects.toMatchObject(
        refusal(
          'CW_PRECONDITION_FAILED',
          'apps "wiki": the change is meant for revision 7, it is 1 by now',
          'apps "new": the change is meant for revision 1, it is not there any more',
        ),
      );
      await expect(store.apply([{ ...putApp('wiki'), ifRevision: null }], ANN)).rejects.toMatchObject(
        refusal('CW_CONFLICT', 'apps "wiki": is there already'),
      );
      await expect(store.apply([{ kind: 'apps', name: 'nope', op: 'delete' }], ANN)).rejects.toMatchObject(
        refusal('CW_NOT_FOUND', 'apps "nope": there is no such object'),
      );
    });

    test('all or nothing: one bad change of many leaves everything as it was', async () => {
      const bad = putApp('bad', { ports: ['tcp/0'], colour: 'red', publisher: ['dc1'] });
      await expect(store.apply([putApp('wiki'), bad, putApp('wiki')], ANN)).rejects.toMatchObject(
        refusal(
          'CW_INPUT_INVALID',
          'apps "bad" ports[0]: ports lie between 1 and 65535',
          'apps "bad" colour: unknown key',
          'apps "bad" publisher: unknown key; did you mean "publishers"?',
          'apps "wiki": is changed twice',
        ),
      );
      const late = store.apply([putApp('wiki'), { kind: 'apps', name: 'nope', op: 'delete' }], ANN);
      await expect(late).rejects.toMatchObject({ code: 'CW_NOT_FOUND' });
      expect(await names('apps')).toEqual([]);
      expect(await store.workingVersion()).toBe(0);
    });

    test('a dry run says what would come of it and changes nothing', async () => {
      await store.apply([putApp('wiki')], ANN);
      const result = await store.apply([putApp('wiki', { tags: ['x'] }), putApp('new')], ANN, { dryRun: true });
      expect(result.outcomes.map(({ outcome }) => outcome)).toEqual(['updated', 'created']);
      expect(result.outcomes[0]?.diff).toEqual([{ path: 'tags', after: 'x' }]);
      expect(await names('apps')).toEqual(['wiki']);
      expect((await store.history('apps', 'wiki', { limit: 10 })).items).toHaveLength(1);
    });

    test('of two control processes that edit one object at once one wins and the other is told', async () => {
      const otherDatabase = await openDatabase(place.location);
      const other = new ObjectStore(otherDatabase, () => now++);
      await store.apply([putApp('wiki')], ANN);
      for (let revision = 1; revision <= 5; revision++) {
        const edits = [store, other].map((one, i) =>
          one.apply([{ ...putApp('wiki', { description: `${revision} ${i}` }), ifRevision: revision }], ANN),
        );
        const answers = await Promise.allSettled(edits);
        expect(answers.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
        const refused = answers.find(({ status }) => status === 'rejected');
        expect(refused).toMatchObject({ reason: { code: 'CW_PRECONDITION_FAILED' } });
      }
      expect((await store.history('apps', 'wiki', { limit: 10 })).items).toHaveLength(6);
      await otherDatabase.close();
    });

    test('rules keep an order of their own and are put anywhere in it', async () => {
      await store.apply([putRule('a'), putRule('b'), putRule('c')], ANN);
      await store.apply([{ ...putRule('d'), position: { before: 'b' } }], ANN);
      expect(await names('rules')).toEqual(['a', 'd', 'b', 'c']);
      const moved = await store.apply([{ ...putRule('c'), position: 'first' }], ANN);
      expect(moved.outcomes).toMatchObject([{ name: 'c', outcome: 'moved', revision: 2, diff: [{ path: '(order)' }] }]);
      expect(await names('rules')).toEqual(['c', 'a', 'd', 'b']);
      const stays = await store.apply([{ ...putRule('a'), position: { after: 'c' } }], ANN);
      expect(stays.outcomes).toMatchObject([{ outcome: 'unchanged' }]);
      const several = await store.apply(
        [
          { ...putRule('x'), position: { after: 'b' } },
          { ...putRule('y'), position: { after: 'x' } },
          { ...putRule('a'), position: 'last' },
          putRule('z'),
        ],
        ANN,
      );
      expect(await names('rules')).toEqual(['c', 'd', 'b', 'x', 'y', 'a', 'z']);
      expect(several.outcomes.map(({ name, outcome }) => `${name} ${outcome}`)).toEqual([
        'x created',
        'y created',
        'a moved',
        'z created',
      ]);
      expect((await store.get('rules', 'b'))?.revision).toBe(1);
      const order = ['z', 'y', 'x'];
      const arranged = await store.apply([], ANN, { order: { rules: order } });
      expect(await names('rules')).toEqual(['c', 'd', 'b', 'z', 'y', 'a', 'x']);
      expect(arranged.outcomes.every(({ name, outcome }) => order.includes(name) && outcome === 'moved')).toBe(true);
      await expect(store.apply([{ ...putRule('q'), position: { before: 'zz' } }], ANN)).rejects.toMatchObject(
        refusal('CW_INPUT_INVALID', 'rules "q" position: the API manages no such object "zz"; did you mean "z"?'),
      );
      await expect(store.apply([{ ...putApp('wiki'), position: 'first' }], ANN)).rejects.toMatchObject(
        refusal('CW_INPUT_INVALID', 'apps "wiki" position: objects of this kind have no order'),
      );
    });

    test('any number of rules fit in between two, and nothing else seems to have changed', async () => {
      await store.apply([putRule('a'), putRule('b')], ANN);
      const expected = ['a'];
      for (let i = 0; i < 40; i++) {
        await store.apply([{ ...putRule(`r${i}`), position: { before: 'b' } }], ANN);
        expected.push(`r${i}`);
      }
      expect(await names('rules')).toEqual([...expected, 'b']);
      expect((await store.get('rules', 'a'))?.revision).toBe(1);
    });

    test('what the file manages is its own, and its rules come first', async () => {
      await store.apply([putRule('api')], ANN);
      await store.write(
        [
          { kind: 'rules', name: 'one', ifRevision: undefined, put: SEARCHABLE, position: { at: -20 } },
          { kind: 'rules', name: 'two', ifRevision: undefined, put: SEARCHABLE, position: { at: -10 } },
        ],
        FILE,
      );
      expect(await names('rules')).toEqual(['one', 'two', 'api']);
      const managed = 'rules "one": the configuration file manages it; change it there';
      await expect(store.apply([putRule('one')], ANN)).rejects.toMatchObject(refusal('CW_MANAGED', managed));
      await expect(store.apply([{ kind: 'rules', name: 'one', op: 'delete' }], ANN)).rejects.toMatchObject(
        refusal('CW_MANAGED', managed),
      );
      await store.apply([{ ...putRule('front'), position: 'first' }], ANN);
      expect(await names('rules')).toEqual(['one', 'two', 'front', 'api']);
      const clash = [
        { kind: 'rules' as const, name: 'api', ifRevision: undefined, put: SEARCHABLE, position: undefined },
      ];
      await expect(store.write(clash, FILE)).rejects.toMatchObject({ code: 'CW_CONFLICT' });
    });

    test('lists are paged, sorted, filtered and searched', async () => {
      const many = Array.from({ length: 25 }, (_, i) => putApp(`app-${String(i).padStart(2, '0')}`));
      await store.apply(many, ANN);
      await store.apply([putApp('app-03', { tags: ['Docs'.toLowerCase()], description: 'The 100% Wiki_x' })], ANN);
      const seen: string[] = [];
      for (let cursor: string | null = ''; cursor !== null;) {
        const page = await store.list('apps', { limit: 10, sort: '-name', ...(cursor === '' ? {} : { cursor }) });
        seen.push(...page.items.map(({ name }) => name));
        cursor = page.next;
      }
      expect(seen).toEqual(many.map(({ name }) => name).reverse());
      expect(await names('apps', { sort: '-updatedAt', limit: 1 })).toEqual(['app-03']);
      expect(await names('apps', { filter: { tags: 'DOCS' } })).toEqual(['app-03']);
      expect(await names('apps', { filter: { publishers: 'dc1', managedBy: 'api' } })).toHaveLength(25);
      expect(await names('apps', { filter: { publishers: 'dc' } })).toEqual([]);
      expect(await names('apps', { q: 'wiki APP-03' })).toEqual(['app-03']);
      expect(await names('apps', { q: '100%' })).toEqual(['app-03']);
      expect(await names('apps', { q: 'i_x' })).toEqual(['app-03']);
      expect(await names('apps', { q: 'a_p' })).toEqual([]);
      expect(await names('apps', { q: '\\' })).toEqual([]);
      const page = await store.list('apps', { limit: 3 });
      const cursor = page.next ?? '';
      for (const wrong of [
        { limit: 0 },
        { limit: 501 },
        { limit: 1.5 },
        { sort: 'colour' },
        { filter: { tag: 'x' } },
        { cursor: 'rubbish' },
        { cursor, sort: '-name' },
        { q: 'a b c d e f g h i' },
        { q: 'a'.repeat(1_001) },
        { filter: { tags: 'a'.repeat(1_001) } },
      ]) {
        await expect(store.list('apps', { limit: 3, ...wrong })).rejects.toMatchObject({ code: 'CW_INPUT_INVALID' });
      }
    });

    test('words that a database might stumble over are ordinary words', async () => {
      const users = ["o'neil", 'a\0b', '\u{d800}', '%', 'Zoë', '"; drop table object; --'];
      await store.apply([putRule('odd', { users, groups: undefined })], ANN);
      expect((await store.get('rules', 'odd'))?.body.users).toEqual(users);
      expect(await names('rules', { filter: { users: "O'NEIL" } })).toEqual(['odd']);
      expect(await names('rules', { filter: { users: 'a\0b' } })).toEqual(['odd']);
      expect(await names('rules', { q: 'zoë' })).toEqual(['odd']);
      expect(await store.get('rules', 'a\0b')).toBeNull();
      for (const bad of [
        store.apply([{ kind: 'rules', name: 'a\0b', op: 'delete' }], ANN),
        store.apply([{ ...putRule('a'), position: { before: 'a\0b' } }], ANN),
        store.apply([putRule('a')], { ...ANN, comment: 'a\0b' }),
      ]) {
        await expect(bad).rejects.toMatchObject({ code: 'CW_INPUT_INVALID' });
      }
      expect(await store.history('rules', 'A', { limit: 1 })).toEqual({ items: [], next: null });
    });
  });
}

const SEARCHABLE = {
  digest: 'd',
  words: 'one',
  terms: '',
  text: JSON.stringify({ name: 'one', groups: ['staff'], action: 'allow' }),
};
