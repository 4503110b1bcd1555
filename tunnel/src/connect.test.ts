import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { createHash } from 'node:crypto';
import { type CausewayError, enrolName } from '@causeway/contract';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { FakeAcceptor, type FakeAcceptorOptions } from './acceptor-fake.ts';
import { connectTunnel, type ConnectOptions } from './connect.ts';
import type { Identity } from './identity.ts';
import type { MuxStream } from './mux-stream.ts';
import type { OpenRequest } from './open-request.ts';
import { FakeCa, type Issued } from './pki-fake.ts';
import type { Tunnel } from './tunnel.ts';
import { noLeaks } from './tunnel-pair.ts';

const NAME = 'w0.tunnel.pop.test';
const HEADER = { v: 1, kind: 'tcp', host: 'intranet.corp.example', port: 80 } as const;

let ca: FakeCa;
let server: Issued;
let identity: Identity;
beforeAll(async () => {
  ca = await FakeCa.create();
  server = await ca.issue([NAME, enrolName('tunnel.pop.test')]);
  const { certificate, key } = await ca.issue(['p1']);
  const tunnelDomain = 'tunnel.pop.test';
  identity = { id: 'p1', name: 'p1', kind: 'publisher', key, certificate, ca: ca.pem, pop: 'x:1', tunnelDomain };
});

const acceptors: FakeAcceptor[] = [];
async function listen(options: Partial<FakeAcceptorOptions> = {}): Promise<FakeAcceptor> {
  const acceptor = await FakeAcceptor.listen({ ca, server, onOpen: echo, ...options });
  acceptors.push(acceptor);
  return acceptor;
}

function echo(request: OpenRequest): void {
  const stream = request.accept();
  stream.onDrain = () => stream.resume();
  stream.onEnd = () => stream.end();
  stream.onData = (bytes) => {
    if (!stream.write(bytes)) stream.pause();
  };
}

function connect(port: number, options: Partial<ConnectOptions> = {}): Promise<Tunnel> {
  return connectTunnel({
    address: { host: 'localhost', port },
    serverName: NAME,
    transport: 'tls',
    onOpen: (request) => request.refuse('CW_APP_UNKNOWN'),
    onClosed: () => {},
    ...options,
  });
}

/** Sends `total` bytes through an echo. @returns SHA-256 of what went and of what came back */
function roundTrip(stream: MuxStream, total: number): Promise<[string, string]> {
  const out = createHash('sha256');
  const back = createHash('sha256');
  let sent = 0;
  const send = (): void => {
    while (sent < total) {
      const chunk = new Uint8Array(Math.min(60_000, total - sent)).fill(sent & 0xff);
      out.update(chunk);
      sent += chunk.length;
      if (!stream.write(chunk)) return;
    }
    stream.end();
  };
  return new Promise((resolve, reject) => {
    stream.onDrain = send;
    stream.onClose = (error) => (error === null ? resolve([out.digest('hex'), back.digest('hex')]) : reject(error));
    stream.onData = (bytes) => back.update(bytes);
    send();
  });
}

afterEach(async () => {
  await Promise.all(acceptors.splice(0).map((acceptor) => acceptor.close()));
  await noLeaks();
});

describe.each(['tls', 'websocket'] as const)('over %s', (transport) => {
  it('carries 20 MB both ways on several streams, under a certificate that both sides checked', async () => {
    const peers: (string | null)[] = [];
    const acceptor = await listen({
      onOpen: (request, peer) => {
        peers.push(peer);
        echo(request);
      },
    });
    const tunnel = await connect(acceptor.port, { transport, identity });
    const streams = await Promise.all([1, 2, 3, 4].map(() => tunnel.open(HEADER)));
    for (const [out, back] of await Promise.all(streams.map((stream) => roundTrip(stream, 5_000_000)))) {
      expect(back).toBe(out);
    }
    expect(peers).toEqual(['CN=p1', 'CN=p1', 'CN=p1', 'CN=p1']);
    await tunnel.close();
    expect(tunnel.closed).toBe(true);
  });

  it('accepts a CA by its fingerprint alone, and no other', async () => {
    const acceptor = await listen();
    const tunnel = await connect(acceptor.port, { transport, caFingerprint: ca.fingerprint });
    const stream = await tunnel.open(HEADER);
    const [out, back] = await roundTrip(stream, 1000);
    expect(back).toBe(out);
    tunnel.destroy();
    await expect(connect(acceptor.port, { transport, caFingerprint: '00'.repeat(32) })).rejects.toMatchObject({
      code: 'CW_CA_MISMATCH',
    });
  });

  it.each([
    ['of another CA', async () => (await FakeCa.create()).issue([NAME]), 'CW_CERT_FOREIGN'],
    ['for another name', () => ca.issue(['w1.tunnel.pop.test']), 'CW_CERT_FOREIGN'],
    ['that has expired', () => ca.issue([NAME], -2, -1), 'CW_CERT_EXPIRED'],
    ['that is not valid yet', () => ca.issue([NAME], 1, 2), 'CW_CLOCK_SKEW'],
  ] as const)('refuses a certificate %s', async (_what, issue, code) => {
    const acceptor = await listen({ server: await issue() });
    await expect(connect(acceptor.port, { transport, ca: ca.pem })).rejects.toMatchObject({ code });
  });
});

describe('auto', () => {
  it('uses the WebSocket where only HTTPS passes', async () => {
    const acceptor = await listen({ direct: false });
    const tunnel = await connect(acceptor.port, { transport: 'auto', identity });
    const [out, back] = await roundTrip(await tunnel.open(HEADER), 100_000);
    expect(back).toBe(out);
    tunnel.destroy();
  });

  it('says what the direct attempt found when neither works', async () => {
    const acceptor = await listen({ server: await ca.issue([NAME], 1, 2) });
    await expect(connect(acceptor.port, { transport: 'auto', identity })).rejects.toMatchObject({
      code: 'CW_CLOCK_SKEW',
    });
  });

  it('gives up within the time when nobody answers, and when told to', async () => {
    const held = new Set<{ destroy(): void }>();
    const silent = createServer((socket) => held.add(socket));
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const { port } = silent.address() as AddressInfo;
    await expect(connect(port, { transport: 'auto', identity, timeoutMs: 50 })).rejects.toMatchObject({
      code: 'CW_TUNNEL_CLOSED',
      message: expect.stringContaining('in time') as string,
    });
    const abort = new AbortController();
    const dialling = connect(port, { transport: 'auto', identity, signal: abort.signal });
    abort.abort();
    await expect(dialling).rejects.toMatchObject({ code: 'CW_TUNNEL_CLOSED' });
    for (const socket of held) socket.destroy();
    await new Promise((resolve) => silent.close(resolve));
    await expect(connect(port, { transport: 'auto', identity })).rejects.toMatchObject({
      code: 'CW_TUNNEL_CLOSED',
      message: expect.stringContaining('ECONNREFUSED') as string,
    });
  });
});

it('tells both sides when the other one ends in the middle', async () => {
  const ends: (CausewayError | null)[] = [];
  const acceptor = await listen({ onClosed: (error) => ends.push(error) });
  const tunnel = await connect(acceptor.port, { identity, onClosed: (error) => ends.push(error) });
  const stream = await tunnel.open(HEADER);
  const closed = new Promise((resolve) => {
    stream.onClose = (error) => resolve(error?.code);
  });
  for (const one of acceptor.tunnels) one.destroy();
  expect(await closed).toBe('CW_TUNNEL_CLOSED');
  await vi.waitFor(() => expect(ends.length).toBe(2));
});
