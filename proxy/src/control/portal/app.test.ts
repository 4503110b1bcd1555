import { join } from 'node:path';
import { inflateRawSync } from 'node:zlib';
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { LIMITS } from '@causeway/contract';
import type { Hono } from 'hono';
import { sealIntent } from '../../rpc/intent.ts';
import {
  ACS,
  APP_HOST,
  LOGIN_ORIGIN,
  makeControlFixture,
  publishFile,
  SP,
  SSO_URL,
  type ControlFixture,
} from '../control-fixture.ts';
import { field, parts, signedResponse, type ResponseParts } from '../identity/saml/test-idp.ts';
import { PendingLogins } from '../identity/saml/pending.ts';
import { verifyResponse } from '../identity/saml/verify.ts';
import { Sessions } from '../identity/sessions.ts';
import { Tickets } from '../identity/tickets.ts';
import type { Published } from '../published.ts';
import type { Revoked } from '../revocation-feed.ts';
import { Directory } from '../directory/directory.ts';
import { storeOn } from '../store/kysely-store.ts';
import type { Database } from '../store/database.ts';
import { openDatabase } from '../store/open-database.ts';
import type { Store } from '../store/store.ts';
import { portalApp } from './app.ts';
import type { PortalEnv, PortalServices } from './portal-services.ts';

const HOST = new URL(LOGIN_ORIGIN).host;
const KEY = Buffer.alloc(32, 7);
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

let fixture: ControlFixture;
let store: Store;
let database: Database;
let directory: Directory;
let published: Published;
let now: number;
let log: string[];
let revoked: Revoked[];
let services: PortalServices;
let app: Hono<PortalEnv>;

beforeAll(async () => {
  fixture = await makeControlFixture();
  const location = { file: join(fixture.dir, 'test.sqlite') };
  database = await openDatabase(location);
  store = storeOn(database);
  directory = new Directory({ database, loginIdp: () => 'default', now: () => now });
  const idp = { entityId: fixture.idp.entityId, ssoUrl: SSO_URL, certificates: [fixture.idp.certificate] };
  published = await publishFile(location, fixture.configFile, idp);
});

afterAll(async () => {
  await store.close();
  fixture.remove();
});

beforeEach(() => {
  now = Date.UTC(2026, 10, 22, 12);
  log = [];
  revoked = [];
  const revocations = {
    epoch: 0,
    revoke: (what: Revoked): Promise<number> => {
      revoked.push(what);
      return Promise.resolve(1);
    },
  };
  const clock = (): number => now;
  services = {
    store,
    sessions: new Sessions(store, directory, revocations, clock),
    tickets: new Tickets(database, clock),
    pending: new PendingLogins(KEY, clock),
    revocations,
    files: new Map([
      [
        '/index.html',
        { body: new TextEncoder().encode('<!doctype html>portal'), type: 'text/html', cache: 'no-cache' },
      ],
      ['/assets/a.js', { body: new TextEncoder().encode('1'), type: 'text/javascript', cache: 'public, max-age=9' }],
    ]),
    log: pino({ level: 'debug' }, { write: (line: string) => void log.push(line) }),
    intentKey: KEY,
    published: () => published,
    verify: (job) => verifyResponse(job.field, job.trust, job.expectation),
    edges: () => [],
    deviceCode: vi.fn<PortalServices['deviceCode']>((user: string) =>
      Promise.resolve({ token: `cwjoin1.${user}`, expiresAt: now + 1 }),
    ),
    loginSucceeded: vi.fn<PortalServices['loginSucceeded']>(),
    loginFailed: vi.fn<PortalServices['loginFailed']>(),
    ready: () => true,
    storeStatus: () => ({ state: 'ok', kind: 'sqlite' }),
    now: clock,
  };
  app = portalApp(services);
});

function send(path: string, init: RequestInit = {}, address = '10.0.0.1'): Promise<Response> {
  const headers = new Headers(init.headers);
  if (!headers.has('host')) headers.set('host', HOST);
  return Promise.resolve(app.request(LOGIN_ORIGIN + path, { ...init, headers }, { address }));
}

const cookieOf = (response: Response, name: string): string =>
  response.headers
    .getSetCookie()
    .find((cookie) => cookie.startsWith(name))
    ?.split(';')[0] ?? '';

async function begin(query = ''): Promise<{ pre: string; requestId: string; relayState: string }> {
  const started = await send(`/start${query}`);
  expect(started.status).toBe(302);
  const location = new URL(started.headers.get('location') ?? '');
  const xml = inflateRawSync(Buffer.from(location.searchParams.get('SAMLRequest') ?? '', 'base64')).toString();
  return {
    pre: cookieOf(started, '__Host-cw-pre-'),
    requestId: / ID="([^"]+)"/.exec(xml)?.[1] ?? '',
    relayState: location.searchParams.get('RelayState') ?? '',
  };
}

function answer(requestId: string, relayState: string, change: Partial<ResponseParts> = {}): string {
  const p = parts({ idp: fixture.idp, acsUrl: ACS, audience: SP, requestId, now, change });
  const SAMLResponse = field(signedResponse(p, fixture.idp, 'assertion'));
  return new URLSearchParams({ SAMLResponse, RelayState: relayState }).toString();
}

async function logIn(change: Partial<ResponseParts> = {}, query = ''): Promise<{ login: string; location: string }> {
  const { pre, requestId, relayState } = await begin(query);
  const body = answer(requestId, relayState, change);
  const posted = await send('/saml/acs', { method: 'POST', headers: { ...FORM, cookie: pre }, body });
  expect(posted.status).toBe(303);
  return { login: cookieOf(posted, '__Host-cw-login'), location: posted.headers.get('location') ?? '' };
}

const intent = (change: object = {}): string =>
  `?i=${sealIntent(KEY, { host: APP_HOST, path: '/deep?x=1', nonceHash: 'nh', at: now, ...change })}`;

describe('the host', () => {
  it.each(['evil.test', 'admin.causeway-id.localhost:8443', 'login.causeway-id.localhost', 'x'])(
    'is refused as %j without reflecting it',
    async (host) => {
      const response = await app.request('http://x/', { headers: { host } }, { address: 'a' });
      expect(response.status).toBe(421);
      expect(await response.text()).toBe('CW_HOST_FOREIGN\n');
    },
  );

  it('must be the same in an absolute target', async () => {
    const response = await app.request('https://evil.test/', { headers: { host: HOST } }, { address: 'a' });
    expect(response.status).toBe(421);
  });
});

describe('login', () => {
  it('ends where the person wanted to go, with a ticket for that host and browser', async () => {
    const { location } = await logIn({}, intent());
    const url = new URL(location);
    expect(url.origin + url.pathname).toBe(`https://${APP_HOST}:8443/.causeway/ticket`);
    expect(location).not.toContain('deep');
    const ticket = await services.tickets.redeem(url.searchParams.get('t') ?? '', APP_HOST, 'nh');
    expect(ticket.path).toBe('/deep?x=1');
    expect(services.loginSucceeded).toHaveBeenCalledOnce();
  });

  it.each([
    ['of a foreign host', { host: 'evil.test' }],
    ['of the access domain itself', { host: 'causeway.localhost' }],
    ['of a host that only ends alike', { host: 'evilcauseway.localhost' }],
    ['that is too old', { at: Date.UTC(2026, 10, 22, 11) }],
  ])('ends in the portal with an intent %s', async (_name, change) => {
    expect((await logIn({}, intent(change))).location).toBe('/');
  });

  it.each(['//evil.test', '/\\evil.test', 'https://evil.test', '/a\r\nb', ''])(
    'never goes to the path %j',
    async (path) => {
      const { location } = await logIn({}, intent({ path }));
      const ticket = new URL(location).searchParams.get('t') ?? '';
      expect((await services.tickets.redeem(ticket, APP_HOST, 'nh')).path).toBe('/');
    },
  );

  it('takes a garbage intent for none', async () => {
    expect((await logIn({}, '?i=garbage')).location).toBe('/');
  });

  it('makes a new token at each login, and each is worth its own session', async () => {
    const first = await logIn();
    const second = await logIn();
    expect(first.login).not.toBe(second.login);
    expect((await send('/api/me', { headers: { cookie: first.login } })).status).toBe(200);
  });

  it('ends with the provider’s own session', async () => {
    const { login } = await logIn({ sessionUntil: now + 60_000 });
    expect((await send('/api/me', { headers: { cookie: login } })).status).toBe(200);
    now += 61_000;
    expect((await send('/api/me', { headers: { cookie: login } })).status).toBe(401);
  });
});

describe('what is refused', () => {
  const post = async (headers: Record<string, string>, body: string): Promise<Response> =>
    send('/saml/acs', { method: 'POST', headers: { ...FORM, ...headers }, body });

  it('shows code and reference, and logs the same reference without the response', async () => {
    const { pre, requestId, relayState } = await begin();
    const body = answer(requestId, relayState, { audience: 'https://other.test' });
    const response = await post({ cookie: pre }, body);
    expect(response.status).toBe(403);
    const page = await response.text();
    expect(page).toContain('CW_SAML_SEMANTICS');
    const line = log.find((entry) => entry.includes('CW_SAML_SEMANTICS')) ?? '';
    const { reference } = JSON.parse(line) as { reference: string };
    expect(page).toContain(reference);
    expect(log.join('')).not.toContain('ada@corp.example');
    expect(log.join('')).not.toContain(pre.split('=')[1]);
    expect(services.loginFailed).toHaveBeenCalledExactlyOnceWith('CW_SAML_SEMANTICS', expect.any(String));
  });

  it('is a response without cookie, with another browser’s, or with an unknown RelayState, before any XML is read', async () => {
    const verify = vi.spyOn(services, 'verify');
    const mine = await begin();
    const other = await begin();
    const body = answer(mine.requestId, mine.relayState);
    expect((await post({}, body)).status).toBe(403);
    expect((await post({ cookie: other.pre }, body)).status).toBe(403);
    expect((await post({ cookie: mine.pre }, answer(mine.requestId, 'x'.repeat(43)))).status).toBe(403);
    expect((await post({ cookie: `${mine.pre}; ${mine.pre}` }, body)).status).toBe(403);
    expect(verify).not.toHaveBeenCalled();
  });

  it('is the same response twice, and the same assertion for another request', async () => {
    const first = await begin();
    const body = answer(first.requestId, first.relayState, { assertionId: '_once' });
    expect((await post({ cookie: first.pre }, body)).status).toBe(303);
    expect(await (await post({ cookie: first.pre }, body)).text()).toContain('CW_SAML_REPLAY');
    const renamed = answer(first.requestId, first.relayState, { assertionId: '_another' });
    expect(await (await post({ cookie: first.pre }, renamed)).text()).toContain('CW_SAML_REPLAY');
    const second = await begin();
    const replayed = answer(second.requestId, second.relayState, { assertionId: '_once' });
    expect(await (await post({ cookie: second.pre }, replayed)).text()).toContain('CW_SAML_REPLAY');
  });

  it('is a body that is too large, whether it says so or not', async () => {
    const { pre, relayState } = await begin();
    const body = `RelayState=${relayState}&SAMLResponse=${'A'.repeat(LIMITS.samlResponseBytes)}`;
    expect((await post({ cookie: pre, 'content-length': String(body.length) }, body)).status).toBe(413);
    let pulled = 0;
    const endless = new ReadableStream<Uint8Array>({
      pull: (controller) => {
        pulled += 1;
        controller.enqueue(new Uint8Array(64 * 1024).fill(0x41));
      },
    });
    const init = { method: 'POST', headers: { ...FORM, cookie: pre }, body: endless, duplex: 'half' } as RequestInit;
    expect((await send('/saml/acs', init)).status).toBe(413);
    expect(pulled).toBeLessThan(10);
  });

  it('is another content type, a field twice, and a GET', async () => {
    const { pre, requestId, relayState } = await begin();
    const body = answer(requestId, relayState);
    expect((await post({ cookie: pre, 'content-type': 'text/plain' }, body)).status).toBe(400);
    expect((await post({ cookie: pre }, `${body}&RelayState=x`)).status).toBe(400);
    expect((await send('/saml/acs', { headers: { cookie: pre } })).status).toBe(404);
  });

  it('is too many logins from one address, and not those from another', async () => {
    let status = 0;
    for (let n = 0; n < 300 && status !== 503; n++) status = (await send('/start', {}, '10.9.9.9')).status;
    expect(status).toBe(503);
    expect((await send('/start', {}, '10.9.9.8')).status).toBe(302);
  });
});

describe('the portal', () => {
  it('sends strangers to log in, and shows itself to the others', async () => {
    expect((await send('/')).headers.get('location')).toBe('/start');
    expect((await send('/signed-out')).status).toBe(200);
    const { login } = await logIn();
    const page = await send('/', { headers: { cookie: login } });
    expect(await page.text()).toContain('portal');
    expect(page.headers.get('cache-control')).toBe('no-store');
  });

  it('has its headers on everything', async () => {
    for (const path of ['/', '/start', '/api/me', '/assets/a.js', '/nowhere', '/saml/metadata']) {
      const { headers } = await send(path);
      expect(headers.get('content-security-policy')).toMatch(/default-src '(self|none)'.*frame-ancestors 'none'/);
      expect(headers.get('strict-transport-security')).toContain('max-age=');
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('referrer-policy')).toBe('no-referrer');
      expect(headers.get('cache-control')).toBe(path.startsWith('/assets') ? 'public, max-age=9' : 'no-store');
    }
  });

  it('serves nothing but what was built', async () => {
    expect((await send('/assets/a.js')).headers.get('content-type')).toBe('text/javascript');
    for (const path of ['/index.html', '/../package.json', '/assets/%2e%2e/x', '/pages/notice.html', '/assets/']) {
      expect((await send(path)).status).toBe(404);
    }
  });

  it('publishes metadata with our entity and address', async () => {
    const response = await send('/saml/metadata');
    expect(response.headers.get('content-type')).toContain('samlmetadata+xml');
    const xml = await response.text();
    expect(xml).toContain(`entityID="${SP}"`);
    expect(xml).toContain(`Location="${ACS}"`);
  });
});

describe('the API', () => {
  it('says who the person is and what they may open', async () => {
    const { login } = await logIn();
    expect(await (await send('/api/me', { headers: { cookie: login } })).json()).toEqual({
      user: 'ada@corp.example',
      displayName: 'Ada Lovelace',
      groups: ['staff', 'engineering'],
      session: { createdAt: now, expiresAt: now + 8 * 3_600_000 },
    });
    const { apps } = (await (await send('/api/apps', { headers: { cookie: login } })).json()) as { apps: object[] };
    expect(apps).toHaveLength(1);
    const guest = await logIn({ user: 'guest@corp.example', groups: [] });
    expect(await (await send('/api/apps', { headers: { cookie: guest.login } })).json()).toEqual({ apps: [] });
  });

  it('is closed to strangers and to what is no token', async () => {
    for (const path of ['/api/me', '/api/apps', '/api/devices', '/api/nowhere']) {
      expect((await send(path)).status).toBe(401);
      const forged = { headers: { cookie: `__Host-cw-login=${'A'.repeat(43)}` } };
      expect((await send(path, forged)).status).toBe(401);
    }
    expect(await (await send('/api/health')).json()).toEqual({ ready: true, storeLost: null });
  });

  it.each([
    ['POST', '/api/sign-out'],
    ['POST', '/api/devices/code'],
    ['DELETE', '/api/devices/d_1'],
  ])('refuses %s %s without our Origin', async (method, path) => {
    const { login } = await logIn();
    for (const origin of [null, 'null', 'https://evil.test', `https://${APP_HOST}:8443`]) {
      const headers = { cookie: login, ...(origin === null ? {} : { origin }) };
      const response = await send(path, { method, headers });
      expect(response.status).toBe(403);
      expect(await response.json()).toEqual({ code: 'CW_CSRF' });
    }
    expect(revoked).toEqual([]);
    expect((await send('/api/me', { headers: { cookie: login } })).status).toBe(200);
  });

  it('signs out everywhere, and only the person’s own session', async () => {
    const { login } = await logIn();
    const other = await logIn();
    const headers = { cookie: login, origin: LOGIN_ORIGIN };
    const response = await send('/api/sign-out', { method: 'POST', headers });
    expect(response.status).toBe(204);
    expect(response.headers.getSetCookie()[0]).toContain('Max-Age=0');
    expect(revoked).toHaveLength(1);
    expect((await send('/api/me', { headers: { cookie: login } })).status).toBe(401);
    expect((await send('/api/me', { headers: { cookie: other.login } })).status).toBe(200);
  });

  it('gives a code for a device and lists and revokes only the person’s own', async () => {
    const { login } = await logIn();
    const headers = { cookie: login, origin: LOGIN_ORIGIN };
    const code = await (await send('/api/devices/code', { method: 'POST', headers })).json();
    expect(code).toEqual({
      token: 'cwjoin1.ada@corp.example',
      command: 'npx causeway-agent up --local-proxy --join cwjoin1.ada@corp.example',
      expiresAt: now + 1,
    });
    const device = { name: 'laptop', createdAt: now, revokedAt: null };
    await store.createDevice({ ...device, id: 'd_mine', user: 'ada@corp.example' });
    await store.createDevice({ ...device, id: 'd_other', user: 'bea@corp.example' });
    const list = (await (await send('/api/devices', { headers })).json()) as { devices: { id: string }[] };
    expect(list.devices).toEqual([{ id: 'd_mine', name: 'laptop', createdAt: now, revokedAt: null, connected: false }]);
    expect((await send('/api/devices/d_other', { method: 'DELETE', headers })).status).toBe(404);
    expect((await send('/api/devices/d_mine', { method: 'DELETE', headers })).status).toBe(204);
    expect(revoked).toEqual([{ devices: ['d_mine'], why: 'removed in the portal' }]);
    expect((await send('/api/devices/d_mine', { method: 'DELETE', headers })).status).toBe(204);
    expect(revoked).toHaveLength(1);
    expect((await store.device('d_other'))?.revokedAt).toBeNull();
  });
});
