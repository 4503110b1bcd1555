import { once } from 'node:events';
import { createHash } from 'node:crypto';
import net from 'node:net';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { RpcChannel, type Handlers } from '../rpc/channel.ts';
import type { AdminCalls, ControlCalls, EdgeCalls, EventRecord, Revocation } from '../rpc/messages.ts';
import { openCa } from './ca/ca.ts';
import { openEnrolment } from './ca/enrolment.ts';
import { APP_HOST, makeControlFixture, publishFile, type ControlFixture } from './control-fixture.ts';
import { devicePrincipal } from './device-principal.ts';
import { Directory } from './directory/directory.ts';
import { edgeCalls, type EdgeServices } from './edge-calls.ts';
import { Edges } from './edges.ts';
import type { EventLog } from './events/event-log.ts';
import { openEventLog } from './events/event-fixture.ts';
import { Sessions, type Person } from './identity/sessions.ts';
import { Tickets } from './identity/tickets.ts';
import type { Published } from './published.ts';
import { RevocationFeed } from './revocation-feed.ts';
import { RpcServer } from './rpc-server.ts';
import { memorySecrets } from './sealing/fixtures/memory-secrets.ts';
import { storeOn } from './store/kysely-store.ts';
import { openDatabase } from './store/open-database.ts';
import type { Store } from './store/store.ts';

const log = pino({ level: 'silent' });
const PERSON = {
  user: 'ada@corp.example',
  displayName: 'Ada',
  groups: ['staff'],
  ou: 'corp/sales',
  nameId: 'ada@corp.example',
  sessionIndex: null,
  notAfter: null,
};
const PAIR = { cert: '', key: '' };
const SECRETS = { access: PAIR, custom: [], tunnel: PAIR, ca: '', ticketKeys: '', intentKey: '' };

const resolved = (): Promise<void> => Promise.resolve();

let fixture: ControlFixture;
let store: Store;
let directory: Directory;
let eventLog: EventLog;
let services: EdgeServices;
let edges: Edges;
let feed: RevocationFeed;
let sessions: Sessions;
let tickets: Tickets;
let server: RpcServer;
let sockets: net.Socket[];

type Link = RpcChannel<EdgeCalls & AdminCalls, ControlCalls>;

let published: Published;
beforeAll(async () => {
  const once = await makeControlFixture();
  const idp = { entityId: 'idp', ssoUrl: 'https://idp.test/', certificates: [] };
  const made = await publishFile({ file: join(once.dir, 'test.sqlite') }, once.configFile, idp);
  published = { ...made, sessionMs: 60_000 };
  once.remove();
});

beforeEach(async () => {
  fixture = await makeControlFixture();
  sockets = [];
  const database = await openDatabase({ file: join(fixture.dir, 'test.sqlite') });
  store = storeOn(database);
  directory = new Directory({ database, loginIdp: () => 'default', now: Date.now });
  eventLog = openEventLog(database);
  edges = new Edges(log, 500);
  feed = new RevocationFeed(store, edges);
  sessions = new Sessions(store, directory, feed, Date.now);
  tickets = new Tickets(database, Date.now);
  services = {
    store,
    directory,
    eventLog,
    sessions,
    tickets,
    edges,
    feed,
    log,
    enrolment: openEnrolment(store, await openCa(memorySecrets())),
    published: () => published,
    offered: () => published.edges,
    secrets: () => SECRETS,
    devices: { contact: resolved, describe: resolved, renewed: resolved },
    publisherReports: { put: () => undefined },
    storeLostMs: () => null,
    now: Date.now,
  };
  server = await RpcServer.listen({
    path: join(fixture.dir, 'run', 'control.sock'),
    log,
    handlers: (channel) => edgeCalls(services, channel),
    onClosed: (channel) => edges.remove(channel),
  });
});

afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  await server.close();
  await store.close();
  fixture.remove();
});

async function connect(handlers: Partial<Handlers<ControlCalls>> = {}): Promise<Link> {
  const socket = net.connect(join(fixture.dir, 'run', 'control.sock'));
  sockets.push(socket);
  await once(socket, 'connect');
  return new RpcChannel(socket, handlers, () => undefined);
}

const redeemable = (session: string): Promise<string> =>
  tickets.issue({ session, host: APP_HOST, path: '/x', nonceHash: 'nh' });

describe('tickets', () => {
  it('become a token that every edge holds before it is given out', async () => {
    const held: string[] = [];
    const put = (grant: { tokenHash: string }): null => {
      held.push(grant.tokenHash);
      return null;
    };
    const first = await connect({ 'session.put': put });
    const second = await connect({ 'session.put': put });
    await first.call('edge.hello', { worker: 0, pid: 1 });
    await second.call('edge.hello', { worker: 1, pid: 2 });
    const { session } = await sessions.begin(PERSON, '10.0.0.1', 60_000);
    const ticket = await redeemable(session.id);
    const { token, expiresAt } = await first.call('ticket.redeem', { ticket, nonceHash: 'nh', host: APP_HOST });
    const hash = createHash('sha256').update(token).digest('base64url');
    expect(held).toEqual([hash, hash]);
    expect(expiresAt).toBe(session.expiresAt);
    const grant = await first.call('session.lookup', { tokenHash: hash });
    expect(grant).toMatchObject({ host: APP_HOST, principal: { user: PERSON.user, session: session.id } });
    expect(await first.call('session.lookup', { tokenHash: token })).toBeNull();
    const third = await connect();
    expect((await third.call('edge.hello', { worker: 2, pid: 3 })).sessions?.map((one) => one.tokenHash)).toEqual([
      hash,
    ]);
  });

  it('of a session that ended in the meantime are refused', async () => {
    const link = await connect({ revoke: ({ epoch }) => ({ epoch, cut: 0 }) });
    await link.call('edge.hello', { worker: 0, pid: 1 });
    const { session } = await sessions.begin(PERSON, '10.0.0.1', 60_000);
    const ticket = await redeemable(session.id);
    await sessions.end(session.id, 'test');
    const redeemed = link.call('ticket.redeem', { ticket, nonceHash: 'nh', host: APP_HOST });
    await expect(redeemed).rejects.toMatchObject({ code: 'CW_TICKET_INVALID' });
  });

  it('of a session that ends while the edges are told leave no grant behind', async () => {
    const revoked: Revocation[] = [];
    const { session } = await sessions.begin(PERSON, '10.0.0.1', 60_000);
    const link = await connect({
      'session.put': async () => {
        await store.endSession(session.id);
        return null;
      },
      revoke: (revocation) => {
        revoked.push(revocation);
        return { epoch: revocation.epoch, cut: 1 };
      },
    });
    await link.call('edge.hello', { worker: 0, pid: 1 });
    const ticket = await redeemable(session.id);
    const redeemed = link.call('ticket.redeem', { ticket, nonceHash: 'nh', host: APP_HOST });
    await expect(redeemed).rejects.toMatchObject({ code: 'CW_TICKET_INVALID' });
    expect(revoked.map(({ sessions: ended }) => ended)).toEqual([[session.id]]);
    expect(revoked[0]?.epoch).toBeGreaterThan(0);
  });
});

describe('hello', () => {
  it('reads the grants again when a session ends in between', async () => {
    const { session } = await sessions.begin(PERSON, '10.0.0.1', 60_000);
    await store.addAppToken({ tokenHash: 'h', session: session.id, host: APP_HOST, createdAt: 1 });
    const grants = vi.spyOn(store, 'grants').mockImplementationOnce(async (now) => {
      const found = await store.grants(now);
      await store.endSession(session.id);
      return found;
    });
    const link = await connect();
    const hello = await link.call('edge.hello', { worker: 0, pid: 1 });
    expect(hello.sessions).toEqual([]);
    expect(hello.epoch).toBe(await store.epoch());
    expect(grants.mock.calls.length).toBeGreaterThan(1);
  });
});

describe('ending a session', () => {
  it('reaches every edge with the new epoch, and says how much was cut', async () => {
    const link = await connect({ revoke: ({ epoch }) => ({ epoch, cut: 4 }) });
    const other = await connect({ revoke: ({ epoch }) => ({ epoch, cut: 3 }) });
    await link.call('edge.hello', { worker: 0, pid: 1 });
    await other.call('edge.hello', { worker: 1, pid: 1 });
    const { session } = await sessions.begin(PERSON, '10.0.0.1', 60_000);
    const before = await store.epoch();
    expect(await sessions.end(session.id, 'test')).toEqual({ ended: true, cut: 7 });
    expect(feed.epoch).toBeGreaterThan(before);
    expect(await sessions.end(session.id, 'test')).toEqual({ ended: false, cut: 0 });
    expect(await sessions.endAllOf(PERSON.user, 'test')).toEqual({ sessions: 0, cut: 0 });
  });
});

describe('peers', () => {
  it('are unknown without a certificate of ours', async () => {
    const link = await connect();
    const asked = link.call('tunnel.peer', { fingerprint: '0'.repeat(64), keyFingerprint: '', id: 'p_1' });
    await expect(asked).rejects.toMatchObject({ code: 'CW_CERT_FOREIGN' });
  });

  it('that are devices act for their person, with the groups of the last login', async () => {
    await sessions.begin(PERSON, '10.0.0.1', 60_000);
    let changed = 0;
    const stop = directory.onChanged(() => changed++);
    const begin = async (change: Partial<Person>): Promise<number> => {
      changed = 0;
      await sessions.begin({ ...PERSON, ...change }, '10.0.0.1', 60_000);
      return changed;
    };
    expect(await begin({ groups: ['staff', 'boss'] })).toBe(1);
    expect(await begin({ groups: ['boss', 'staff'] })).toBe(0);
    expect(await begin({ groups: ['boss', 'staff'], ou: null })).toBe(1);
    expect(await begin({ groups: ['staff', 'boss'] })).toBe(1);
    stop();
    expect(await devicePrincipal(directory, { id: 'd_1', name: 'laptop', user: PERSON.user })).toMatchObject({
      user: PERSON.user,
      groups: ['staff', 'boss'],
      ou: 'corp/sales',
      method: 'agent',
      device: { id: 'd_1', name: 'laptop' },
      session: 'device:d_1',
    });
  });
});

describe('events', () => {
  it('are stored before they are acknowledged, and a batch is bounded', async () => {
    const event: EventRecord = {
      at: 1,
      decision: 'd',
      kind: 'request',
      user: null,
      device: null,
      session: null,
      app: null,
      method: null,
      verdict: null,
      address: '10.0.0.1',
      verb: 'GET',
      path: '/',
      status: 200,
      bytesUp: 0,
      bytesDown: 0,
      ms: 1,
      worker: 0,
    };
    const link = await connect();
    await link.call('event.batch', { events: [event] });
    expect((await eventLog.search({}, { limit: 10 })).items).toMatchObject([event]);
    const many = link.call('event.batch', { events: Array.from({ length: 10_001 }, () => event) });
    await expect(many).rejects.toMatchObject({ code: 'CW_MESSAGE_INVALID' });
  });
});
