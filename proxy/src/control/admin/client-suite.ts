import { beforeAll, expect, it } from 'vitest';
import { AdminClient } from '../../admin-client/admin-client.ts';
import type { AdminPlace } from './fixtures/admin-place.ts';

/** The typed client, over the real routes. */
export function clientSuite(at: () => AdminPlace): void {
  let client: AdminClient;
  beforeAll(() => {
    const place = at();
    client = new AdminClient(async ({ method, path, headers, body }) => {
      const answer = await place.raw(path.replace('/api/v1', ''), { method, headers, body });
      return { status: answer.status, headers: Object.fromEntries(answer.headers), body: await answer.text() };
    }, place.tokens.owner);
  });

  it('writes, reads and deletes by the types of the routes', async () => {
    const body = { name: 'typed', description: 'one' };
    const made = await client.call('PUT /tags/{name}', { params: { name: 'typed' }, body, ifMatch: 'none' });
    expect(made.body.description).toBe('one');
    const { revision } = await client.call('GET /tags/{name}', { params: { name: 'typed' } });
    expect(await client.call('DELETE /tags/{name}', { params: { name: 'typed' }, ifMatch: revision })).toBeNull();
  });

  it('reads a list to its end', async () => {
    const changes = Array.from({ length: 5 }, (_, i) => ({
      kind: 'tags' as const,
      name: `all-${i}`,
      op: 'put' as const,
      body: {},
    }));
    await client.call('POST /apply', { body: { changes } });
    const names: string[] = [];
    for await (const tag of client.all('GET /tags', { query: { limit: 2, q: 'all-' } })) names.push(tag.name);
    expect(names).toEqual(changes.map(({ name }) => name));
  });

  it('says in a dry run what only moves', async () => {
    const changes = ['first', 'second'].map((name) => ({
      kind: 'rules' as const,
      name: `dry-${name}`,
      op: 'put' as const,
      body: { action: 'block' },
    }));
    await client.call('POST /apply', { body: { changes } });
    const order = { rules: ['dry-second', 'dry-first'] };
    const { outcomes } = await client.call('POST /apply', { body: { changes, order, dryRun: true } });
    expect(outcomes.map(({ outcome }) => outcome)).toContain('moved');
  });

  it('throws what the API refused', async () => {
    const wanted = client.call('GET /apps/{name}', { params: { name: 'no-such' } });
    await expect(wanted).rejects.toMatchObject({ code: 'CW_NOT_FOUND' });
    const foreign = client.call('GET /apps', { query: { sort: 'colour' } });
    await expect(foreign).rejects.toMatchObject({ code: 'CW_INPUT_INVALID', problems: [{ path: 'sort' }] });
  });
}
