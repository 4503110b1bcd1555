import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { CausewayError } from '@causeway/contract';
import { openIntent } from '../rpc/intent.ts';
import type { EdgeCalls } from '../rpc/messages.ts';
import { FakeCa } from './fakes/ca.ts';
import { FakeControl } from './fakes/control.ts';
import { EdgeProcess, signedIn } from './fakes/edge-process.ts';
import { secretsOf, snapshotOf } from './fakes/snapshot.ts';

const HOST = 'intranet.causeway.localhost';
const OTHER = 'wiki.causeway.localhost';
const LOGIN = 'https://login.causeway-id.localhost:8443';
const PAGE = { accept: 'text/html', 'sec-fetch-mode': 'navigate' };
const TICKET = 'T'.repeat(43);

let control: FakeControl;
let edge: EdgeProcess;
const redeemed = vi.fn<(args: EdgeCalls['ticket.redeem']['args']) => EdgeCalls['ticket.redeem']['answer']>();

beforeAll(async () => {
  const ca = await FakeCa.create();
  control = new FakeControl(snapshotOf(1, { apps: [], rules: [] }), await secretsOf(ca));
  control.answers['ticket.redeem'] = (args) => redeemed(args);
  await control.listen();
  edge = await EdgeProcess.start(control);
  await edge.wait('ready');
});

beforeEach(() => {
  redeemed.mockReset();
  redeemed.mockReturnValue({ token: 'A'.repeat(43), returnTo: '/', expiresAt: Date.now() + 60_000 });
});

afterAll(async () => {
  await edge.stop();
  await control.close();
});

interface Leaving {
  /** As the browser sends it back. */
  readonly cookie: string;
  readonly nonceHash: string;
  readonly path: string;
}

/** A browser without a session opens a page and is sent to the login host. */
async function leave(path: string, cookie?: string): Promise<Leaving> {
  const answer = await edge.fetch(HOST, path, { headers: { ...PAGE, ...(cookie === undefined ? {} : { cookie }) } });
  expect(answer.status).toBe(302);
  const location = new URL(answer.headers.location ?? '');
  expect(location.origin + location.pathname).toBe(`${LOGIN}/start`);
  expect([...location.searchParams.keys()]).toEqual(['i']);
  const key = Buffer.from(control.secrets.intentKey, 'base64');
  const intent = openIntent(key, location.searchParams.get('i') ?? '', Date.now());
  const [set = ''] = answer.headers['set-cookie'] ?? [];
  return { cookie: set.split(';')[0] ?? '', nonceHash: intent?.nonceHash ?? '', path: intent?.path ?? '' };
}

const comeBack = (cookie: string) =>
  edge.fetch(HOST, `/.causeway/ticket?t=${TICKET}`, { headers: { ...PAGE, cookie } });

describe('several tabs at once', () => {
  test('share one nonce, and all come back', async () => {
    const first = await leave('/a');
    const second = await leave('/b', first.cookie);
    expect(second).toEqual({ ...first, path: '/b' });
    const back = await comeBack(first.cookie);
    expect(back.status).toBe(303);
    expect(back.headers['set-cookie']).toHaveLength(1); // the nonce stays for the other tab
    expect((await comeBack(second.cookie)).status).toBe(303);
    expect(redeemed).toHaveBeenCalledTimes(2);
  });

  test('a nonce that cannot be one is replaced', async () => {
    for (const value of ['', 'short', `${'a'.repeat(42)}=`, 'a'.repeat(44)]) {
      const { cookie } = await leave('/', `__Host-cw-nonce=${value}`);
      expect(cookie).toMatch(/^__Host-cw-nonce=[\w-]{43}$/);
      expect(cookie).not.toContain(value === '' ? '=;' : value);
    }
  });
});

test('a ticket that is of no use leads to a page that starts over', async () => {
  const { cookie } = await leave('/');
  redeemed.mockImplementation(() => {
    throw new CausewayError('CW_TICKET_INVALID');
  });
  const answer = await comeBack(cookie);
  expect(answer.status).toBe(403);
  expect(answer.headers['set-cookie']).toBeUndefined();
  expect(answer.body.toString()).toContain('<a class="home" href="/">Start again</a>');
});

describe('a deep link', () => {
  test.each(['/deep?x=1&y=%2F%2F', '/a:b/@c', '/?//evil.example', `/${'x'.repeat(2_000)}`])(
    '%s is kept',
    async (path) => {
      expect((await leave(path)).path).toBe(path);
    },
  );

  test.each(['//evil.example', '///evil', `/${'x'.repeat(3_000)}`])(
    '%s leads to the app’s root: it could name another host, or is too long for a URL',
    async (path) => {
      expect((await leave(path)).path).toBe('/');
    },
  );

  test.each([
    '//evil.example',
    '/\\evil.example',
    'https://evil.example/',
    'javascript:alert(1)',
    '/a\r\nset-cookie: x=1',
    '/\tevil',
    '',
    'evil',
  ])('%j from control would still not lead away', async (returnTo) => {
    redeemed.mockReturnValue({ token: 'A'.repeat(43), returnTo, expiresAt: Date.now() + 60_000 });
    const back = await comeBack((await leave('/')).cookie);
    expect(back.headers.location).toBe('/');
    expect(back.headers).not.toHaveProperty('x');
    expect(back.headers['set-cookie']).toHaveLength(1);
  });
});

test('a HEAD is redirected like a GET, and spends no ticket', async () => {
  expect((await edge.fetch(HOST, '/', { method: 'HEAD', headers: PAGE })).status).toBe(302);
  const { cookie } = await leave('/');
  const answer = await edge.fetch(HOST, `/.causeway/ticket?t=${TICKET}`, { method: 'HEAD', headers: { cookie } });
  expect(answer.status).toBe(404);
  expect(redeemed).not.toHaveBeenCalled();
});

describe('signing out from an app', () => {
  async function signOut(options: { host?: string; origin?: string; method?: string }) {
    const { grant, cookie } = signedIn('alice', HOST, { session: 's_out' });
    await control.grant(grant);
    const host = options.host ?? HOST;
    const headers = { ...PAGE, cookie, ...(options.origin === undefined ? {} : { origin: options.origin }) };
    const answer = await edge.fetch(host, '/.causeway/sign-out', { method: options.method ?? 'POST', headers });
    return { status: answer.status, location: answer.headers.location };
  }

  test('ends the login session; only the app’s own pages can do it', async () => {
    const ended = vi.fn<(args: EdgeCalls['session.end']['args']) => null>(() => null);
    control.answers['session.end'] = ended;
    expect(await signOut({})).toMatchObject({ status: 403 });
    expect(await signOut({ origin: 'https://evil.example' })).toMatchObject({ status: 403 });
    expect(await signOut({ origin: `https://${OTHER}` })).toMatchObject({ status: 403 });
    expect(await signOut({ method: 'GET' })).toEqual({ status: 302, location: `${LOGIN}/` });
    expect(await signOut({ method: 'DELETE', origin: `https://${HOST}` })).toMatchObject({ status: 405 });
    const out = { status: 303, location: `${LOGIN}/signed-out` };
    expect(await signOut({ host: OTHER, origin: `https://${OTHER}` })).toEqual(out); // the cookie of another app is none
    expect(ended).not.toHaveBeenCalled();
    expect(await signOut({ origin: `https://${HOST}` })).toEqual(out);
    expect(ended).toHaveBeenCalledExactlyOnceWith({ session: 's_out', why: 'signed out' });
  });
});
