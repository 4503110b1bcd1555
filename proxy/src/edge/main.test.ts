import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { Agent } from 'node:https';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type WebSocket from 'ws';
import type { EdgeCalls } from '../rpc/messages.ts';
import { openIntent } from '../rpc/intent.ts';
import {
  CONFIGURATION,
  GARBAGE,
  GIVEN_TO_NOBODY,
  INTRANET,
  LONELY,
  PAGE,
  SECRET,
  startDeployment,
  UNKNOWN,
  type Deployment,
} from './fakes/deployment.ts';
import { signedIn } from './fakes/edge-process.ts';
import { pattern } from './fakes/origin.ts';
import { snapshotOf } from './fakes/snapshot.ts';

let deployment: Deployment;
let control: Deployment['control'];
let edge: Deployment['edge'];
let origin: Deployment['origin'];
let person: Deployment['person'];

beforeAll(async () => {
  deployment = await startDeployment();
  ({ control, edge, origin, person } = deployment);
});

afterAll(() => deployment.stop());

describe('a stranger', () => {
  test('is sent to login with the deep link sealed inside, and comes back with a ticket', async () => {
    const first = await edge.fetch(INTRANET, '/deep?x=1', { headers: PAGE });
    expect(first.status).toBe(302);
    const login = new URL(first.headers.location ?? '');
    expect(login.origin).toBe('https://login.causeway-id.localhost:8443');
    const key = Buffer.from(control.secrets.intentKey, 'base64');
    const intent = openIntent(key, login.searchParams.get('i') ?? '', Date.now());
    expect(intent).toMatchObject({ host: INTRANET, path: '/deep?x=1' });
    const [nonceCookie = ''] = first.headers['set-cookie'] ?? [];
    expect(nonceCookie).toMatch(/^__Host-cw-nonce=[\w-]{43}; Path=\/; Max-Age=600; Secure; HttpOnly; SameSite=Lax$/);
    const nonce = nonceCookie.split(';')[0] ?? '';

    const { grant, cookie } = signedIn('alice', INTRANET);
    const asked = vi.fn<(args: EdgeCalls['ticket.redeem']['args']) => void>();
    control.answers['ticket.redeem'] = async (args) => {
      asked(args);
      await control.grant(grant);
      return { token: cookie.slice('__Host-cw='.length), returnTo: intent?.path ?? '', expiresAt: grant.expiresAt };
    };
    const ticket = 'T'.repeat(43);
    const back = await edge.fetch(INTRANET, `/.causeway/ticket?t=${ticket}`, { headers: { ...PAGE, cookie: nonce } });
    expect(back.status).toBe(303);
    expect(back.headers.location).toBe('/deep?x=1');
    expect(asked).toHaveBeenCalledWith({ ticket, nonceHash: intent?.nonceHash, host: INTRANET });
    expect(back.headers['set-cookie']).toEqual([
      expect.stringMatching(/^__Host-cw=[\w-]{43}; Path=\/; Expires=[^;]+; Secure; HttpOnly; SameSite=Lax$/),
    ]);

    const page = await edge.fetch(INTRANET, '/deep?x=1', { headers: { ...PAGE, cookie } });
    expect(page.status).toBe(200);
    expect(page.body.toString()).toBe('<h1>/deep</h1>');
    expect(origin.requests.at(-1)?.url).toBe('/deep?x=1');
  });

  test('gets 401 where a redirect would only confuse', async () => {
    const script = await edge.fetch(INTRANET, '/api', { headers: { 'sec-fetch-mode': 'cors', accept: '*/*' } });
    expect(script.status).toBe(401);
    expect(JSON.parse(script.body.toString())).toMatchObject({ code: 'CW_LOGIN_REQUIRED' });
    const post = await edge.fetch(INTRANET, '/form', { method: 'POST', headers: PAGE, body: Buffer.from('a=1') });
    expect(post.status).toBe(401);
  });

  test('cannot tell an app from none', async () => {
    for (const host of [INTRANET, GIVEN_TO_NOBODY, UNKNOWN]) {
      expect((await edge.fetch(host, '/', { headers: PAGE })).status).toBe(302);
    }
  });

  test('with a ticket but no nonce of this browser is refused', async () => {
    const answer = await edge.fetch(INTRANET, `/.causeway/ticket?t=${'T'.repeat(43)}`, { headers: PAGE });
    expect(answer.status).toBe(403);
    expect(answer.body.toString()).toContain('CW_TICKET_INVALID');
  });
});

describe('a person', () => {
  test('uploads and downloads 20 MB byte for byte', async () => {
    const cookie = await person('alice', INTRANET);
    const bytes = 20 * 1024 * 1024;
    const body = pattern(bytes);
    const sha256 = createHash('sha256').update(body).digest('hex');
    const up = await edge.fetch(INTRANET, '/upload', {
      method: 'POST',
      headers: { cookie, 'content-length': String(bytes) },
      body,
    });
    expect(JSON.parse(up.body.toString())).toEqual({ bytes, sha256 });
    const chunked = await edge.fetch(INTRANET, '/upload', {
      method: 'PUT',
      headers: { cookie, 'transfer-encoding': 'chunked' },
      body,
    });
    expect(JSON.parse(chunked.body.toString())).toEqual({ bytes, sha256 });
    const down = await edge.fetch(INTRANET, `/download?bytes=${bytes}`, { headers: { cookie } });
    expect(down.body.equals(body)).toBe(true);
  });

  test('uses a WebSocket, from the app’s own origin only', async () => {
    const cookie = await person('alice', INTRANET);
    const dial = (from: string | null): WebSocket => edge.webSocket(INTRANET, '/socket?room=1', { cookie, from });
    const socket = dial(`https://${INTRANET}`);
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
    const echoes: unknown[] = [];
    const both = new Promise<void>((resolve) => {
      socket.on('message', (data, binary) => {
        echoes.push(binary ? data : (data as Buffer).toString());
        if (echoes.length === 2) resolve();
      });
    });
    socket.send('hello');
    socket.send(pattern(100_000));
    await both;
    expect(echoes).toEqual(['hello', pattern(100_000)]);
    expect(origin.requests.at(-1)?.url).toBe('/socket?room=1');
    expect(origin.requests.at(-1)?.headers.cookie).toBeUndefined();
    socket.close();
    for (const foreign of ['https://evil.example', null]) {
      const refused = dial(foreign);
      const status = await new Promise((resolve) => {
        refused.once('unexpected-response', (_request, answer: IncomingMessage) => resolve(answer.statusCode));
        refused.once('error', () => undefined);
      });
      expect(status).toBe(403);
      refused.terminate();
    }
  });

  test('loses an open download and WebSocket within a second of the revocation', async () => {
    const cookie = await person('alice', INTRANET, 's_revoked');
    const other = await person('alice', INTRANET, 's_kept');
    const start = async (who: string): Promise<IncomingMessage> => {
      const request = edge.request(INTRANET, '/endless', { headers: { cookie: who } });
      const answer = await new Promise<IncomingMessage>((resolve) => {
        request.once('response', resolve).end();
      });
      answer.on('error', () => undefined).resume();
      return answer;
    };
    const download = await start(cookie);
    const kept = await start(other);
    const socket = edge.webSocket(INTRANET, '/', { cookie, from: `https://${INTRANET}` });
    await new Promise((resolve) => socket.once('open', resolve));
    const ended = Promise.all([
      new Promise((resolve) => download.once('close', resolve)),
      new Promise<number>((resolve) => socket.once('close', resolve)),
    ]);
    const before = performance.now();
    await control.revoke({ sessions: ['s_revoked'] });
    const [, closeCode] = await ended;
    expect(performance.now() - before).toBeLessThan(1_000);
    expect(download.complete).toBe(false);
    expect(closeCode).toBe(1006);
    expect(kept.destroyed).toBe(false);
    kept.destroy();
    expect((await edge.fetch(INTRANET, '/', { headers: { ...PAGE, cookie } })).status).toBe(302);
    await vi.waitFor(() => expect(control.events.filter((event) => event.kind === 'cut')).toHaveLength(2));
  });

  test('whom a rule blocks with a notice reads it', async () => {
    const cookie = await person('bob', SECRET);
    const page = await edge.fetch(SECRET, '/', { headers: { ...PAGE, cookie } });
    expect(page.status).toBe(403);
    expect(page.body.toString()).toContain('bob &lt;b&gt;, ask about secret.');
  });

  test('cannot tell an app that no rule gives from one that does not exist', async () => {
    const answers = [];
    for (const host of [GIVEN_TO_NOBODY, UNKNOWN]) {
      const answer = await edge.fetch(host, '/some/path', {
        headers: { ...PAGE, cookie: await person('alice', host) },
      });
      const body = answer.body.toString();
      const reference = /[0-9a-f]{8}-[0-9a-f-]{27}/.exec(body)?.[0] ?? 'none';
      const { date: _date, ...headers } = answer.headers;
      answers.push({ status: answer.status, headers, body: body.replaceAll(reference, 'REFERENCE') });
    }
    expect(answers[0]).toEqual(answers[1]);
    expect(answers[0]?.status).toBe(404);
    expect(answers[0]?.body).toContain('REFERENCE');
  });

  test('cannot use the session of one app at another', async () => {
    const cookie = await person('alice', UNKNOWN);
    expect((await edge.fetch(INTRANET, '/', { headers: { ...PAGE, cookie } })).status).toBe(302);
  });

  test('is let in by a session that only control knew, asked once', async () => {
    const { grant, cookie } = signedIn('alice', INTRANET);
    control.grants.set(grant.tokenHash, grant);
    const before = control.lookups;
    for (let i = 0; i < 3; i++) {
      expect((await edge.fetch(INTRANET, '/', { headers: { ...PAGE, cookie } })).status).toBe(200);
    }
    expect(control.lookups - before).toBe(1);
    const unknown = signedIn('alice', INTRANET).cookie;
    for (let i = 0; i < 3; i++) await edge.fetch(INTRANET, '/', { headers: { ...PAGE, cookie: unknown } });
    expect(control.lookups - before).toBe(2);
  });

  test('gets a page when the app answers garbage, and when nobody can reach it', async () => {
    const garbage = await edge.fetch(GARBAGE, '/', { headers: { ...PAGE, cookie: await person('alice', GARBAGE) } });
    expect(garbage.status).toBe(502);
    expect(garbage.body.toString()).toContain('CW_APP_GARBAGE');
    const lonely = await edge.fetch(LONELY, '/', { headers: { ...PAGE, cookie: await person('alice', LONELY) } });
    expect(lonely.status).toBe(502);
    expect(lonely.headers['retry-after']).toBe('5');
    expect(lonely.body.toString()).toContain('CW_NO_PUBLISHER');
  });

  test.each([
    ['a control byte in a header', 'HTTP/1.1 200 OK\r\nx-a: b\x01c\r\ncontent-length: 0\r\n\r\n'],
    ['two different lengths', 'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab'],
    ['two Locations', 'HTTP/1.1 302 Found\r\nlocation: /a\r\nlocation: /b\r\ncontent-length: 0\r\n\r\n'],
  ])('gets 502 for an answer with %s', async (_name, answer) => {
    origin.garbage = answer;
    const page = await edge.fetch(GARBAGE, '/', { headers: { ...PAGE, cookie: await person('alice', GARBAGE) } });
    expect(page.status).toBe(502);
    expect(page.body.toString()).toContain('CW_APP_GARBAGE');
  });

  test('never gets the second answer that an app sent unasked', async () => {
    const cookie = await person('alice', GARBAGE);
    const one = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n';
    origin.garbage = `${one}ok`;
    expect((await edge.fetch(GARBAGE, '/1', { headers: { ...PAGE, cookie } })).body.toString()).toBe('ok');
    origin.garbage = `${one}ok${one}no`;
    await edge.fetch(GARBAGE, '/2', { headers: { ...PAGE, cookie } }).catch(() => null);
    origin.garbage = `${one}me`;
    expect((await edge.fetch(GARBAGE, '/3', { headers: { ...PAGE, cookie } })).body.toString()).toBe('me');
  });

  test('has many requests on one connection, and nothing piles up on the way', async () => {
    const cookie = await person('alice', INTRANET);
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    for (let i = 0; i < 30; i++) {
      expect((await edge.fetch(INTRANET, `/${i}`, { headers: { cookie }, agent })).status).toBe(200);
    }
    agent.destroy();
    expect(edge.log).not.toContain('MaxListenersExceededWarning');
  });

  test('keeps a running download when a new configuration still allows it, and loses it otherwise', async () => {
    const cookie = await person('alice', INTRANET);
    const request = edge.request(INTRANET, '/endless', { headers: { cookie } });
    const answer = await new Promise<IncomingMessage>((resolve) => request.once('response', resolve).end());
    const closed = new Promise((resolve) => answer.on('error', () => undefined).once('close', resolve));
    let chunks = 0;
    answer.on('data', () => chunks++);
    await control.publish(snapshotOf(2, CONFIGURATION));
    const before = chunks;
    await vi.waitFor(() => expect(chunks).toBeGreaterThan(before + 3));
    await control.publish(snapshotOf(3, { ...CONFIGURATION, rules: [] }));
    await closed;
    await control.publish(snapshotOf(4, CONFIGURATION));
  });

  test('sees no cookie of ours from the app, and redirects that lead through the custom URL', async () => {
    const cookie = await person('alice', INTRANET);
    const cookies = await edge.fetch(INTRANET, '/cookies', { headers: { cookie: `a=1; ${cookie}; b=2` } });
    expect(cookies.headers['set-cookie']).toEqual(['app=1']);
    expect(cookies.headers['cache-control']).toBe('private, no-store');
    expect(origin.requests.at(-1)?.headers.cookie).toBe('a=1; b=2');
    const away = await edge.fetch(INTRANET, '/away', { headers: { cookie } });
    expect(away.headers.location).toBe(`https://${INTRANET}/next?x=1`);
  });

  test('is known to the app by nothing that the browser claimed', async () => {
    const cookie = await person('alice', INTRANET);
    await edge.fetch(INTRANET, '/who', {
      headers: {
        cookie,
        'x-forwarded-for': '6.6.6.6',
        x_forwarded_user: 'root',
        'x-remote-user': 'root',
        'x-secret': 'kept back',
        connection: 'keep-alive, x-secret',
        'x-fine': 'yes',
      },
    });
    const { headers } = origin.requests.at(-1) ?? { headers: {} };
    expect(headers).toMatchObject({
      host: 'intranet.corp.example',
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-proto': 'https',
      'x-forwarded-host': INTRANET,
      'x-fine': 'yes',
    });
    for (const name of ['x_forwarded_user', 'x-remote-user', 'x-secret']) expect(headers).not.toHaveProperty(name);
  });

  test('leaves events behind, with the verdict and without the query', async () => {
    const cookie = await person('alice', INTRANET);
    await edge.fetch(INTRANET, '/counted?token=hidden', { headers: { cookie } });
    await vi.waitFor(() => expect(control.events.some((event) => event.path === '/counted')).toBe(true));
    const event = control.events.find((one) => one.path === '/counted');
    expect(event).toMatchObject({ kind: 'request', user: 'alice', app: 'intranet', status: 200, verb: 'GET' });
    expect(event?.verdict).toMatchObject({ action: 'allow', rule: 'staff' });
    expect(edge.log).not.toContain('hidden');
  });

  test('has a download cut, not ended, when the publisher dies; and goes on when it is back', async () => {
    const cookie = await person('alice', INTRANET);
    const request = edge.request(INTRANET, '/endless', { headers: { cookie } });
    const answer = await new Promise<IncomingMessage>((resolve) => request.once('response', resolve).end());
    const error = new Promise<Error>((resolve) => answer.once('error', resolve));
    answer.resume();
    deployment.publisher.tunnel.destroy();
    expect(await error).toMatchObject({ code: 'ECONNRESET' });
    await vi.waitFor(async () => {
      expect((await edge.fetch(INTRANET, '/', { headers: { ...PAGE, cookie } })).status).toBe(502);
    });
    deployment.publisher = await deployment.dialPublisher();
    expect((await edge.fetch(INTRANET, '/', { headers: { ...PAGE, cookie } })).status).toBe(200);
  });
});
