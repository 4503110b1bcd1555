import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { RpcChannel, type Handlers } from '../rpc/channel.ts';
import type { AdminCalls, ControlCalls, EdgeCalls, EdgeStatus, SessionGrant } from '../rpc/messages.ts';
import { Edges } from './edges.ts';
import { RpcServer } from './rpc-server.ts';

const log = pino({ level: 'silent' });
const STATUS: EdgeStatus = {
  worker: 0,
  pid: 1,
  snapshot: 1,
  epoch: 0,
  sessions: 0,
  openStreams: 0,
  sockets: 0,
  eventsDropped: 0,
  publishers: [],
  agents: [],
};
const GRANT: SessionGrant = {
  tokenHash: 'h',
  host: 'a.test',
  expiresAt: 1,
  principal: { user: 'u', displayName: 'U', groups: [], method: 'browser', authenticatedAt: 0, session: 's_1' },
};

let dir: string;
let path: string;
let edges: Edges;
let server: RpcServer;
let clients: net.Socket[];

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'causeway-edges-'));
  path = join(dir, 'run', 'control.sock');
  clients = [];
  edges = new Edges(log, 200);
  server = await RpcServer.listen({
    path,
    log,
    handlers: (channel) => ({
      'edge.status': (status) => {
        edges.add(channel(), status.worker);
        edges.report(channel(), status);
        return null;
      },
    }),
    onClosed: (channel) => edges.remove(channel),
  });
});

afterEach(async () => {
  for (const client of clients) client.destroy();
  await server.close();
  rmSync(dir, { recursive: true, force: true });
});

async function edge(worker: number, handlers: Partial<Handlers<ControlCalls>>): Promise<{ closed: Promise<void> }> {
  const socket = net.connect(path);
  clients.push(socket);
  await once(socket, 'connect');
  const gone = Promise.withResolvers<void>();
  const channel = new RpcChannel<EdgeCalls & AdminCalls, ControlCalls>(socket, handlers, () => gone.resolve());
  await channel.call('edge.status', { ...STATUS, worker });
  return { closed: gone.promise };
}

describe('Edges', () => {
  it('pushes to every live edge and waits for all of them', async () => {
    const got: string[] = [];
    const put = (name: string) => (grant: SessionGrant) => {
      got.push(`${name} ${grant.tokenHash}`);
      return null;
    };
    await edge(0, { 'session.put': put('first') });
    await edge(1, { 'session.put': put('second') });
    await edges.putSession(GRANT);
    expect(got.toSorted()).toEqual(['first h', 'second h']);
    expect(edges.statuses().map((status) => status.worker)).toEqual([0, 1]);
  });

  it('drops an edge that does not acknowledge, so that it comes back and reads everything', async () => {
    const silent = await edge(0, { revoke: () => new Promise(() => undefined) });
    await edge(1, { revoke: ({ epoch }) => ({ epoch, cut: 2 }) });
    const answers = await edges.push('revoke', {
      epoch: 4,
      sessions: ['s_1'],
      devices: [],
      publishers: [],
      suspended: [],
      quarantined: [],
      why: 'x',
    });
    expect(answers).toEqual([{ epoch: 4, cut: 2 }]);
    await silent.closed;
    expect(edges.size).toBe(1);
    expect(edges.dropped).toBe(1);
  });

  it('drops an edge that answers with an error', async () => {
    const failing = await edge(0, { 'session.put': () => Promise.reject(new Error('full')) });
    await expect(edges.putSession(GRANT)).rejects.toMatchObject({ code: 'CW_BUSY' });
    await failing.closed;
    expect(edges.size).toBe(0);
  });

  it('has one edge per worker: a new one replaces the old', async () => {
    const old = await edge(0, {});
    await edge(0, { 'session.put': () => null });
    await old.closed;
    expect(edges.size).toBe(1);
    await edges.putSession(GRANT);
  });

  it('forgets an edge that disconnects, and takes a session while there is none', async () => {
    await edge(0, {});
    clients[0]?.destroy();
    await vi.waitFor(() => expect(edges.size).toBe(0), { interval: 5 });
    await edges.putSession(GRANT);
  });
});

describe('RpcServer', () => {
  it('replaces the socket that a dead process left behind', async () => {
    await server.close();
    writeFileSync(path, '');
    server = await RpcServer.listen({ path, log, handlers: () => ({}), onClosed: () => undefined });
    const socket = net.connect(path);
    clients.push(socket);
    await once(socket, 'connect');
    expect(socket.readyState).toBe('open');
  });

  it('says that the folder cannot be used', async () => {
    writeFileSync(join(dir, 'file'), '');
    const listening = RpcServer.listen({
      path: join(dir, 'file', 'run', 'control.sock'),
      log,
      handlers: () => ({}),
      onClosed: () => undefined,
    });
    await expect(listening).rejects.toMatchObject({ code: 'CW_DATA_UNUSABLE' });
  });
});
