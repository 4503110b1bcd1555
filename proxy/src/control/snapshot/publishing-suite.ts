import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { makeControlFixture, type ControlFixture } from '../control-fixture.ts';
import type { Author, ObjectChange } from '../objects/model.ts';
import { ANN, putApp, putRule } from '../objects/object-suite.ts';
import type { StorePlace } from '../store/fixtures/store-place.ts';
import { SnapshotCompiler } from './compiler.ts';
import { openTestPop, writeDeployment, type TestPop, ruleNames } from './pop-fixture.ts';

const DC1: ObjectChange = { kind: 'publishers', name: 'dc1', op: 'put', body: {} };
const remove = (kind: ObjectChange['kind'], name: string): ObjectChange => ({ kind, name, op: 'delete' });

/** What publishing from the store does on every database. */
export function publishingSuite(dialect: string, makePlace: () => Promise<StorePlace>): void {
  describe(`publishing on ${dialect}`, () => {
    let fixture: ControlFixture;
    let file = '';
    let place: StorePlace;
    let pop: TestPop;
    const compiler = new SnapshotCompiler();
    beforeAll(async () => {
      fixture = await makeControlFixture();
      file = join(fixture.dir, 'deployment.yaml');
      writeDeployment(file);
    });
    afterAll(async () => {
      await compiler.close();
      fixture.remove();
    });
    beforeEach(async () => {
      place = await makePlace();
      pop = await openTestPop(compiler, place.location, file);
    });
    afterEach(async () => {
      await pop.close();
      await place.remove();
    });

    const rules = (): string[] => ruleNames(pop.configuration.current());
    const publish = (): Promise<number> => pop.snapshots.publish(ANN).then(({ number }) => number);
    const chunks = async (): Promise<number> =>
      (await pop.database.read.selectFrom('snapshot_chunk').select('hash').execute()).length;

    test('the working set is a draft until it is published', async () => {
      expect(pop.snapshots.current).toBe(1);
      await pop.objects.apply([DC1, putApp('wiki'), putRule('a'), putRule('b')], ANN);
      expect(rules()).toEqual([]);
      const { number, warnings } = await pop.snapshots.publish({ ...ANN, comment: 'first apps' });
      expect([number, warnings]).toEqual([2, []]);
      expect(rules()).toEqual(['a', 'b']);
      expect(pop.published).toEqual([2]);
      expect(await publish()).toBe(2);
      const { items } = await pop.snapshots.list({ limit: 10 });
      expect(items).toMatchObject([
        { number: 2, publishedBy: 'ann', comment: 'first apps', working: 1, objects: 4 },
        { number: 1, objects: 0 },
      ]);
    });

    test('what does not go together is refused whole, each with kind, name, path and reason', async () => {
      await pop.objects.apply([DC1, putApp('wiki'), putRule('a', { tags: ['doc'] })], ANN);
      const bad = [
        putApp('mail', { publishers: ['dc2'], hosts: ['wiki.corp.example'] }),
        putRule('b', { apps: ['wikki'] }),
        putRule('c', { action: 'block', template: 'sorry' }),
      ];
      await pop.objects.apply(bad, ANN);
      const expected = [
        'apps "mail" publishers[0]: there is no publisher "dc2"; did you mean "dc1"?',
        'rules "b" apps[0]: there is no app "wikki"; did you mean "wiki"?',
        'rules "c" template: there is no block template "sorry"',
        'apps "wiki" hosts[0]: wiki.corp.example with tcp/443 belongs to mail already',
      ];
      await expect(publish()).rejects.toMatchObject({
        code: 'CW_SNAPSHOT_REFUSED',
        message: expected.join('\n'),
        problems: [{ kind: 'apps', name: 'mail', path: 'publishers[0]' }, {}, {}, {}],
      });
      expect(pop.snapshots.current).toBe(1);
      expect(rules()).toEqual([]);
      const repair = [remove('apps', 'mail'), remove('rules', 'b'), remove('rules', 'c')];
      const { warnings } = await pop.snapshots.rehearse(repair, ANN);
      expect(warnings).toEqual(['rules "a" tags[0]: no app has the tag "doc"']);
      await expect(pop.snapshots.rehearse([], ANN)).rejects.toMatchObject({ code: 'CW_SNAPSHOT_REFUSED' });
      await pop.objects.apply(repair, ANN);
      expect(await publish()).toBe(2);
    });

    test('a rule with a template tells the template’s notice', async () => {
      const template: ObjectChange = { kind: 'templates', name: 'sorry', op: 'put', body: { notice: 'Ask IT.' } };
      await pop.objects.apply([template, putRule('c', { action: 'block', template: 'sorry' })], ANN);
      await publish();
      const notice = (): string | undefined => pop.configuration.current().snapshot.facts.verdict(0)?.notice;
      expect(notice()).toBe('Ask IT.');
      const text = '{{person}}: {{rule}} {{contact}}';
      const body = { notice: text, contact: 'it@corp.example' };
      await pop.objects.apply(
        [{ ...template, body }, putRule('c', { action: 'block', template: 'sorry', notice: '{{app}} rests.' })],
        ANN,
      );
      await publish();
      expect(notice()).toBe('{{person}}: {{app}} rests. it@corp.example');
      const long = { action: 'block', template: 'sorry', notice: 'x'.repeat(490) };
      await expect(pop.snapshots.rehearse([putRule('c', long)], ANN)).rejects.toMatchObject({
        problems: [{ kind: 'rules', name: 'c', path: 'notice', message: expect.stringContaining('518 characters') }],
      });
      const { warnings } = await pop.snapshots.rehearse([template], ANN);
      expect(warnings).toEqual(['rules "c" notice: is not told: block template "sorry" has no {{rule}} for it']);
    });

    test('any kept snapshot can be looked at, compared and restored', async () => {
      await pop.objects.apply([DC1, putApp('wiki'), putRule('a'), putRule('b'), putRule('c')], ANN);
      await publish();
      const changes = [
        putApp('wiki', { description: 'new' }),
        putApp('mail'),
        remove('rules', 'a'),
        { ...putRule('c'), position: 'first' as const },
      ];
      await pop.objects.apply(changes, ANN);
      await publish();
      expect(rules()).toEqual(['c', 'b']);
      const page = await pop.snapshots.objects({ number: 2, kind: 'rules', limit: 2 });
      expect(page.items.map(({ name }) => name)).toEqual(['a', 'b']);
      const { items } = await pop.snapshots.differences({ before: 2, after: 'working', limit: 100 });
      expect(items).toMatchObject([
        { kind: 'apps', name: 'mail', outcome: 'created' },
        { kind: 'apps', name: 'wiki', outcome: 'updated', diff: [{ path: 'description', before: '', after: 'new' }] },
        { kind: 'rules', name: 'a', outcome: 'deleted' },
        { kind: 'rules', name: 'c', outcome: 'moved' },
      ]);
      await expect(pop.snapshots.objects({ number: 9, kind: 'apps', limit: 1 })).rejects.toMatchObject({
        code: 'CW_NOT_FOUND',
      });

      const by: Author = { ...ANN, comment: 'back to 2' };
      expect((await pop.snapshots.restore(2, by)).skipped).toEqual([]);
      expect((await pop.snapshots.differences({ before: 2, after: 'working', limit: 1 })).items).toEqual([]);
      expect((await pop.objects.history('rules', 'a', { limit: 1 })).items).toMatchObject([
        { op: 'created', revision: 3, comment: 'back to 2' },
      ]);
      expect(await publish()).toBe(4);
      expect(rules()).toEqual(['a', 'b', 'c']);
    });

    test('what changes in any way is read again, and nothing else is taken for it', async () => {
      const names = Array.from({ length: 450 }, (_, i) => `rule-${i}`);
      await pop.objects.apply([DC1, putApp('wiki'), ...names.map((name) => putRule(name))], ANN);
      await publish();
      const steps: ObjectChange[][] = [
        [putRule('rule-7', { groups: ['other'] })],
        [{ kind: 'rules', name: 'rule-9', op: 'delete' }],
        [putRule('rule-9', { groups: ['back'] })],
        [{ ...putRule('rule-300'), position: 'first' }],
        [{ ...putRule('fresh'), position: { before: 'rule-20' } }, putApp('pay'), putRule('rule-8', { apps: ['pay'] })],
        [
          { kind: 'rules', name: 'rule-8', op: 'delete' },
          { kind: 'apps', name: 'pay', op: 'delete' },
        ],
      ];
      for (const changes of steps) {
        await pop.objects.apply(changes, ANN);
        const number = await publish();
        const { items } = await pop.snapshots.objects({ number, kind: 'rules', limit: 500 });
        const working = (await pop.objects.list('rules', { limit: 500 })).items;
        expect(items.map(({ body }) => body)).toEqual(working.map(({ body }) => body));
        expect(rules()).toEqual(working.map(({ name }) => name));
      }
    });

    test('what stays the same between snapshots is stored once, and old ones are forgotten', async () => {
      await pop.close();
      pop = await openTestPop(compiler, place.location, file, 5);
      const many = Array.from({ length: 1_500 }, (_, i) => putRule(`rule-${i}`, { groups: [`g${i}`] }));
      await pop.objects.apply([...many, putRule('turn')], ANN);
      await publish();
      const first = await chunks();
      expect(first).toBeGreaterThan(3);
      for (let i = 0; i < 8; i++) {
        await pop.objects.apply([putRule('turn', { groups: [`turn-${i}`] })], ANN);
        await publish();
      }
      const { items } = await pop.snapshots.list({ limit: 500 });
      expect(items.map(({ number }) => number)).toEqual([10, 9, 8, 7, 6]);
      expect(await chunks()).toBe(first + 4);
      const old: string[] = [];
      for (let cursor: string | null = '0.0'; cursor !== null;) {
        const page = await pop.snapshots.objects({ number: 6, kind: 'rules', limit: 400, cursor });
        old.push(...page.items.map(({ name, body }) => (name === 'turn' ? JSON.stringify(body) : name)));
        expect(page.next === null || page.items.length === 400).toBe(true);
        cursor = page.next;
      }
      expect(old.slice(0, -1)).toEqual(many.map(({ name }) => name));
      expect(old.at(-1)).toContain('turn-3');
      await expect(pop.snapshots.objects({ number: 5, kind: 'rules', limit: 1 })).rejects.toMatchObject({
        code: 'CW_NOT_FOUND',
      });
    });

    test('the published configuration is there again after a restart, and drafts are drafts still', async () => {
      await pop.objects.apply([DC1, putApp('wiki'), putRule('a')], ANN);
      await publish();
      await pop.objects.apply([putRule('draft', { apps: ['nothing'] })], ANN);
      await pop.close();
      pop = await openTestPop(compiler, place.location, file);
      expect(pop.snapshots.current).toBe(2);
      expect(rules()).toEqual(['a']);
      expect(await pop.configuration.reload()).toBe(2);
      expect(rules()).toEqual(['a']);
    });

    test('rules that never decide, and who gains and who loses by a draft', async () => {
      await pop.objects.apply(
        [DC1, putApp('wiki', { ports: ['tcp/80', 'tcp/8000-8010'] }), putApp('mail'), putRule('all')],
        ANN,
      );
      await publish();
      const draft = [
        putRule('never', { groups: ['staff'], apps: ['wiki'] }),
        {
          ...putRule('no-mail', { apps: ['mail'], action: 'block', notice: 'No.' }),
          position: 'first' as const,
        },
        putRule('guests', { groups: ['guests'], apps: ['wiki'], ports: ['tcp/8005-8020'], methods: ['browser'] }),
      ];
      await pop.objects.apply(draft, ANN);
      const { items } = await pop.snapshots.shadowed({ limit: 10 });
      expect(items).toEqual([{ rule: 'never', by: 'all' }]);
      const principals = [
        { user: 'ann', groups: ['staff', 'chess'] },
        { user: 'bob', groups: ['staff'] },
        { user: 'eve', groups: ['guests'] },
        { user: 'joe', groups: [] },
      ];
      const whole = await pop.snapshots.impact({ principals, limit: 100 });
      const people = {
        people: 2,
        users: ['ann', 'bob'],
        app: 'mail',
        hosts: ['mail.corp.example'],
        ports: ['tcp/443'],
        effect: 'loses',
      };
      const allowed = { action: 'allow', rule: 'all', notice: false };
      const blocked = { action: 'block', rule: 'no-mail', notice: true };
      expect(whole).toEqual({
        classes: 3,
        next: null,
        items: [
          { ...people, method: 'browser', before: allowed, after: blocked },
          { ...people, method: 'agent', before: allowed, after: blocked },
          {
            people: 1,
            users: ['eve'],
            app: 'wiki',
            method: 'browser',
            hosts: ['wiki.corp.example'],
            ports: ['tcp/8005-8010'],
            effect: 'gains',
            before: { action: 'block', rule: null, notice: false },
            after: { action: 'allow', rule: 'guests', notice: false },
          },
        ],
      });
      const paged = await pop.snapshots.impact({ principals, limit: 1 });
      expect(paged.items).toEqual(whole.items.slice(0, 2));
      const rest = await pop.snapshots.impact({ principals, limit: 1, cursor: paged.next ?? '' });
      expect(rest.items).toEqual(whole.items.slice(2));
    });
  });
}
