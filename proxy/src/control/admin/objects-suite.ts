import { beforeAll, describe, expect, it } from 'vitest';
import type { AdminPlace } from './fixtures/admin-place.ts';

const NEW = { 'if-none-match': '*' };

/** Configuration objects by the API. */
export function objectsSuite(at: () => AdminPlace): void {
  let place: AdminPlace;
  beforeAll(() => {
    place = at();
  });

  it('are made, read, changed and deleted, each step with its ETag', async () => {
    const made = await place.send('PUT', '/tags/red', { body: { description: 'first' }, headers: NEW });
    expect(made).toMatchObject({ status: 200, body: { kind: 'tags', name: 'red', revision: 1, managedBy: 'api' } });
    expect(made.headers.get('etag')).toBe('"1"');
    const read = await place.send('GET', '/tags/red');
    expect(read.body).toEqual(made.body);
    const changed = await place.send('PUT', '/tags/red', {
      body: { name: 'red', description: 'second' },
      headers: { 'if-match': '"1"' },
    });
    expect(changed).toMatchObject({ status: 200, body: { revision: 2, body: { description: 'second' } } });
    const gone = await place.send('DELETE', '/tags/red', { headers: { 'if-match': '"2"' } });
    expect(gone).toMatchObject({ status: 204, body: null });
    expect(await place.send('GET', '/tags/red')).toMatchObject({ status: 404, body: { code: 'CW_NOT_FOUND' } });
  });

  it('say who changed what, and come back', async () => {
    await place.send('PUT', '/tags/blue?comment=why%20not', { body: { description: 'a' }, headers: NEW });
    await place.send('PUT', '/tags/blue', { body: { description: 'b' }, headers: { 'if-match': '*' } });
    const { body } = await place.send('GET', '/tags/blue/history');
    expect(body.items).toMatchObject([
      { revision: 2, actor: 'token owner', diff: [{ path: 'description', before: 'a', after: 'b' }] },
      { revision: 1, comment: 'why not' },
    ]);
    const old = await place.send('GET', '/tags/blue/history/1');
    expect(old.body.body).toEqual({ name: 'blue', description: 'a' });
    const back = await place.send('POST', '/tags/blue/history/1/restore', { body: {} });
    expect(back).toMatchObject({ status: 200, body: { revision: 3, body: { description: 'a' } } });
  });

  it('are not changed by whoever has not seen them', async () => {
    await place.send('PUT', '/tags/green', { body: {}, headers: NEW });
    const code = async (headers: Record<string, string>): Promise<unknown> =>
      (await place.send('PUT', '/tags/green', { body: {}, headers })).body.code;
    expect(await code({})).toBe('CW_PRECONDITION_REQUIRED');
    expect(await code({ 'if-match': '"7"' })).toBe('CW_PRECONDITION_FAILED');
    expect(await code({ 'if-match': 'W/"1"' })).toBe('CW_PRECONDITION_FAILED');
    expect(await code(NEW)).toBe('CW_CONFLICT');
  });

  it('that are none are refused with everything that is wrong', async () => {
    const { status, body, headers } = await place.send('PUT', '/apps/wiki', {
      body: { hosts: ['wiki.corp.example'], ports: ['tcp/99999'], publishers: ['corp'], colour: 1 },
      headers: NEW,
    });
    expect(status).toBe(422);
    expect(headers.get('content-type')).toBe('application/problem+json');
    expect(body).toMatchObject({ code: 'CW_INPUT_INVALID', type: 'urn:causeway:error:CW_INPUT_INVALID', status: 422 });
    expect(body.errors.map(({ path }: { path: string }) => path)).toEqual(['ports[0]', 'colour']);
    expect(body.reference).toBe(headers.get('x-request-id'));
  });

  it('come in pages, found by words and by what they refer to', async () => {
    const changes = Array.from({ length: 7 }, (_, i) => ({
      kind: 'apps',
      name: `page-${i}`,
      op: 'put',
      body: { hosts: [`p${i}.corp.example`], ports: ['tcp/80'], publishers: ['paging'] },
    }));
    await place.send('POST', '/apply', {
      body: { changes: [{ kind: 'publishers', name: 'paging', op: 'put', body: {} }, ...changes] },
    });
    const names: string[] = [];
    let path = '/apps?limit=3&sort=-name&filter[publishers]=paging';
    for (let next: string | null = ''; next !== null;) {
      const { body } = await place.send('GET', path + (next === '' ? '' : `&cursor=${next}`));
      names.push(...body.items.map(({ name }: { name: string }) => name));
      ({ next } = body);
    }
    expect(names).toEqual(Array.from({ length: 7 }, (_, i) => `page-${6 - i}`));
    const { body } = await place.send('GET', '/apps?q=P3.corp');
    expect(body.items).toMatchObject([{ name: 'page-3' }]);
    path = '/apps?filter[colour]=red';
    expect(await place.send('GET', path)).toMatchObject({ status: 422, body: { code: 'CW_INPUT_INVALID' } });
  });

  describe('many at once', () => {
    const rule = (name: string, change: object = {}): object => ({
      kind: 'rules',
      name,
      op: 'put',
      body: { groups: ['staff'], apps: ['bulk'], action: 'allow', ...change },
    });
    const app = {
      kind: 'apps',
      name: 'bulk',
      op: 'put',
      body: { hosts: ['bulk.corp.example'], ports: ['tcp/80'], publishers: ['bulk'] },
    };
    const publisher = { kind: 'publishers', name: 'bulk', op: 'put', body: {} };

    it('are tried first, then changed and published, then nothing is left to do', async () => {
      const changes = [publisher, app, rule('bulk-1'), rule('bulk-2', { action: 'block' })];
      const tried = await place.send('POST', '/apply', { body: { changes, dryRun: true } });
      expect(tried.body).toMatchObject({ snapshot: null });
      expect(tried.body.outcomes.map(({ outcome }: { outcome: string }) => outcome)).toEqual(Array(4).fill('created'));
      expect((await place.send('GET', '/apps/bulk')).status).toBe(404);
      const done = await place.send('POST', '/apply', { body: { changes, publish: true, comment: 'first' } });
      expect(done).toMatchObject({ status: 200, body: { snapshot: expect.any(Number) as number } });
      const again = await place.send('POST', '/apply', { body: { changes, publish: true } });
      expect(again.body).toMatchObject({ snapshot: done.body.snapshot });
      expect(again.body.outcomes.every(({ outcome }: { outcome: string }) => outcome === 'unchanged')).toBe(true);
      const shadowed = await place.send('GET', '/policy/shadowed');
      expect(shadowed.body.items).toEqual([{ rule: 'bulk-2', by: 'bulk-1' }]);
    });

    it('that cannot be published are not changed when they are to be', async () => {
      const changes = [rule('bulk-3', { apps: ['nowhere'] })];
      const refused = await place.send('POST', '/apply', { body: { changes, publish: true } });
      expect(refused).toMatchObject({ status: 422, body: { code: 'CW_SNAPSHOT_REFUSED' } });
      expect(refused.body.errors).toMatchObject([{ kind: 'rules', name: 'bulk-3' }]);
      expect((await place.send('GET', '/rules/bulk-3')).status).toBe(404);
    });

    it('need the permission for each kind among them', async () => {
      const changes = [{ kind: 'idps', name: 'mine', op: 'delete' }];
      const refused = await place.send('POST', '/apply', { as: 'admin', body: { changes } });
      expect(refused).toMatchObject({ status: 403, body: { code: 'CW_FORBIDDEN', detail: 'this needs idps:write' } });
    });

    it('come back as a snapshot has them', async () => {
      const before = (await place.send('POST', '/snapshots', { body: {} })).body.number;
      await place.send('PUT', '/apps/bulk', {
        body: { ...app.body, description: 'other' },
        headers: { 'if-match': '*' },
      });
      await place.send('DELETE', '/rules/bulk-2', { headers: { 'if-match': '*' } });
      const diff = await place.send('GET', `/snapshot-diff?before=${before}`);
      expect(diff.body.items.map(({ name }: { name: string }) => name)).toEqual(['bulk', 'bulk-2']);
      const restored = await place.send('POST', `/snapshots/${before}/restore`, { body: { publish: true } });
      expect(restored).toMatchObject({ status: 200, body: { skipped: [], published: { number: before } } });
      expect((await place.send('GET', `/snapshot-diff?before=${before}`)).body.items).toEqual([]);
      const listed = await place.send('GET', '/snapshots?limit=1');
      expect(listed.body.items).toMatchObject([{ number: before, comment: 'first', publishedBy: 'token owner' }]);
      const inside = await place.send('GET', `/snapshots/${before}/objects?kind=rules`);
      expect(inside.body.items.map(({ name }: { name: string }) => name)).toEqual(['bulk-1', 'bulk-2']);
    });
  });
}
