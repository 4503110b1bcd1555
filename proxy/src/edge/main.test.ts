import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { Agent } from 'node:https';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type WebSocket from 'ws';
import type { EdgeCalls } from '../rpc/messages.ts';
import { openIntent } from '../rpc/intent.ts';
import { FakeCa } from './fakes/ca.ts';
import { FakeControl } from './fakes/control.ts';
import { EdgeProcess, signedIn } from './fakes/edge-process.ts';
import { FakeOrigin, pattern } from './fakes/origin.ts';
import { FakePeer, toPort } from './fakes/publisher.ts';
import { secretsOf, snapshotOf, type Configuration } from './fakes/snapshot.ts';

const INTRANET = 'intranet.causeway.localhost';
const SECRET = 'secret.causeway.localhost';
const GIVEN_TO_NOBODY = 'payroll.causeway.localhost';
const UNKNOWN = 'nothing.causeway.localhost';
const GARBAGE = 'garbage.causeway.localhost';
const LONELY = 'lonely.causeway.localhost';
const PAGE = { accept: 'text/html', 'sec-fetch-mode': 'navigate' };

function appOf(name: string, host: string, publisher = 'hq', port = 80): Configuration['apps'][number] {
  return {
    name,
    hosts: [host],
    ports: [`tcp/${port}`],
    publishers: [publisher],
    clientless: { urls: [`${name}.causeway.localhost`], upstream: { host, port } },
  };
}

const CONFIGURATION: Configuration = {
  apps: [
    appOf('intranet', 'intranet.corp.example'),
    appOf('secret', 'secret.corp.example'),
    appOf('payroll', 'payroll.corp.example'),
    appOf('garbage', 'garbage.corp.example', 'hq', 81),
    appOf('lonely', 'lonely.corp.example', 'nowhere'),
  ],
  rules: [
    { name: 'no-secrets', users: ['bob'], apps: ['secret'], action: 'block', notice: 'Ask the security team.' },
    { name: 'staff', users: ['alice', 'bob'], apps: ['intranet', 'garbage', 'lonely'], action: 'allow' },
  ],
};

let ca: FakeCa;
let control: FakeControl;
let edge: EdgeProcess;
let origin: FakeOrigin;
let publisher: FakePeer;

async function dialPublisher(): Promise<FakePeer> {
  const identity = await ca.publisher('p1');
  const peer = await FakePeer.dial({
    port: edge.port,
    ca,
    identity,
    onOpen: (request) => toPort(() => (request.header.app === 'garbage' ? origin.garbagePort : origin.port))(request),
  });
  await peer.hello();
  await peer.wait('assign');
  return peer;
}

async function person(user: string, host: string, session?: string): Promise<string> {
  const { grant, cookie } = signedIn(user, host, session === undefined ? {} : { session });
  await control.grant(grant);
  return cookie;
}

beforeAll(async () => {
  ca = await FakeCa.create();
  control = new FakeControl(snapshotOf(1, CONFIGURATION), await secretsOf(ca));
  control.answers['tunnel.peer'] = ({ id }) => ({ kind: 'publisher', id, name: 'hq', apps: [] });
  await control.listen();
  origin = await FakeOrigin.listen();
  edge = await EdgeProcess.start(control);
  await edge.wait('ready');
  publisher = await dialPublisher();
});

afterAll(async () => {
  publisher.tunnel.destroy();
  await edge.stop();
  await origin.close();
  await control.close();
});

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
    expect(page.body.toString()).toContain('Ask the security team.');
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
    publisher.tunnel.destroy();
    expect(await error).toMatchObject({ code: 'ECONNRESET' });
    await vi.waitFor(async () => {
      expect((await edge.fetch(INTRANET, '/', { headers: { ...PAGE, cookie } })).status).toBe(502);
    });
    publisher = await dialPublisher();
    expect((await edge.fetch(INTRANET, '/', { headers: { ...PAGE, cookie } })).status).toBe(200);
  });
});

describe('raw bytes', () => {
  const head = `Host: ${INTRANET}\r\n`;
  const CASES: [string, string, number][] = [
    [
      'length and coding',
      `POST / HTTP/1.1\r\n${head}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      400,
    ],
    ['two lengths', `POST / HTTP/1.1\r\n${head}Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd`, 400],
    ['a length +1', `POST / HTTP/1.1\r\n${head}Content-Length: +1\r\n\r\na`, 400],
    ['coding xchunked', `POST / HTTP/1.1\r\n${head}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`, 400],
    ['coding gzip, chunked', `POST / HTTP/1.1\r\n${head}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`, 501],
    ['coding in HTTP/1.0', `POST / HTTP/1.0\r\n${head}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, 400],
    ['space before the colon', `GET / HTTP/1.1\r\n${head}X-A : b\r\n\r\n`, 400],
    ['obs-fold', `GET / HTTP/1.1\r\n${head}X-A: b\r\n c\r\n\r\n`, 400],
    ['NUL in a value', `GET / HTTP/1.1\r\n${head}X-A: b\0c\r\n\r\n`, 400],
    ['no Host', 'GET / HTTP/1.1\r\n\r\n', 400],
    ['two Hosts', `GET / HTTP/1.1\r\n${head}${head}\r\n`, 400],
    ['a foreign Host', 'GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n', 421],
    ['another app’s Host', `GET / HTTP/1.1\r\nHost: ${SECRET}\r\n\r\n`, 421],
    ['absolute form of another host', `GET https://${SECRET}/ HTTP/1.1\r\n${head}\r\n`, 400],
    ['TRACE', `TRACE / HTTP/1.1\r\n${head}\r\n`, 405],
    ['CONNECT', `CONNECT ${INTRANET}:443 HTTP/1.1\r\n${head}\r\n`, 405],
    ['dot segments', `GET /a/../admin HTTP/1.1\r\n${head}\r\n`, 400],
    ['escaped dot segments', `GET /%2e%2e/admin HTTP/1.1\r\n${head}\r\n`, 400],
    ['a dot segment with a parameter', `GET /a/..;/admin HTTP/1.1\r\n${head}\r\n`, 400],
    ['an escaped NUL', `GET /a%00 HTTP/1.1\r\n${head}\r\n`, 400],
    ['a backslash', `GET /a\\b HTTP/1.1\r\n${head}\r\n`, 400],
    ['a fragment', `GET /a#b HTTP/1.1\r\n${head}\r\n`, 400],
    ['3,000 headers', `GET / HTTP/1.1\r\n${head}${'a: b\r\n'.repeat(3_000)}\r\n`, 431],
    ['a head of 64 KiB', `GET / HTTP/1.1\r\n${head}x: ${'y'.repeat(66_000)}\r\n\r\n`, 431],
    ['a name of 8 KiB', `GET / HTTP/1.1\r\n${head}${'x'.repeat(8_192)}: y\r\n\r\n`, 431],
    ['cookies tossed', `GET / HTTP/1.1\r\n${head}Cookie: __Host-cw=a; __Host-cw=b\r\n\r\n`, 400],
  ];

  test.each(CASES)('%s', async (_name, text, status) => {
    const before = origin.requests.length;
    const answer = await edge.raw(INTRANET, text);
    expect(answer.split('\r\n')[0]).toContain(`HTTP/1.1 ${status} `);
    expect(answer).not.toContain('evil.example');
    expect(origin.requests).toHaveLength(before);
  });

  test('a chunked DELETE does not smuggle its body as another request', async () => {
    const cookie = await person('alice', INTRANET);
    const before = origin.requests.length;
    const inner = 'GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n';
    const text =
      `DELETE /item HTTP/1.1\r\n${head}Cookie: ${cookie}\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n` +
      `${inner.length.toString(16)}\r\n${inner}\r\n0\r\n\r\n`;
    expect(await edge.raw(INTRANET, text)).toContain('deleted');
    expect(origin.requests.slice(before).map((request) => request.url)).toEqual(['/item']);
  });

  test('an h2c upgrade is an ordinary request', async () => {
    const cookie = await person('alice', INTRANET);
    const answer = await edge.raw(
      INTRANET,
      `GET /h2c HTTP/1.1\r\n${head}Cookie: ${cookie}\r\nConnection: Upgrade, HTTP2-Settings, close\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n`,
    );
    expect(answer).toContain('HTTP/1.1 200 ');
    expect(origin.requests.at(-1)?.headers).not.toHaveProperty('upgrade');
    expect(origin.requests.at(-1)?.headers).not.toHaveProperty('http2-settings');
  });

  test('trailers are dropped', async () => {
    const cookie = await person('alice', INTRANET);
    await edge.raw(
      INTRANET,
      `POST /upload HTTP/1.1\r\n${head}Cookie: ${cookie}\r\nTransfer-Encoding: chunked\r\nTrailer: authorization\r\nConnection: close\r\n\r\n` +
        '1\r\na\r\n0\r\nAuthorization: root\r\n\r\n',
    );
    expect(origin.requests.at(-1)?.headers).not.toHaveProperty('authorization');
    expect(origin.requests.at(-1)?.headers).not.toHaveProperty('trailer');
  });

  test('what is not TLS gets a hint', async () => {
    const { default: net } = await import('node:net');
    const socket = net.connect(edge.port, '127.0.0.1');
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    let text = '';
    for await (const chunk of socket) text += String(chunk);
    expect(text).toContain('This port speaks TLS');
  });
});
