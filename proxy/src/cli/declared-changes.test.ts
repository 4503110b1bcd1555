import { describe, expect, it } from 'vitest';
import { AdminClient } from '../admin-client/admin-client.ts';
import { applyObjects } from './declared-changes.ts';
import { readObjects } from './object-documents.ts';

const { objects } = readObjects(
  'apps:\n  - name: wiki\n    ports:\n      - tcp/80\n      - tcp/0\nrules:\n  - name: b\n  - name: a\n',
  'x.yaml',
);

describe('applyObjects', () => {
  it('sends everything in one request, rules in the order of the file', async () => {
    const sent: unknown[] = [];
    const answer = { version: 1, outcomes: [], warnings: [], snapshot: null };
    const client = new AdminClient(({ method, path, body }) => {
      sent.push({ method, path, body: JSON.parse(body ?? '') as unknown });
      return Promise.resolve({ status: 200, headers: {}, body: JSON.stringify(answer) });
    }, 'token');
    expect(await applyObjects(client, objects, { comment: 'why', publish: true })).toEqual(answer);
    const put = (kind: string, name: string, body: object) => ({ kind, name, op: 'put', body: { name, ...body } });
    const changes = [put('apps', 'wiki', { ports: ['tcp/80', 'tcp/0'] }), put('rules', 'b', {}), put('rules', 'a', {})];
    const body = { comment: 'why', publish: true, changes, order: { rules: ['b', 'a'] } };
    expect(sent).toEqual([{ method: 'POST', path: '/api/v1/apply', body }]);
  });

  it('finds what is refused in the files', async () => {
    const errors = [
      { kind: 'apps', name: 'wiki', path: 'ports[1]', message: 'is none' },
      { kind: 'apps', name: 'elsewhere', path: 'ports', message: 'needs wiki' },
    ];
    const problem = { code: 'CW_INPUT_INVALID', detail: 'refused', errors };
    const client = new AdminClient(
      () => Promise.resolve({ status: 422, headers: {}, body: JSON.stringify(problem) }),
      'token',
    );
    await expect(applyObjects(client, objects, {})).rejects.toMatchObject({
      code: 'CW_INPUT_INVALID',
      message: 'refused',
      problems: [{ ...errors[0], message: 'is none (x.yaml:5:9)' }, errors[1]],
    });
  });
});
