import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import type { AcceptorMessage } from '@causeway/contract';
import { IdentityKeeper, loadIdentity, streamDuplex, tunnelCounters, type Identity } from '@causeway/tunnel';
import { FakePop, welcome } from '@causeway/tunnel/testing';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Agent, type AgentOptions } from './agent.ts';

const log = pino({ level: 'silent' });
/** Conditions come true in milliseconds; a loaded machine may take seconds. */
const PATIENCE = { timeout: 15_000, interval: 20 };
const agents: Agent[] = [];
let pop: FakePop;
let folder: string;

function steer(host: string): AcceptorMessage {
  return { t: 'steer', user: 'alice', apps: [{ name: 'app', targets: [{ host, ports: ['tcp/80'] }] }] };
}

async function start(options: Partial<AgentOptions> = {}, identity?: Identity): Promise<Agent> {
  const used = identity ?? (await pop.identity('laptop', 'device'));
  const file = join(folder, 'identity.json');
  const agent = new Agent({
    identify: async () => new IdentityKeeper({ identity: used, file, transport: 'tls', log }),
    transport: 'tls',
    log,
    random: () => 0,
    offlineMs: 100,
    ...options,
  });
  agents.push(agent);
  await agent.start();
  return agent;
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'agent-'));
  pop = await FakePop.start({
    onHello: () => [welcome(), steer('app.example')],
    onOpen: (request) => {
      const duplex = streamDuplex(request.accept());
      duplex.on('error', () => duplex.destroy());
      duplex.pipe(duplex);
    },
  });
});

afterEach(async () => {
  for (const agent of agents.splice(0)) agent.destroy();
  await pop.close();
  await rm(folder, { recursive: true });
  await vi.waitUntil(() => Object.values(tunnelCounters).every((open) => open === 0), PATIENCE);
});

describe('Agent', () => {
  it('opens flows to what is steered, and only there; the newest steering counts', async () => {
    const agent = await start();
    const flow = await agent.open('APP.example.', 80, 'f_1');
    await flow.opened;
    expect(agent.status).toMatchObject({ state: 'up', user: 'alice', apps: ['app'], flows: 1 });
    flow.stream.reset();
    flow.release();
    flow.release();
    expect(agent.status.flows).toBe(0);
    await expect(agent.open('other.example', 80, 'f_2')).rejects.toMatchObject({ code: 'CW_APP_UNKNOWN' });
    pop.tunnels[0]?.send(steer('other.example'));
    await vi.waitUntil(() => agent.steering.steer('other.example', 80).app !== null, PATIENCE);
    await expect(agent.open('app.example', 80, 'f_3')).rejects.toMatchObject({ code: 'CW_APP_UNKNOWN' });
  });

  it('refuses every stream that a PoP opens', async () => {
    await start();
    const tunnel = await pop.until(() => pop.tunnels.find(({ said }) => said.length > 0));
    const opening = tunnel.tunnel.open({ v: 1, kind: 'tcp', host: 'localhost', port: 22 });
    await expect(opening).rejects.toMatchObject({ code: 'CW_OPEN_INVALID' });
  });

  it('dials again before a draining tunnel ends, whose flows go on', async () => {
    const agent = await start();
    const flow = await agent.open('app.example', 80, 'f_1');
    const duplex = streamDuplex(flow.stream);
    duplex.once('close', () => flow.release());
    const [old] = pop.tunnels;
    old?.send({ t: 'drain', deadlineMs: 30_000 });
    await pop.until(() => pop.tunnels.find((other) => other !== old && other.said.length > 0));
    expect(pop.tunnels).toHaveLength(2);
    expect(agent.status.state).toBe('up');
    duplex.end('still here');
    expect((await buffer(duplex)).toString()).toBe('still here');
    await pop.until(() => pop.tunnels.length === 1);
  });

  it('closes after its last flow', async () => {
    const agent = await start();
    const flow = await agent.open('app.example', 80, 'f_1');
    const duplex = streamDuplex(flow.stream);
    duplex.once('close', () => flow.release());
    let closed = false;
    const closing = agent.close().then(() => (closed = true));
    await expect(agent.open('app.example', 80, 'f_2')).rejects.toMatchObject({ code: 'CW_AGENT_OFFLINE' });
    expect(closed).toBe(false);
    duplex.end('bye');
    expect((await buffer(duplex)).toString()).toBe('bye');
    await closing;
    expect(agent.status.state).toBe('closed');
    await agent.close();
  });

  it('renews an expired certificate first, and keeps it', async () => {
    const expired = await pop.identity('laptop', 'device', -2, -1);
    const agent = await start({}, expired);
    await vi.waitUntil(() => agent.status.state === 'up', PATIENCE);
    const kept = await loadIdentity(join(folder, 'identity.json'));
    expect(kept?.certificate).not.toBe(expired.certificate);
  });

  it('says that it was revoked, and does not ask again soon', async () => {
    pop.onHello = () => [{ t: 'refused', code: 'CW_CERT_REVOKED', message: 'revoked' }];
    const agent = await start();
    await vi.waitUntil(() => agent.status.code === 'CW_CERT_REVOKED', PATIENCE);
    await expect(agent.open('app.example', 80, 'f_1')).rejects.toMatchObject({ code: 'CW_AGENT_OFFLINE' });
    expect(agent.status.state).toBe('connecting');
  });

  it('fails to start without an identity', async () => {
    await expect(start({ identify: () => Promise.reject(new Error('none')) })).rejects.toThrow('none');
  });
});
