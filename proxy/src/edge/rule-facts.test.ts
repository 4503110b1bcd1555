import type { IncomingMessage } from 'node:http';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Duplex } from 'node:stream';
import { streamDuplex } from '@causeway/tunnel';
import { FakeCa } from './fakes/ca.ts';
import { FakeControl } from './fakes/control.ts';
import { EdgeProcess, signedIn } from './fakes/edge-process.ts';
import { FakeOrigin } from './fakes/origin.ts';
import { FakePeer, toPort } from './fakes/publisher.ts';
import { secretsOf, snapshotOf, type Configuration } from './fakes/snapshot.ts';

const HOST = 'intranet.causeway.localhost';
const MINUTE = 60_000;
/** Access ends for what is open, too, within this. */
const CUT_MS = 1_000;

type Rules = Configuration['rules'];
const APP = {
  name: 'intranet',
  hosts: ['intranet.corp.example', '*.db.corp.example'],
  ports: ['tcp/80'],
  publishers: ['hq'],
  clientless: { urls: [HOST], upstream: { host: 'intranet.corp.example', port: 80 } },
};
const configuration = (rules: Rules): Configuration => ({ apps: [APP], rules });
const timeOfDay = (at: number): string => new Date(at).toISOString().slice(11, 16);

let ca: FakeCa;
let control: FakeControl;
let origin: FakeOrigin;
let edges: EdgeProcess[] = [];
let peers: FakePeer[] = [];

beforeEach(async () => {
  ca = await FakeCa.create();
  origin = await FakeOrigin.listen();
});

afterEach(async () => {
  for (const peer of peers) peer.tunnel.destroy();
  for (const edge of edges) await edge.stop();
  [edges, peers] = [[], []];
  await control.close();
  await origin.close();
});

/** Two workers with a publisher each. */
async function twoWorkers(rules: Rules): Promise<[EdgeProcess, EdgeProcess]> {
  control = new FakeControl(snapshotOf(1, configuration(rules)), await secretsOf(ca));
  control.answers['tunnel.peer'] = ({ id }) => {
    if (id === 'p1') return { kind: 'publisher', id, name: 'hq', apps: [] };
    const who = { user: 'alice', displayName: 'alice', groups: [], method: 'agent' as const, authenticatedAt: 1 };
    return { kind: 'device', id, name: id, principal: { ...who, session: `device:${id}` } };
  };
  await control.listen();
  const started = [await EdgeProcess.start(control), await EdgeProcess.start(control)] as const;
  edges = [...started];
  for (const edge of started) {
    await edge.wait('ready');
    const identity = await ca.publisher('p1');
    const publisher = await FakePeer.dial({ port: edge.port, ca, identity, onOpen: toPort(() => origin.port) });
    peers.push(publisher);
    await publisher.hello();
    await publisher.wait('assign');
  }
  return [...started];
}

async function agentAt(edge: EdgeProcess): Promise<FakePeer> {
  const agent = await FakePeer.dial({ port: edge.port, ca, identity: await ca.device('d1') });
  peers.push(agent);
  await agent.hello('agent');
  await agent.wait('steer');
  return agent;
}

const steered = (agent: FakePeer): string[] =>
  agent.heard
    .flatMap((message) => (message.t === 'steer' ? [message] : []))
    .at(-1)
    ?.apps.flatMap((app) => app.targets.map(({ host }) => host)) ?? [];

const openTo = async (agent: FakePeer, host: string): Promise<Duplex> =>
  streamDuplex(await agent.tunnel.open({ v: 1, kind: 'tcp', host, port: 80 }));

/** A download without an end, and a flow of a device to the same app, both flowing. */
async function openStreams(browserAt: EdgeProcess, cookie: string, agent: FakePeer): Promise<Promise<unknown>[]> {
  const request = browserAt.request(HOST, '/endless', { headers: { cookie } });
  const answer = await new Promise<IncomingMessage>((resolve) => request.once('response', resolve).end());
  expect(answer.statusCode).toBe(200);
  const flow = await openTo(agent, 'intranet.corp.example');
  flow.write('GET /endless HTTP/1.1\r\nhost: intranet\r\n\r\n');
  await new Promise((resolve) => flow.once('data', resolve));
  return [answer, flow].map((stream) => {
    const closed = new Promise((resolve) => stream.on('error', () => undefined).once('close', resolve));
    stream.resume();
    return closed;
  });
}

test('another time zone is in force at once, though the objects and so the number stay', async () => {
  const now = Date.now();
  const times = [{ from: timeOfDay(now - 5 * MINUTE), to: timeOfDay(now + 10 * MINUTE) }];
  const [edge] = await twoWorkers([{ name: 'for-now', users: ['alice'], times, action: 'allow' }]);
  const { grant, cookie } = signedIn('alice', HOST);
  await control.grant(grant);
  const status = async (): Promise<number> => (await edge.fetch(HOST, '/', { headers: { cookie } })).status;
  expect(await status()).toBe(200);
  const same = control.snapshot;
  await control.publish({ ...same, manifest: { ...same.manifest, timeZone: 'Asia/Kolkata' } });
  expect(await status()).toBe(404);
});

test('a time that ends cuts what it allowed at every worker, and devices steer anew', async () => {
  const now = Date.now();
  const times = [{ from: timeOfDay(now - 2 * MINUTE), to: timeOfDay(now + 10 * MINUTE) }];
  const [first, second] = await twoWorkers([{ name: 'for-now', users: ['alice'], times, action: 'allow' }]);
  const { grant, cookie } = signedIn('alice', HOST);
  await control.grant(grant);
  const agent = await agentAt(second);
  expect(steered(agent)).toEqual(APP.hosts);
  const closed = await openStreams(first, cookie, agent);

  const from = performance.now();
  for (const edge of edges) edge.moveClock(11 * MINUTE);
  await Promise.all(closed);
  expect(performance.now() - from).toBeLessThan(CUT_MS);
  expect((await first.fetch(HOST, '/', { headers: { cookie } })).status).toBe(404);
  await expect(openTo(agent, 'intranet.corp.example')).rejects.toMatchObject({ code: 'CW_APP_UNKNOWN' });
  await vi.waitFor(() => expect(steered(agent)).toEqual([]));
  await vi.waitFor(() => expect(control.events.filter(({ kind }) => kind === 'cut')).toHaveLength(2));
});

test('a rule about addresses cuts what is open from them at every worker', async () => {
  const everybody = { name: 'everybody', users: ['alice'], action: 'allow' as const };
  const [first, second] = await twoWorkers([everybody]);
  const { grant, cookie } = signedIn('alice', HOST);
  await control.grant(grant);
  const agent = await agentAt(second);
  const closed = await openStreams(first, cookie, agent);
  const kept = await openStreams(second, cookie, await agentAt(first));
  let ended = 0;
  for (const one of kept) void one.then(() => ended++);

  const elsewhere = { name: 'elsewhere', sources: ['192.0.2.0/24'], action: 'block' as const };
  await control.publish(snapshotOf(2, configuration([elsewhere, everybody])));
  expect((await first.fetch(HOST, '/', { headers: { cookie } })).status).toBe(200);
  expect(ended).toBe(0);
  const here = { name: 'here', sources: ['127.0.0.0/8'], action: 'block' as const, notice: 'Not from here.' };
  const from = performance.now();
  await control.publish(snapshotOf(3, configuration([here, everybody])));
  await Promise.all([...closed, ...kept]);
  expect(performance.now() - from).toBeLessThan(CUT_MS);
  expect((await first.fetch(HOST, '/', { headers: { cookie } })).status).toBe(403);
  await expect(openTo(agent, 'intranet.corp.example')).rejects.toMatchObject({ code: 'CW_POLICY_BLOCKED' });
});

test('a rule about destinations gives a device some of an app’s hosts, and steers those', async () => {
  const [first] = await twoWorkers([{ name: 'databases', destinations: ['*.eu.db.corp.example'], action: 'allow' }]);
  const agent = await agentAt(first);
  expect(steered(agent)).toEqual(['*.db.corp.example']);
  const flow = await openTo(agent, 'one.eu.db.corp.example');
  flow.destroy();
  for (const host of ['one.db.corp.example', 'intranet.corp.example']) {
    await expect(openTo(agent, host)).rejects.toMatchObject({ code: 'CW_APP_UNKNOWN' });
  }
  const { grant, cookie } = signedIn('alice', HOST);
  await control.grant(grant);
  expect((await first.fetch(HOST, '/', { headers: { cookie } })).status).toBe(404);
});
