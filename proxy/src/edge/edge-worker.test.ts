import net from 'node:net';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { IncomingMessage } from 'node:http';
import { CausewayError } from '@causeway/contract';
import { FakeCa, type Issued } from './fakes/ca.ts';
import { FakeControl } from './fakes/control.ts';
import { EdgeProcess, signedIn } from './fakes/edge-process.ts';
import { FakeOrigin } from './fakes/origin.ts';
import { FakePeer, toPort } from './fakes/publisher.ts';
import { secretsOf, snapshotOf, TUNNEL_DOMAIN } from './fakes/snapshot.ts';

const HOST = 'intranet.causeway.localhost';
const CONFIGURATION = {
  apps: [
    {
      name: 'intranet',
      hosts: ['intranet.corp.example'],
      ports: ['tcp/80'],
      publishers: ['hq'],
      clientless: { urls: [HOST], upstream: { host: 'intranet.corp.example', port: 80 } },
    },
  ],
  rules: [
    { name: 'staff', users: ['alice'], action: 'allow' as const },
    { name: 'group', groups: ['staff'], action: 'allow' as const },
  ],
};

let ca: FakeCa;
let control: FakeControl;
let edges: EdgeProcess[] = [];

beforeEach(async () => {
  ca = await FakeCa.create();
  control = new FakeControl(snapshotOf(1, CONFIGURATION), await secretsOf(ca));
  control.answers['tunnel.peer'] = ({ id }) => ({ kind: 'publisher', id, name: 'hq', apps: [] });
  await control.listen();
});

afterEach(async () => {
  for (const edge of edges) await edge.stop();
  edges = [];
  await control.close();
});

async function startEdge(options: Parameters<typeof EdgeProcess.start>[1] = {}): Promise<EdgeProcess> {
  const edge = await EdgeProcess.start(control, options);
  edges.push(edge);
  return edge;
}

test('a port in use is fatal and named', async () => {
  const other = net.createServer();
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  const { port } = other.address() as net.AddressInfo;
  const edge = await startEdge({ port });
  const fatal = await edge.wait('fatal');
  expect(fatal?.code).toBe('CW_PORT_IN_USE');
  expect(fatal?.message).toContain(String(port));
  expect(await edge.exited).toBe(1);
  await new Promise((resolve) => other.close(resolve));
});

test('login hosts are handed over with the bytes that were read', async () => {
  const edge = await startEdge();
  await edge.wait('ready');
  const client = edge.connect('login.causeway-id.localhost');
  client.catch(() => undefined);
  const { to, head } = (await edge.wait('handover')) ?? {};
  expect(to).toBe('control');
  expect(Buffer.from(head ?? '', 'base64')[0]).toBe(22);
  await vi.waitFor(() => expect(edge.handovers[0]?.socket).toBeInstanceOf(net.Socket));
  edge.handovers[0]?.socket.destroy();
  await expect(client).rejects.toThrow(/disconnected|ECONNRESET|closed/);
});

test('a tunnel for a sibling reaches it, and is served there', async () => {
  const first = await startEdge({ worker: 0, workers: 2 });
  await first.wait('ready');
  const second = await startEdge({ worker: 1, workers: 2, port: first.port });
  await second.wait('ready');
  // what the supervisor does
  let passed = 0;
  const relay = setInterval(() => {
    for (const [from, to] of [
      [first, second],
      [second, first],
    ] as const) {
      for (const { message, socket } of from.handovers.splice(0)) {
        passed++;
        to.send({ t: 'handover', head: message.head }, socket);
      }
    }
  }, 5);
  try {
    const identity = await ca.publisher('p1');
    // the kernel chooses who accepts: until one came to the wrong one
    await vi.waitFor(
      async () => {
        const peer = await FakePeer.dial({ port: first.port, ca, identity, serverName: `w1.${TUNNEL_DOMAIN}` });
        await peer.hello();
        const welcome = await peer.wait('welcome');
        peer.tunnel.destroy();
        expect(welcome?.worker).toBe(1);
        expect(passed).toBeGreaterThan(0);
      },
      { timeout: 10_000, interval: 1 },
    );
  } finally {
    clearInterval(relay);
  }
});

test('a browser resumes its TLS session at another worker', async () => {
  const [first, second] = [await startEdge(), await startEdge()];
  await first.wait('ready');
  await second.wait('ready');
  const socket = await first.connect(HOST);
  const session = await new Promise<Buffer>((resolve) => socket.once('session', resolve));
  socket.destroy();
  const resumed = await second.connect(HOST, ['http/1.1'], session);
  expect(resumed.isSessionReused()).toBe(true);
  resumed.destroy();
});

test('control may vanish and come back: established access goes on, what ended meanwhile is cut', async () => {
  const edge = await startEdge();
  await edge.wait('ready');
  const origin = await FakeOrigin.listen();
  const publisher = await FakePeer.dial({
    port: edge.port,
    ca,
    identity: await ca.publisher('p1'),
    onOpen: toPort(() => origin.port),
  });
  await publisher.hello();
  await publisher.wait('assign');
  const kept = signedIn('alice', HOST, { session: 's_kept' });
  const ended = signedIn('alice', HOST, { session: 's_ended' });
  await control.grant(kept.grant);
  await control.grant(ended.grant);
  const request = edge.request(HOST, '/endless', { headers: { cookie: ended.cookie } });
  const answer = await new Promise<IncomingMessage>((resolve) => request.once('response', resolve).end());
  const closed = new Promise((resolve) => answer.on('error', () => undefined).once('close', resolve));
  answer.resume();

  await control.vanish();
  expect((await edge.fetch(HOST, '/away', { headers: { cookie: kept.cookie } })).status).toBe(302);
  const unknown = signedIn('alice', HOST).cookie;
  expect((await edge.fetch(HOST, '/', { headers: { cookie: unknown } })).status).toBe(503);

  control.grants.delete(ended.grant.tokenHash);
  control.epoch++;
  await control.listen();
  await closed;
  expect((await edge.fetch(HOST, '/', { headers: { cookie: kept.cookie } })).status).toBe(200);
  await vi.waitFor(() => expect(control.events.some((event) => event.path === '/away')).toBe(true));
  publisher.tunnel.destroy();
  await origin.close();
});

test('what was revoked, and whose groups changed, while control was away is found out when it is back', async () => {
  const edge = await startEdge();
  await edge.wait('ready');
  let groups: string[] = [];
  control.answers['tunnel.peer'] = ({ id }) => {
    if (id === 'd2' && groups.length > 0) throw new CausewayError('CW_CERT_REVOKED');
    if (id === 'p1') return { kind: 'publisher', id, name: 'hq', apps: [] };
    const principal = { user: 'bob', displayName: 'bob', groups, method: 'agent' as const, authenticatedAt: 1 };
    return { kind: 'device', id, name: id, principal: { ...principal, session: `device:${id}` } };
  };
  const dial = async (identity: Issued, role: 'publisher' | 'agent'): Promise<FakePeer> => {
    const peer = await FakePeer.dial({ port: edge.port, ca, identity });
    await peer.hello(role);
    await peer.wait(role === 'agent' ? 'steer' : 'assign');
    return peer;
  };
  const publisher = await dial(await ca.publisher('p1'), 'publisher');
  const changed = await dial(await ca.device('d1'), 'agent');
  const revoked = await dial(await ca.device('d2'), 'agent');

  await control.vanish();
  groups = ['staff'];
  await control.listen();
  await vi.waitFor(() => expect(revoked.tunnel.closed).toBe(true));
  const steered = (): (string[] | null)[] =>
    changed.heard.map((message) => (message.t === 'steer' ? message.apps.map((app) => app.name) : null));
  await vi.waitFor(() => expect(steered().at(-1)).toEqual(['intranet']));
  expect(steered()).toContainEqual([]);
  expect(publisher.tunnel.closed).toBe(false);
  for (const peer of [publisher, changed]) peer.tunnel.destroy();
});

test('stop lets what is open end, and nothing new in', async () => {
  const edge = await startEdge();
  await edge.wait('ready');
  const origin = await FakeOrigin.listen();
  const publisher = await FakePeer.dial({
    port: edge.port,
    ca,
    identity: await ca.publisher('p1'),
    onOpen: toPort(() => origin.port),
  });
  await publisher.hello();
  await publisher.wait('assign');
  const { grant, cookie } = signedIn('alice', HOST);
  await control.grant(grant);
  const request = edge.request(HOST, '/upload', { method: 'POST', headers: { cookie, 'content-length': '10' } });
  const answered = new Promise<IncomingMessage>((resolve) => request.once('response', resolve));
  request.write('12345');
  await vi.waitFor(() => expect(origin.requests).toHaveLength(1));
  edge.send({ t: 'stop', deadlineMs: 5_000 });
  expect(await publisher.wait('drain')).not.toBeNull();
  await expect(edge.connect(HOST)).rejects.toThrow('ECONNREFUSED');
  request.end('67890');
  const answer = await answered;
  expect(answer.statusCode).toBe(200);
  answer.resume();
  expect(await edge.exited).toBe(0);
  expect(control.events.some((event) => event.path === '/upload')).toBe(true);
  await origin.close();
});

test('metrics and health are told, and a worker without its supervisor ends', async () => {
  const edge = await startEdge();
  await edge.wait('ready');
  expect(await edge.wait('health')).toMatchObject({ ready: true });
  await edge.fetch(HOST, '/');
  edge.send({ t: 'metrics', id: 7 });
  const metrics = await edge.wait('metrics');
  expect(metrics?.id).toBe(7);
  expect(JSON.stringify(metrics?.metrics)).toContain('causeway_requests_total');
  edge.disconnect();
  expect(await edge.exited).toBe(0);
});
