import { inflateRawSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ACS, LOGIN_ORIGIN, SP } from '../control-fixture.ts';
import { adminHostApp, byHost } from '../identity-hosts.ts';
import { PendingLogins } from '../identity/saml/pending.ts';
import { field, parts, signedResponse, type ResponseParts } from '../identity/saml/test-idp.ts';
import { verifyResponse } from '../identity/saml/verify.ts';
import { Tickets } from '../identity/tickets.ts';
import { portalApp } from '../portal/app.ts';
import { sqlitePlace } from '../store/fixtures/store-place.ts';
import { adminApp } from './admin-app.ts';
import { adminLogin } from './admin-login.ts';
import { ADMIN_ORIGIN, openAdmin, type AdminPlace } from './fixtures/admin-place.ts';

const KEY = Buffer.alloc(32, 7);

let place: AdminPlace;
let answer: (request: Request) => Promise<Response>;

beforeAll(async () => {
  place = await openAdmin(await sqlitePlace());
  const { services } = place;
  const clock = (): number => place.now;
  const tickets = new Tickets(services.database, clock);
  const portal = portalApp({
    ...services,
    tickets,
    pending: new PendingLogins(KEY, clock),
    files: new Map(),
    intentKey: KEY,
    verify: (job) => verifyResponse(job.field, job.trust, job.expectation),
    deviceCode: () => Promise.resolve({ token: '', expiresAt: 0 }),
    loginSucceeded: () => undefined,
    loginFailed: () => undefined,
    ready: () => true,
    storeStatus: () => ({ state: 'ok', kind: 'sqlite' }),
  });
  const admin = adminHostApp(services.origin);
  admin.route('/api/v1', adminApp(services));
  admin.route('/', adminLogin({ ...services, tickets, intentKey: KEY, loginOrigin: () => LOGIN_ORIGIN }));
  const hosts = byHost(
    (request, env) => portal.fetch(request, env),
    (request, env) => admin.fetch(request, env),
    services.origin,
  );
  answer = (request) => Promise.resolve(hosts(request, { address: '10.0.0.1' }));
  await services.roles.assign({ kind: 'group', name: 'boss' }, 'admin', 'test');
}, 60_000);

afterAll(() => place.close());

/** A browser with cookies per host, that follows where it is sent but to the identity provider. */
class Browser {
  readonly #jar = new Map<string, Map<string, string>>();

  async open(url: string, init: RequestInit = {}): Promise<Response> {
    const { host } = new URL(url);
    const jar = this.#jar.get(host) ?? new Map<string, string>();
    this.#jar.set(host, jar);
    const headers = new Headers(init.headers);
    headers.set('host', host);
    if (jar.size > 0) headers.set('cookie', [...jar].map(([name, value]) => `${name}=${value}`).join('; '));
    const response = await answer(new Request(url, { ...init, headers }));
    for (const cookie of response.headers.getSetCookie()) {
      const [pair = ''] = cookie.split(';');
      const [name = '', value = ''] = pair.split('=');
      if (value === '') jar.delete(name);
      else jar.set(name, value);
    }
    return response;
  }

  cookie(origin: string, name: string): string | undefined {
    return this.#jar.get(new URL(origin).host)?.get(name);
  }
}

/** Opens the login page until the identity provider is asked, or not; then what it says. */
async function logIn(
  browser: Browser,
  query = '',
  change: Partial<ResponseParts> = {},
): Promise<{ asked: string | null; response: Response }> {
  let response = await browser.open(`${ADMIN_ORIGIN}/login${query}`);
  response = await browser.open(response.headers.get('location') ?? '');
  let to = new URL(response.headers.get('location') ?? '');
  let asked: string | null = null;
  if (to.origin === 'https://idp.test') {
    asked = inflateRawSync(Buffer.from(to.searchParams.get('SAMLRequest') ?? '', 'base64')).toString();
    const requestId = / ID="([^"]+)"/.exec(asked)?.[1] ?? '';
    const p = parts({ idp: place.idp, acsUrl: ACS, audience: SP, requestId, now: place.now, change });
    const body = new URLSearchParams({
      SAMLResponse: field(signedResponse(p, place.idp, 'assertion')),
      RelayState: to.searchParams.get('RelayState') ?? '',
    });
    response = await browser.open(ACS, { method: 'POST', body });
    if (response.status !== 303) return { asked, response };
    to = new URL(response.headers.get('location') ?? '');
  }
  expect(to.origin + to.pathname).toBe(`${ADMIN_ORIGIN}/.causeway/ticket`);
  return { asked, response: await browser.open(to.href) };
}

const me = async (browser: Browser): Promise<Record<string, unknown>> => {
  const response = await browser.open(`${ADMIN_ORIGIN}/api/v1/me`);
  return (await response.json()) as Record<string, unknown>;
};

describe('an administrator', () => {
  beforeEach(() => {
    place.now += 3_600_000;
  });

  it('signs in as for any app, and gets a cookie of this host alone', async () => {
    const browser = new Browser();
    const { asked, response } = await logIn(browser, '?return=/api/v1/roles', { groups: ['boss'] });
    expect(asked).not.toContain('ForceAuthn');
    expect(response.status).toBe(200);
    expect(response.headers.get('refresh')).toBe('0; url=/api/v1/roles');
    const [cookie = ''] = response.headers.getSetCookie();
    expect(cookie).toMatch(/^__Host-cw-admin=[\w-]{43}; Path=\/; Max-Age=3600; Secure; HttpOnly; SameSite=Strict$/);
    expect(browser.cookie(LOGIN_ORIGIN, '__Host-cw-admin')).toBeUndefined();
    expect(await me(browser)).toMatchObject({
      kind: 'session',
      actor: 'ada@corp.example',
      provedAt: place.now - 1_000,
    });
    const { items } = await place.services.audit.list({ limit: 1, sort: '-at' });
    expect(items).toMatchObject([{ actor: 'ada@corp.example', action: 'login', result: 'done' }]);
  });

  it('who is signed in already is not asked, and must prove themselves for more', async () => {
    const browser = new Browser();
    await logIn(browser, '', { groups: ['boss'] });
    const again = await logIn(browser);
    expect(again.asked).toBeNull();
    expect(await me(browser)).toMatchObject({ actor: 'ada@corp.example', provedAt: 0 });
    const before = browser.cookie(ADMIN_ORIGIN, '__Host-cw-admin');
    const stepped = await logIn(browser, '?step-up=1', { groups: ['boss'], authenticatedAt: place.now });
    expect(stepped.asked).toContain(' ForceAuthn="true"');
    expect(await me(browser)).toMatchObject({ provedAt: place.now });
    // The session before is over.
    const old = await answer(
      new Request(`${ADMIN_ORIGIN}/api/v1/me`, { headers: { cookie: `__Host-cw-admin=${before}` } }),
    );
    expect(old.status).toBe(401);
  });

  it('is not believed where the identity provider did not ask again', async () => {
    const { response } = await logIn(new Browser(), '?step-up=1', {
      groups: ['boss'],
      authenticatedAt: place.now - 10 * 60_000,
    });
    expect(response.status).toBe(403);
    expect(await response.text()).toContain('CW_SAML_SEMANTICS');
  });

  it('without a role gets none', async () => {
    const browser = new Browser();
    const { response } = await logIn(browser, '', { user: 'eve@corp.example', groups: ['staff'] });
    expect(response.status).toBe(403);
    expect(await response.text()).toBe('CW_FORBIDDEN\n');
    expect(browser.cookie(ADMIN_ORIGIN, '__Host-cw-admin')).toBeUndefined();
    const { items } = await place.services.audit.list({ limit: 1, sort: '-at' });
    expect(items).toMatchObject([{ actor: 'eve@corp.example', action: 'login', result: 'CW_FORBIDDEN' }]);
  });

  it('brings their ticket in the browser that began, once', async () => {
    const browser = new Browser();
    const begun = await browser.open(`${ADMIN_ORIGIN}/login`);
    await logIn(browser, '', { groups: ['boss'] });
    const started = await browser.open(begun.headers.get('location') ?? '');
    const ticket = started.headers.get('location') ?? '';
    expect(ticket).toContain('/.causeway/ticket?t=');
    expect((await new Browser().open(ticket)).status).toBe(403);
    const thief = new Browser();
    await thief.open(`${ADMIN_ORIGIN}/login`);
    expect((await thief.open(ticket)).status).toBe(403);
    // Shown with another nonce it is spent.
    expect((await browser.open(ticket)).status).toBe(403);
  });

  it.each(['//evil.test', '/\\evil.test', 'https://evil.test', '/a\r\nb'])('is never sent to %j', async (path) => {
    const { response } = await logIn(new Browser(), `?return=${encodeURIComponent(path)}`, { groups: ['boss'] });
    expect(response.headers.get('refresh')).toBe('0; url=/api/v1/me');
  });

  it('signs out, by a page of this host alone', async () => {
    const browser = new Browser();
    await logIn(browser, '', { groups: ['boss'] });
    const cookie = browser.cookie(ADMIN_ORIGIN, '__Host-cw-admin');
    const out = (origin: string): Promise<Response> =>
      browser.open(`${ADMIN_ORIGIN}/logout`, { method: 'POST', headers: { origin } });
    expect((await out('https://evil.test')).status).toBe(403);
    expect(await me(browser)).toMatchObject({ kind: 'session' });
    expect((await out(ADMIN_ORIGIN)).status).toBe(204);
    const after = await answer(
      new Request(`${ADMIN_ORIGIN}/api/v1/me`, { headers: { cookie: `__Host-cw-admin=${cookie}` } }),
    );
    expect(after.status).toBe(401);
  });
});
