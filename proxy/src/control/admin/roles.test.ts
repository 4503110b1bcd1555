import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sqlitePlace } from '../store/fixtures/store-place.ts';
import { openAdmin, type AdminPlace } from './fixtures/admin-place.ts';
import { PERMISSIONS, ROLE_PERMISSIONS, ROLES, type Role } from './permissions.ts';
import { ADMIN_ROUTES } from './routes/admin-routes.ts';

const DOCS = new URL('../../../../docs/', import.meta.url);

interface Operation {
  readonly key: string;
  readonly permission: string;
  /** At least one of these besides; any where there are none. */
  readonly oneOf: readonly string[];
}

/** Every operation of the committed document. */
function operations(): Operation[] {
  const text = readFileSync(new URL('openapi.json', DOCS), 'utf8');
  const { paths } = JSON.parse(text) as {
    paths: Record<string, Record<string, { 'x-permission': string; 'x-one-of'?: string[] }>>;
  };
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      key: `${method.toUpperCase()} ${path}`,
      permission: operation['x-permission'],
      oneOf: operation['x-one-of'] ?? [],
    })),
  );
}

/** The table of docs/admin-api.md: which roles have a permission. */
function documented(): Map<string, Set<string>> {
  const text = readFileSync(new URL('admin-api.md', DOCS), 'utf8');
  const rows = text.split('\n').filter((line) => /^\| `[\w-]+:\w+`/.test(line));
  return new Map(
    rows.map((line) => {
      const [permission = '', ...cells] = line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim());
      return [permission.replaceAll('`', ''), new Set(ROLES.filter((_role, i) => cells[i] === 'yes'))];
    }),
  );
}

const TABLE = documented();

describe('the table of docs/admin-api.md', () => {
  it('has every permission, and every role as the code has it', () => {
    expect([...TABLE.keys()].toSorted()).toEqual([...PERMISSIONS].toSorted());
    for (const permission of PERMISSIONS) {
      const has = ROLES.filter((role) => ROLE_PERMISSIONS[role].has(permission));
      expect([permission, [...(TABLE.get(permission) ?? [])]]).toEqual([permission, has]);
    }
  });

  it('knows the permission of every route', () => {
    const known = new Set([...PERMISSIONS, 'any']);
    expect(operations().filter(({ permission }) => !known.has(permission as never))).toEqual([]);
    expect(
      operations()
        .map(({ key }) => key)
        .toSorted(),
    ).toEqual(Object.keys(ADMIN_ROUTES).toSorted());
  });
});

describe('every route', () => {
  let place: AdminPlace;
  beforeAll(async () => {
    place = await openAdmin(await sqlitePlace());
  }, 60_000);
  afterAll(() => place.close());

  // What is sent is nonsense where a body is asked for: whoever may is refused for that, and not for who they are.
  const ask = async (key: string, as: string | null): Promise<{ status: number; code: string | null }> => {
    const [method = '', path = ''] = key.split(' ');
    const filled = path
      .replaceAll('{number}', '999')
      .replaceAll('{revision}', '999')
      .replaceAll(/\{\w+\}/g, 'none');
    const body = method === 'GET' || method === 'DELETE' ? {} : { body: { nonsense: true } };
    const answer = await place.send(method, filled, { as, headers: { 'if-match': '"999"' }, ...body });
    return { status: answer.status, code: answer.status < 400 ? null : answer.body.code };
  };

  it.each(ROLES)('lets %s do what the table says, and nothing else', async (role: Role) => {
    const wrong: unknown[] = [];
    const has = (permission: string): boolean => TABLE.get(permission)?.has(role) === true;
    for (const { key, permission, oneOf } of operations()) {
      const allowed = (permission === 'any' || has(permission)) && (oneOf.length === 0 || oneOf.some(has));
      const { status, code } = await ask(key, role);
      if (allowed ? code === 'CW_FORBIDDEN' || status === 401 || status >= 500 : code !== 'CW_FORBIDDEN') {
        wrong.push({ key, permission, role, allowed, status, code });
      }
    }
    expect(wrong).toEqual([]);
  });

  it.each([
    ['nobody', null],
    ['a token that is none', `cwt_${'x'.repeat(43)}`],
  ])('refuses %s', async (_name, token) => {
    const open: unknown[] = [];
    for (const { key } of operations()) {
      const { code } = await ask(key, token);
      if (code !== 'CW_UNAUTHENTICATED') open.push({ key, code });
    }
    expect(open).toEqual([]);
  });

  it('asks a person who proved themselves long ago again before the dangerous ones, and for the origin before all writes', async () => {
    const user = 'old@corp.example';
    const { session } = await place.services.sessions.begin(
      { user, displayName: user, groups: [], ou: null, nameId: user, sessionIndex: null, notAfter: null },
      '10.0.0.1',
      3_600_000,
    );
    await place.services.roles.assign({ kind: 'user', name: user }, 'owner', 'test');
    const { token } = await place.services.adminSessions.begin(
      { user, displayName: user, provedAt: 0 },
      session.id,
      '10.0.0.1',
    );
    const cookie = `__Host-cw-admin=${token}`;
    const dangerous: string[] = [];
    const writes: string[] = [];
    for (const { key } of operations()) {
      const [method = '', path = ''] = key.split(' ');
      const filled = path.replaceAll(/\{\w+\}/g, '999');
      const send = async (headers: Record<string, string>): Promise<string | null> => {
        const sent = { 'content-type': 'application/json', cookie, 'if-match': '"999"', ...headers };
        const init = method === 'GET' ? { headers: sent } : { method, headers: sent, body: '{"nonsense":true}' };
        const answer = await place.raw(filled, init);
        return answer.ok ? null : ((await answer.json()) as { code: string }).code;
      };
      if ((await send({})) === 'CW_CSRF') writes.push(key);
      if ((await send({ origin: place.services.origin() })) === 'CW_STEP_UP_REQUIRED') dangerous.push(key);
    }
    expect(writes.toSorted()).toEqual(
      operations()
        .map(({ key }) => key)
        .filter((key) => !key.startsWith('GET '))
        .toSorted(),
    );
    expect(dangerous.toSorted()).toEqual([
      'DELETE /admin-roles/{id}',
      'DELETE /idps/{name}',
      'DELETE /publisher-instances/{id}',
      'DELETE /scim-tokens/{idp}/{hash}',
      'POST /admin-roles',
      'POST /idps/{name}/history/{revision}/restore',
      'POST /scim-tokens',
      'POST /service-tokens',
      'POST /snapshots/{number}/restore',
      'POST /tokens',
      'PUT /idps/{name}',
    ]);
  });
});
