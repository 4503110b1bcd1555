import { fork, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import https from 'node:https';
import tls from 'node:tls';
import { join } from 'node:path';
import { inflateRawSync } from 'node:zlib';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { RpcChannel } from '../rpc/channel.ts';
import { sealIntent } from '../rpc/intent.ts';
import type { AdminCalls, ControlCalls, EdgeCalls, Revocation, SessionGrant } from '../rpc/messages.ts';
import type { SnapshotManifest } from '../rpc/snapshot.ts';
import type { ChildMessage } from '../rpc/supervision.ts';
import { ACS, APP_HOST, LOGIN_ORIGIN, makeControlFixture, SP, type ControlFixture } from './control-fixture.ts';
import { field, parts, signedResponse } from './identity/saml/test-idp.ts';

type Link = RpcChannel<EdgeCalls & AdminCalls, ControlCalls>;

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url));
const HOST = new URL(LOGIN_ORIGIN).host;

let fixture: ControlFixture;
let child: ChildProcess;
let front: net.Server;
let messages: ChildMessage[];

/** What an edge and the supervisor do with a browser's connection: read its first bytes, hand both over. */
function startFront(): Promise<net.Server> {
  const server = net.createServer((socket) => {
    socket.once('readable', () => {
      const head: Buffer | null = socket.read() as Buffer | null;
      if (head === null) return socket.destroy();
      child.send({ t: 'handover', head: head.toString('base64') }, socket, { keepOpen: false });
      return undefined;
    });
    socket.on('error', () => socket.destroy());
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

function startChild(configFile: string): ChildProcess {
  messages = [];
  const started = fork(MAIN, [JSON.stringify({ dataDir: fixture.dataDir, configFile, workers: 1 })], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    serialization: 'json',
    env: { ...process.env, CAUSEWAY_LOG: 'silent' },
  });
  started.on('message', (message) => messages.push(message as ChildMessage));
  return started;
}

const said = (t: ChildMessage['t']): ChildMessage | undefined => messages.find((message) => message.t === t);

const ready = (): Promise<void> =>
  vi.waitFor(() => expect(said('ready')).toBeDefined(), { timeout: 15_000, interval: 20 });

interface Answer {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly cookies: readonly string[];
  readonly body: string;
}

function request(
  path: string,
  options: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<Answer> {
  const { port } = front.address() as net.AddressInfo;
  const ca = readFileSync(join(fixture.dataDir, 'ca.pem'), 'utf8');
  return new Promise((resolve, reject) => {
    const sent = https.request(
      {
        host: '127.0.0.1',
        port,
        servername: 'login.causeway-id.localhost',
        ca,
        path,
        method: options.method ?? 'GET',
        headers: { host: HOST, ...options.headers },
        agent: false,
      },
      (response) => {
        let body = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
        response.on('end', () => {
          const { headers } = response;
          resolve({ status: response.statusCode ?? 0, headers, cookies: headers['set-cookie'] ?? [], body });
        });
      },
    );
    sent.on('error', reject);
    sent.end(options.body);
  });
}

const cookiePair = (answer: Answer, name: string): string =>
  answer.cookies.find((cookie) => cookie.startsWith(name))?.split(';')[0] ?? '';

async function connect(
  handlers: ConstructorParameters<typeof RpcChannel<EdgeCalls & AdminCalls, ControlCalls>>[1],
): Promise<Link> {
  const socket = net.connect(join(fixture.dataDir, 'run', 'control.sock'));
  await once(socket, 'connect');
  return new RpcChannel(socket, handlers, () => undefined);
}

/** From the answer of /start to the posted form, as the identity provider makes it. */
function answerFor(location: string, now = Date.now()): { body: string; requestId: string } {
  const url = new URL(location);
  const xml = inflateRawSync(Buffer.from(url.searchParams.get('SAMLRequest') ?? '', 'base64')).toString();
  const requestId = / ID="([^"]+)"/.exec(xml)?.[1] ?? '';
  const p = parts({ idp: fixture.idp, acsUrl: ACS, audience: SP, requestId, now });
  const form = new URLSearchParams({
    SAMLResponse: field(signedResponse(p, fixture.idp, 'both')),
    RelayState: url.searchParams.get('RelayState') ?? '',
  });
  return { body: form.toString(), requestId };
}

const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

beforeAll(async () => {
  fixture = await makeControlFixture();
  child = startChild(fixture.configFile);
  front = await startFront();
  await ready();
}, 30_000);

afterAll(async () => {
  front.close();
  if (child.exitCode === null) child.kill('SIGKILL');
  fixture.remove();
});

describe('the control process', () => {
  it('makes its socket for its own user alone, and writes the CA for others to read', () => {
    expect(statSync(join(fixture.dataDir, 'run', 'control.sock')).mode & 0o777).toBe(0o600);
    expect(statSync(fixture.dataDir).mode & 0o777).toBe(0o700);
    expect(readFileSync(join(fixture.dataDir, 'ca.pem'), 'utf8')).toContain('BEGIN CERTIFICATE');
  });

  it('says hello to an edge with everything that it needs', async () => {
    const link = await connect({});
    const hello = await link.call('edge.hello', { worker: 0, pid: 1 });
    const { hash = '' } = hello.snapshot.objects.apps[0] ?? {};
    const piece = await link.call('snapshot.piece', { hash, from: 0 });
    expect(Buffer.from(piece?.bytes ?? []).toString()).toMatch(/"name":"intranet".*"name":"payroll"/);
    expect(hello.snapshot.loginOrigin).toBe(LOGIN_ORIGIN);
    expect(Buffer.from(hello.secrets.intentKey, 'base64')).toHaveLength(32);
    expect(Buffer.from(hello.secrets.ticketKeys, 'base64')).toHaveLength(48);
    expect(hello.secrets.tunnel.cert.match(/BEGIN CERTIFICATE/g)).toHaveLength(2);
    expect(hello.sessions).toEqual([]);
    link.destroy();
  });

  it('logs a browser in over a handed-over TLS socket, and the edge redeems the ticket', async () => {
    const puts: SessionGrant[] = [];
    const revoked: Revocation[] = [];
    const link = await connect({
      'session.put': (grant) => {
        puts.push(grant);
        return null;
      },
      'feed.beat': () => null,
      revoke: (revocation) => {
        revoked.push(revocation);
        return { epoch: revocation.epoch, cut: 3 };
      },
    });
    const { secrets } = await link.call('edge.hello', { worker: 0, pid: 1 });
    const nonceHash = createHash('sha256').update('nonce').digest('base64url');
    const intent = sealIntent(Buffer.from(secrets.intentKey, 'base64'), {
      host: APP_HOST,
      path: '/deep?x=1',
      nonceHash,
      at: Date.now(),
    });

    const started = await request(`/start?i=${intent}`);
    expect(started.status).toBe(302);
    const pre = cookiePair(started, '__Host-cw-pre-');
    expect(started.cookies[0]).toMatch(/; Secure; HttpOnly; SameSite=None$/);
    const { body } = answerFor(String(started.headers['location']));

    expect((await request('/saml/acs', { method: 'POST', headers: FORM, body })).status).toBe(403);
    const posted = await request('/saml/acs', { method: 'POST', headers: { ...FORM, cookie: pre }, body });
    expect(posted.status).toBe(303);
    const location = new URL(String(posted.headers['location']));
    expect(location.origin).toBe(`https://${APP_HOST}:8443`);
    expect(location.pathname).toBe('/.causeway/ticket');
    const login = cookiePair(posted, '__Host-cw-login');
    expect(posted.cookies.join('\n')).toMatch(
      /__Host-cw-login=[\w-]{43}; Path=\/; Expires=[^;]+; Secure; HttpOnly; SameSite=Lax/,
    );

    const ticket = location.searchParams.get('t') ?? '';
    const redeemed = await link.call('ticket.redeem', { ticket, nonceHash, host: APP_HOST });
    expect(redeemed.returnTo).toBe('/deep?x=1');
    expect(puts.map((put) => put.principal.user)).toEqual(['ada@corp.example']);
    expect(puts[0]?.tokenHash).toBe(createHash('sha256').update(redeemed.token).digest('base64url'));
    await expect(link.call('ticket.redeem', { ticket, nonceHash, host: APP_HOST })).rejects.toMatchObject({
      code: 'CW_TICKET_INVALID',
    });

    const apps = await request('/api/apps', { headers: { cookie: login } });
    expect(JSON.parse(apps.body)).toEqual({
      apps: [
        {
          name: 'intranet',
          description: 'The intranet',
          url: `https://${APP_HOST}:8443/`,
          hosts: ['intranet.corp.example'],
        },
      ],
    });
    const again = await request(`/start?i=${intent}`, { headers: { cookie: login } });
    expect(String(again.headers['location'])).toContain('/.causeway/ticket?t=');

    const out = await request('/api/sign-out', { method: 'POST', headers: { cookie: login, origin: LOGIN_ORIGIN } });
    expect(out.status).toBe(204);
    expect(revoked.map((revocation) => revocation.sessions)).toEqual([[puts[0]?.principal.session]]);
    expect((await request('/api/me', { headers: { cookie: login } })).status).toBe(401);
    link.destroy();
  });

  it('publishes a changed file, and refuses one that is wrong', async () => {
    const snapshots: SnapshotManifest[] = [];
    const link = await connect({
      'snapshot.put': (snapshot) => {
        snapshots.push(snapshot);
        return { number: snapshot.number };
      },
      'feed.beat': () => null,
    });
    const { snapshot } = await link.call('edge.hello', { worker: 0, pid: 1 });
    fixture.writeConfig('  - name: all\n    users: [root]\n    action: allow\n');
    await vi.waitFor(() => expect(snapshots).toHaveLength(1), { timeout: 10_000, interval: 20 });
    expect(snapshots[0]?.number).toBeGreaterThan(snapshot.number);
    expect(snapshots[0]?.rules).toBe(3);

    fixture.writeConfig('  - name: all\n    action: perhaps\n');
    await expect(link.call('admin.reload', null)).rejects.toMatchObject({
      code: 'CW_SNAPSHOT_REFUSED',
      message: expect.stringMatching(/causeway\.yaml:\d+:\d+ rules\[2\]/) as string,
    });
    const status = await link.call('admin.status', null);
    expect(status.snapshot).toBe(snapshots[0]?.number);
    expect(status.degraded.join('\n')).toContain('CW_SNAPSHOT_REFUSED');
    fixture.writeConfig();
    await link.call('admin.reload', null);
    link.destroy();
  });

  it('refuses a configuration whole whose certificate is wrong: no new number, the old certificates stay', async () => {
    const pushed: string[] = [];
    const link = await connect({
      'snapshot.put': ({ number }) => {
        pushed.push('snapshot');
        return { number };
      },
      'secrets.put': () => {
        pushed.push('secrets');
        return null;
      },
      'feed.beat': () => null,
    });
    const { snapshot } = await link.call('edge.hello', { worker: 0, pid: 1 });
    writeFileSync(join(fixture.dir, 'wrong.pem'), readFileSync(join(fixture.dataDir, 'ca.pem')));
    writeFileSync(join(fixture.dir, 'wrong.key'), 'no key');
    fixture.writeConfig('certificates: { access: { cert: wrong.pem, key: wrong.key } }\n');
    await expect(link.call('admin.reload', null)).rejects.toMatchObject({
      code: 'CW_SNAPSHOT_REFUSED',
      message: expect.stringContaining('certificates.access') as string,
    });
    const status = await link.call('admin.status', null);
    expect(status.snapshot).toBe(snapshot.number);
    expect(status.degraded.join('\n')).toMatch(/CW_SNAPSHOT_REFUSED.*certificates\.access/);
    fixture.writeConfig();
    expect(await link.call('admin.reload', null)).toEqual({ number: snapshot.number });
    expect(pushed.filter((what) => what === 'secrets')).toEqual([]);
    expect((await link.call('admin.status', null)).degraded.join('\n')).not.toContain('CW_SNAPSHOT_REFUSED');
    link.destroy();
  });

  it('gives a break-glass owner, whose token works over the socket and from loopback', async () => {
    const link = await connect({});
    const { token } = await link.call('admin.owner', null);
    const headers = { authorization: `Bearer ${token}` };
    const api = { method: 'GET', path: '/api/v1/me', headers, body: null };
    expect(await link.call('admin.api', api)).toMatchObject({ status: 200 });
    const answer = await request('/api/v1/apps', { headers: { ...headers, host: HOST.replace('login', 'admin') } });
    const { items } = JSON.parse(answer.body) as { items: { name: string; managedBy: string }[] };
    expect(items).toMatchObject([
      { name: 'intranet', managedBy: 'file' },
      { name: 'payroll', managedBy: 'file' },
    ]);
    link.destroy();
  });

  it('answers the command line: explain, token, status', async () => {
    const link = await connect({});
    const groups = ['staff', 'engineering'];
    const explained = await link.call('admin.explain', {
      user: 'eve',
      groups,
      method: 'browser',
      target: `https://${APP_HOST}:8443/x`,
      at: 0,
    });
    expect(explained).toMatchObject({ app: 'intranet', verdict: { action: 'allow', rule: 'staff' } });
    expect(explained.steps.map((step) => [step.rule, step.matched])).toEqual([
      ['payroll-blocked', false],
      ['staff', true],
    ]);
    const blocked = { user: 'eve', groups, method: 'agent', target: 'payroll.corp.example:443', at: 0 } as const;
    expect((await link.call('admin.explain', blocked)).verdict).toMatchObject({
      action: 'block',
      rule: 'payroll-blocked',
      notify: 'Ask the payroll team.',
    });
    expect((await link.call('admin.explain', { ...blocked, target: 'nowhere.example:443' })).app).toBeNull();
    expect((await link.call('admin.token', { publisher: 'corp' })).token).toMatch(/^cwjoin1\./);
    expect(explained).toMatchObject({
      destination: expect.stringMatching(/:\d+$/),
      asked: { from: null, at: 0, timeZone: 'UTC' },
    });
    await expect(link.call('admin.token', { publisher: 'other' })).rejects.toMatchObject({
      code: 'CW_REQUEST_INVALID',
    });
    const status = await link.call('admin.status', null);
    expect(status.publishers).toEqual([{ name: 'corp', id: '', enrolled: false, revoked: false, connectedWorkers: 0 }]);
    expect(status.degraded.join()).toContain('without a tunnel: corp');
    link.destroy();
  });

  it('speaks HTTP/1.1 over TLS 1.2 or later only', async () => {
    const { port } = front.address() as net.AddressInfo;
    const ca = readFileSync(join(fixture.dataDir, 'ca.pem'), 'utf8');
    const old = tls.connect({
      port,
      host: '127.0.0.1',
      ca,
      servername: 'login.causeway-id.localhost',
      maxVersion: 'TLSv1.1',
      minVersion: 'TLSv1',
    });
    await expect(once(old, 'secureConnect')).rejects.toBeDefined();
    const modern = tls.connect({
      port,
      host: '127.0.0.1',
      ca,
      servername: 'login.causeway-id.localhost',
      ALPNProtocols: ['h2', 'http/1.1'],
    });
    await once(modern, 'secureConnect');
    expect(modern.alpnProtocol).toBe('http/1.1');
    modern.destroy();
  });

  it('answers for metrics and says what is degraded', async () => {
    child.send({ t: 'metrics', id: 7 });
    await vi.waitFor(() => expect(said('metrics')).toBeDefined(), { interval: 20 });
    const text = JSON.stringify(said('metrics'));
    expect(text).toContain('causeway_control_logins_total');
    expect(said('health')).toMatchObject({ ready: true });
  });

  it('keeps its sessions across a restart, and its CA', async () => {
    const started = await request('/start');
    const pre = cookiePair(started, '__Host-cw-pre-');
    const { body } = answerFor(String(started.headers['location']));
    const posted = await request('/saml/acs', { method: 'POST', headers: { ...FORM, cookie: pre }, body });
    expect(posted.headers['location']).toBe('/');
    const cookie = cookiePair(posted, '__Host-cw-login');
    const ca = readFileSync(join(fixture.dataDir, 'ca.pem'), 'utf8');

    const exited = once(child, 'exit');
    child.send({ t: 'stop', deadlineMs: 1_000 });
    expect((await exited)[0]).toBe(0);
    expect(existsSync(join(fixture.dataDir, 'run', 'control.sock'))).toBe(false);

    child = startChild(fixture.configFile);
    await ready();
    const me = await request('/api/me', { headers: { cookie } });
    expect(JSON.parse(me.body)).toMatchObject({ user: 'ada@corp.example', displayName: 'Ada Lovelace' });
    expect(readFileSync(join(fixture.dataDir, 'ca.pem'), 'utf8')).toBe(ca);
  });

  it('says what is wrong with its configuration and ends', async () => {
    const exited = once(child, 'exit');
    child.disconnect();
    expect((await exited)[0]).toBe(0);
    child = startChild(join(fixture.dir, 'missing.yaml'));
    expect((await once(child, 'exit'))[0]).toBe(1);
    expect(said('fatal')).toMatchObject({ code: 'CW_CONFIG_MISSING' });
  });
});
