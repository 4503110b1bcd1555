import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  createServer as createHttpServer,
  request as httpRequest,
  Agent as HttpAgent,
  type IncomingMessage,
} from 'node:http';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer, text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { IdentityKeeper, stitchSocket, tunnelCounters, type OpenRequest } from '@causeway/tunnel';
import { FakePop, welcome } from '@causeway/tunnel/testing';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Agent } from '../agent.ts';
import { LocalProxy } from './listener.ts';
import { ownUserCheck } from './peer-user.ts';

const run = promisify(execFile);
const log = pino({ level: 'silent' });
/** Conditions come true in milliseconds; a loaded machine may take seconds. */
const PATIENCE = { timeout: 15_000, interval: 20 };
let pop: FakePop;
let agent: Agent;
let proxy: LocalProxy;
let web: ReturnType<typeof createHttpServer>;
let raw: Server;
let onRaw: (socket: Socket) => void;
let opens: OpenRequest['header'][];
let own: boolean;
const clients = new Set<Socket>();

const portOf = (server: Server): number => (server.address() as AddressInfo).port;

/** The PoP and publisher in one: web.corp.example is the HTTP origin, raw.corp.example the TCP one. */
function serve(request: OpenRequest): void {
  const { host = '', port } = request.header;
  opens.push(request.header);
  if (host === 'blocked.corp.example') return request.refuse('CW_POLICY_BLOCKED', 'Ask <IT> for access.');
  if (host === 'gone.corp.example') return request.refuse('CW_APP_UNKNOWN');
  if (host === 'down.corp.example') return request.refuse('CW_APP_REFUSED');
  const target = connect({
    host: '127.0.0.1',
    port: host === 'raw.corp.example' ? portOf(raw) : portOf(web),
    allowHalfOpen: true,
  });
  expect(port).toBe(80);
  target.once('connect', () => stitchSocket(request.accept(), target, () => undefined));
  target.on('error', () => undefined);
}

async function startAgent(): Promise<Agent> {
  const identity = await pop.identity('laptop', 'device');
  const started = new Agent({
    identify: async () =>
      new IdentityKeeper({ identity, file: join(tmpdir(), 'never-written'), transport: 'tls', log }),
    transport: 'tls',
    log,
    random: () => 0,
    offlineMs: 200,
  });
  await started.start();
  return started;
}

beforeEach(async () => {
  opens = [];
  own = true;
  onRaw = (socket) => socket.pipe(socket);
  web = createHttpServer({ keepAliveTimeout: 60_000 }, (request, response) => void answer(request, response));
  await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
  raw = createServer({ allowHalfOpen: true }, (socket) => {
    clients.add(socket);
    socket.on('error', () => undefined).on('close', () => clients.delete(socket));
    onRaw(socket);
  });
  await new Promise<void>((resolve) => raw.listen(0, '127.0.0.1', resolve));
  const targets = [{ host: '*.corp.example', ports: ['tcp/80'] }];
  pop = await FakePop.start({
    onHello: () => [welcome(), { t: 'steer', user: 'alice', apps: [{ name: 'corp', targets }] }],
    onOpen: serve,
  });
  agent = await startAgent();
  await vi.waitUntil(() => agent.status.state === 'up', PATIENCE);
  const check = ownUserCheck();
  proxy = await LocalProxy.listen({
    port: 0,
    flows: agent,
    steering: agent.steering,
    isOwnUser: (client, server) => (own ? check(client, server) : Promise.resolve(false)),
    log,
  });
});

afterEach(async () => {
  proxy.destroy();
  agent.destroy();
  for (const socket of clients) socket.destroy();
  web.closeAllConnections();
  web.close();
  raw.close();
  await pop.close();
  await vi.waitUntil(() => Object.values(tunnelCounters).every((open) => open === 0), PATIENCE);
});

async function answer(request: IncomingMessage, response: import('node:http').ServerResponse): Promise<void> {
  if (request.url === '/cut') {
    response.writeHead(200, { 'content-length': 1_000_000 });
    response.write(Buffer.alloc(1_000), () => response.destroy());
    return;
  }
  const body = await buffer(request).catch(() => null);
  if (body === null) return;
  if (request.url?.startsWith('/bytes/') === true) {
    response.end(Buffer.alloc(Number(request.url.slice(7)), 'x'));
    return;
  }
  response.setHeader('x-seen', JSON.stringify(request.rawHeaders));
  response.setHeader('set-cookie', ['a=1', 'b=2']);
  response.setHeader('connection', 'x-hop, keep-alive');
  response.setHeader('x-hop', '1');
  const sum = createHash('sha256').update(body).digest('hex');
  response.end(JSON.stringify({ method: request.method, url: request.url, port: request.socket.remotePort, sum }));
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** A request in absolute form, as a client of a proxy sends it. */
async function ask(
  url: string,
  options: { method?: string; body?: Buffer; headers?: Record<string, string>; agent?: HttpAgent } = {},
): Promise<Answer> {
  const outgoing = httpRequest({
    host: '127.0.0.1',
    port: proxy.port,
    path: url,
    method: options.method ?? 'GET',
    headers: { host: 'wrong.example', ...options.headers },
    ...(options.agent === undefined ? {} : { agent: options.agent }),
  });
  outgoing.end(options.body);
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
  return { status: response.statusCode ?? 0, headers: response.headers, body: await text(response) };
}

async function tunnelled(greeting: Buffer | string, answerBytes: number): Promise<{ socket: Socket; head: Buffer }> {
  const socket = connect({ host: '127.0.0.1', port: proxy.port, allowHalfOpen: true });
  clients.add(socket);
  socket.on('close', () => clients.delete(socket));
  socket.write(greeting);
  const head = await new Promise<Buffer>((resolve, reject) => {
    const onReadable = (): void => {
      const bytes = socket.read(answerBytes) as Buffer | null;
      if (bytes === null) return;
      socket.off('readable', onReadable);
      resolve(bytes);
    };
    socket.on('readable', onReadable).once('error', reject);
  });
  return { socket, head };
}

const OK = 'HTTP/1.1 200 Connection established\r\n\r\n';
const viaConnect = (host: string) => tunnelled(`CONNECT ${host}:80 HTTP/1.1\r\nHost: ${host}:80\r\n\r\n`, OK.length);

async function viaSocks(host: string): Promise<{ socket: Socket; head: Buffer }> {
  const request = Buffer.concat([Buffer.from([5, 1, 0, 3, host.length]), Buffer.from(host), Buffer.from([0, 80])]);
  return tunnelled(Buffer.concat([Buffer.from([5, 1, 0]), request]), 12);
}

describe('absolute form', () => {
  it('forwards to the private app, with the URL’s own host and without hop-by-hop headers', async () => {
    const headers = { 'proxy-authorization': 'Basic c2VjcmV0', 'x-drop': '1', connection: 'x-drop', cookie: 'k=v' };
    const answered = await ask('http://web.corp.example/deep?x=/..%2f', { headers });
    expect(answered.status).toBe(200);
    expect(JSON.parse(answered.body)).toMatchObject({ method: 'GET', url: '/deep?x=/..%2f' });
    const seen = String(answered.headers['x-seen']).toLowerCase();
    expect(seen).toContain('"web.corp.example"');
    expect(seen).toContain('k=v');
    for (const gone of ['wrong.example', 'proxy-authorization', 'x-drop']) expect(seen).not.toContain(gone);
    expect(answered.headers['x-hop']).toBeUndefined();
    expect(answered.headers['set-cookie']).toEqual(['a=1', 'b=2']);
    expect(opens).toEqual([expect.objectContaining({ kind: 'tcp', host: 'web.corp.example', port: 80 })]);
    expect(opens[0]?.flow).toMatch(/^f_/);
  });

  it('uses one stream again for one client connection, and another for another target', async () => {
    const kept = new HttpAgent({ keepAlive: true, maxSockets: 1 });
    const ports = new Set<number>();
    for (let i = 0; i < 5; i++) {
      const { body } = await ask('http://web.corp.example/', { agent: kept });
      ports.add((JSON.parse(body) as { port: number }).port);
    }
    expect(ports.size).toBe(1);
    expect(opens).toHaveLength(1);
    await ask('http://other.corp.example/', { agent: kept });
    expect(opens).toHaveLength(2);
    kept.destroy();
    await vi.waitUntil(() => agent.status.flows === 0, PATIENCE);
  });

  it.each([
    ['with a length', {}],
    ['chunked', { 'transfer-encoding': 'chunked' }],
  ])('streams bodies both ways, %s', async (_, headers) => {
    const body = randomBytes(5_000_000);
    const up = await ask('http://web.corp.example/', { method: 'POST', body, headers });
    expect(JSON.parse(up.body)).toMatchObject({ sum: createHash('sha256').update(body).digest('hex') });
    const down = await ask('http://web.corp.example/bytes/5000000');
    expect(down.body).toHaveLength(5_000_000);
  });

  it.each([
    ['http://www.example.org/', 404, 'CW_APP_UNKNOWN', 'private apps only'],
    ['http://gone.corp.example/', 404, 'CW_APP_UNKNOWN', 'private apps only'],
    ['http://blocked.corp.example/', 403, 'CW_POLICY_BLOCKED', 'Ask <IT> for access.'],
    ['http://down.corp.example/', 502, 'CW_APP_REFUSED', 'refused the connection'],
    ['https://web.corp.example/', 400, 'CW_PROXY_REQUEST', ''],
    ['/somewhere', 400, 'CW_PROXY_REQUEST', ''],
  ])('%s is answered %i %s', async (url, status, code, words) => {
    const answered = await ask(url, { method: 'POST', body: Buffer.alloc(100) });
    expect(answered.status).toBe(status);
    expect(answered.body).toContain(code);
    expect(answered.body).toContain(words);
  });

  it('shows people a page, with the notice as text', async () => {
    const { headers, body } = await ask('http://blocked.corp.example/', { headers: { accept: 'text/html,*/*' } });
    expect(headers['content-type']).toContain('text/html');
    expect(body).toContain('Ask &#60;IT&#62; for access.');
  });

  it('cuts the client where the app cuts in the middle', async () => {
    await expect(ask('http://web.corp.example/cut')).rejects.toThrow(/aborted|hang up|ECONNRESET/);
  });

  it('says so when the app does not speak HTTP', async () => {
    onRaw = (socket) => void socket.end('SSH-2.0-x\r\n');
    const answered = await ask('http://raw.corp.example/');
    expect(answered.status).toBe(502);
    expect(answered.body).toContain('CW_APP_GARBAGE');
  });
});

describe.each([
  ['CONNECT', viaConnect],
  ['SOCKS5', viaSocks],
])('%s', (kind, via) => {
  it('carries bytes, and FIN as FIN', async () => {
    const { socket } = await via('raw.corp.example');
    const sent = randomBytes(2_000_000);
    socket.end(sent);
    expect((await buffer(socket)).equals(sent)).toBe(true);
    await vi.waitUntil(() => agent.status.flows === 0, PATIENCE);
  });

  it('maps a reset of either side', async () => {
    onRaw = (socket) => void socket.once('data', () => socket.resetAndDestroy());
    const { socket } = await via('raw.corp.example');
    const failed = once(socket, 'error').catch((error: unknown) => [error]);
    socket.resume();
    socket.write('x');
    expect(await failed).toMatchObject([{ code: 'ECONNRESET' }]);

    const accepted = Promise.withResolvers<Socket>();
    onRaw = accepted.resolve;
    const second = await via('raw.corp.example');
    const origin = await accepted.promise;
    origin.resume();
    const reset = new Promise((resolve) => origin.once('error', resolve));
    second.socket.resetAndDestroy();
    expect(await reset).toMatchObject({ code: 'ECONNRESET' });
  });

  it('refuses what is no private app, and what a rule blocks', async () => {
    for (const [host, status, reply] of [
      ['www.example.org', 404, 4],
      ['blocked.corp.example', 403, 2],
      ['down.corp.example', 502, 5],
    ] as const) {
      const { socket, head } = await via(host);
      const told = kind === 'CONNECT' ? Number(head.toString().slice(9, 12)) : head[3];
      expect(told).toBe(kind === 'CONNECT' ? status : reply);
      socket.destroy();
    }
  });
});

describe('the port', () => {
  it('serves a PAC file under its own name only', async () => {
    const { status, headers, body } = await ask('/proxy.pac', { headers: { host: `127.0.0.1:${proxy.port}` } });
    expect(status).toBe(200);
    expect(headers['content-type']).toBe('application/x-ns-proxy-autoconfig');
    expect(body).toContain(`PROXY 127.0.0.1:${proxy.port}`);
    expect((await ask('/proxy.pac', { headers: { host: `rebound.example:${proxy.port}` } })).status).toBe(400);
  });

  it('refuses other users, in HTTP and in SOCKS', async () => {
    own = false;
    const answered = await ask('http://web.corp.example/');
    expect(answered.status).toBe(403);
    expect(answered.body).toContain('CW_PROXY_FOREIGN_USER');
    const { head, socket } = await tunnelled(Buffer.from([5, 1, 0]), 2);
    expect([...head]).toEqual([5, 0xff]);
    socket.destroy();
    expect(opens).toEqual([]);
  });

  it('answers what is no request, and a head that is too large', async () => {
    const { head, socket } = await tunnelled('nonsense\r\n\r\n', 12);
    expect(head.toString()).toBe('HTTP/1.1 400');
    socket.destroy();
    const large = await tunnelled(`GET http://web.corp.example/ HTTP/1.1\r\nx: ${'y'.repeat(70_000)}\r\n\r\n`, 12);
    expect(large.head.toString()).toBe('HTTP/1.1 431');
    large.socket.destroy();
  });

  it('waits for a tunnel that comes back, and refuses when none does', async () => {
    const [old] = pop.tunnels;
    old?.kill();
    const back = await ask('http://web.corp.example/');
    expect(back.status).toBe(200);
    pop.onHello = () => [];
    pop.tunnels[0]?.kill();
    await vi.waitUntil(() => agent.status.state !== 'up', PATIENCE);
    const offline = await ask('http://web.corp.example/');
    expect(offline.status).toBe(503);
    expect(offline.body).toContain('CW_AGENT_OFFLINE');
  });

  it('is closed when what is open has ended', async () => {
    const { socket } = await viaConnect('raw.corp.example');
    const idle = connect(proxy.port, '127.0.0.1');
    await once(idle, 'connect');
    idle.resume();
    await vi.waitUntil(() => proxy.connections === 2, PATIENCE);
    let closed = false;
    const closing = proxy.close().then(() => (closed = true));
    await once(idle, 'close');
    expect(closed).toBe(false);
    socket.end('bye');
    expect((await buffer(socket)).toString()).toBe('bye');
    await closing;
    expect(proxy.connections).toBe(0);
  });
});

const curl = await run('curl', ['--version']).then(
  () => true,
  () => false,
);

describe.runIf(curl)('curl', () => {
  it.each([
    ['--proxy', 'http'],
    ['--proxytunnel', 'http'],
    ['--proxy', 'socks5h'],
  ])('%s %s', async (flag, scheme) => {
    const through = flag === '--proxytunnel' ? ['--proxytunnel', '--proxy'] : ['--proxy'];
    const { stdout } = await run('curl', [
      '-sS',
      '--max-time',
      '10',
      ...through,
      `${scheme}://127.0.0.1:${proxy.port}`,
      '-d',
      'hello',
      'http://web.corp.example/from-curl',
    ]);
    expect(JSON.parse(stdout)).toMatchObject({ method: 'POST', url: '/from-curl' });
  });
});
