import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { codeOf, type AcceptorMessage } from '@causeway/contract';
import { IdentityKeeper, loadIdentity, streamDuplex, tunnelCounters, type MuxStream } from '@causeway/tunnel';
import { FakePop, welcome, type FakeTunnel } from '@causeway/tunnel/testing';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Publisher, type PublisherOptions } from './publisher.ts';

const log = pino({ level: 'silent' });
/** Conditions come true in milliseconds; a loaded machine may take seconds. */
const PATIENCE = { timeout: 15_000, interval: 20 };
let pop: FakePop;
let origin: Server;
let sockets: Set<Socket>;
let onSocket: (socket: Socket) => void;
let folder: string;
const publishers: Publisher[] = [];

const originPort = (): number => (origin.address() as AddressInfo).port;

/** `app.corp.example` port 80 and `127.0.0.1` on the origin's own port. */
function assign(): AcceptorMessage {
  const targets = [
    { host: 'app.corp.example', ports: ['tcp/80'] },
    { host: '127.0.0.0/8', ports: ['tcp/1-65535'] },
    { host: '*.localhost', ports: ['tcp/1-65535'] },
  ];
  return { t: 'assign', apps: [{ name: 'app', targets }] };
}

async function start(options: Partial<PublisherOptions> = {}): Promise<Publisher> {
  const identity = await pop.identity('corp', 'publisher');
  const publisher = new Publisher({
    keeper: new IdentityKeeper({ identity, file: join(folder, 'identity.json'), transport: 'tls', log }),
    allow: ['app.corp.example:80', `127.0.0.1:${originPort()}`],
    map: { 'app.corp.example:80': `127.0.0.1:${originPort()}` },
    transport: 'tls',
    log,
    registry: new Registry(),
    random: () => 0,
    ...options,
  });
  publishers.push(publisher);
  publisher.start();
  return publisher;
}

const first = (): Promise<FakeTunnel> => pop.until(() => pop.tunnels.find(({ said }) => said.length > 0));

function open(tunnel: FakeTunnel, host = 'app.corp.example', port = 80, app = 'app'): Promise<MuxStream> {
  return tunnel.tunnel.open({ v: 1, kind: 'tcp', app, host, port, flow: 'f_test' });
}

async function refusalOf(opening: Promise<MuxStream>): Promise<string> {
  return opening.then(
    () => 'opened',
    (error: unknown) => codeOf(error),
  );
}

beforeEach(async () => {
  sockets = new Set();
  onSocket = (socket) => socket.pipe(socket);
  origin = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => undefined);
    onSocket(socket);
  });
  await new Promise<void>((resolve) => origin.listen(0, '127.0.0.1', resolve));
  folder = await mkdtemp(join(tmpdir(), 'publisher-'));
  pop = await FakePop.start({ onHello: () => [welcome(), assign()] });
});

afterEach(async () => {
  for (const publisher of publishers.splice(0)) publisher.destroy();
  await pop.close();
  for (const socket of sockets) socket.destroy();
  origin.close();
  await rm(folder, { recursive: true });
  await vi.waitUntil(() => Object.values(tunnelCounters).every((open) => open === 0), PATIENCE);
});

describe('streams', () => {
  it('reach the app byte for byte, with FIN as FIN', async () => {
    await start();
    const stream = streamDuplex(await open(await first()));
    const sent = Buffer.alloc(3_000_000, 'abcdefg');
    stream.end(sent);
    expect((await buffer(stream)).equals(sent)).toBe(true);
  });

  it('are reset when the app resets, and reset the app when the PoP does', async () => {
    await start();
    const tunnel = await first();
    onSocket = (socket) => socket.once('data', () => socket.resetAndDestroy());
    const one = await open(tunnel);
    const ended = new Promise((resolve) => (one.onClose = resolve));
    one.onData = () => undefined;
    one.write(Buffer.from('x'));
    expect(await ended).toMatchObject({ code: 'CW_STREAM_RESET' });

    const accepted = Promise.withResolvers<Socket>();
    onSocket = accepted.resolve;
    const two = await open(tunnel);
    const socket = await accepted.promise;
    socket.resume();
    two.reset();
    const [error] = (await once(socket, 'error').catch((e: unknown) => [e])) as [NodeJS.ErrnoException];
    expect(error.code).toBe('ECONNRESET');
  });

  it.each([
    ['another app', 'app.corp.example', 80, 'other', 'CW_PUBLISHER_REFUSED'],
    ['a port that is not assigned', 'app.corp.example', 81, 'app', 'CW_PUBLISHER_REFUSED'],
    ['a host that is not assigned', 'metadata.corp.example', 80, 'app', 'CW_PUBLISHER_REFUSED'],
    ['an assigned address that the allow-list does not know', '127.0.0.2', 80, 'app', 'CW_PUBLISHER_REFUSED'],
    ['a decimal address', '2130706433', 80, 'app', 'CW_PUBLISHER_REFUSED'],
    ['an assigned name that the allow-list does not know', 'x.localhost', 80, 'app', 'CW_PUBLISHER_REFUSED'],
  ])('to %s are refused', async (_, host, port, app, code) => {
    await start();
    expect(await refusalOf(open(await first(), host, port, app))).toBe(code);
    expect(sockets.size).toBe(0);
  });

  it('of kind control are refused', async () => {
    await start();
    const opening = (await first()).tunnel.open({ v: 1, kind: 'control' });
    expect(await refusalOf(opening)).toBe('CW_OPEN_INVALID');
  });

  it('say what is wrong with the app', async () => {
    const closed = createServer();
    await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', resolve));
    const { port } = closed.address() as AddressInfo;
    await new Promise((resolve) => closed.close(resolve));
    await start({
      allow: ['*.localhost:*', 'app.corp.example:80', '127.0.0.0/8:*', '[::1]:*'],
      map: {},
      lookup: () => Promise.reject(new Error('ENOTFOUND')),
    });
    const tunnel = await first();
    expect(await refusalOf(open(tunnel))).toBe('CW_DNS_FAILED');
    expect(await refusalOf(open(tunnel, 'gone.localhost', port))).toBe('CW_APP_REFUSED');
  });
});

describe('a name that leads somewhere else', () => {
  it('is refused when it leads to this machine, unless the allow-list names the address', async () => {
    const lookup = (): Promise<string[]> => Promise.resolve(['127.0.0.1']);
    await start({ allow: ['app.corp.example:80'], map: {}, lookup });
    expect(await refusalOf(open(await first()))).toBe('CW_PUBLISHER_REFUSED');
  });

  it.each(['169.254.169.254', '::ffff:127.0.0.1', '::1', '0.0.0.0', '::', 'fe80::1'])('%s', async (address) => {
    const tried: string[] = [];
    await start({
      allow: ['app.corp.example:80'],
      map: {},
      lookup: () => Promise.resolve([address]),
      connect: (target) => {
        tried.push(target.address);
        throw new Error('connected');
      },
    });
    expect(await refusalOf(open(await first()))).toBe('CW_PUBLISHER_REFUSED');
    expect(tried).toEqual([]);
  });

  it('is connected to at the address that was checked, however often its answer changes', async () => {
    const answers = [['10.1.1.1'], ['127.0.0.1'], ['127.0.0.1']];
    const tried: string[] = [];
    await start({
      allow: ['app.corp.example:80'],
      map: {},
      lookup: () => Promise.resolve(answers.shift() ?? []),
      connect: (target) => {
        tried.push(target.address);
        throw new Error('enough');
      },
    });
    const tunnel = await first();
    await refusalOf(open(tunnel));
    expect(tried).toEqual(['10.1.1.1']);
    expect(answers).toHaveLength(2);
    expect(await refusalOf(open(tunnel))).toBe('CW_PUBLISHER_REFUSED');
    expect(tried).toEqual(['10.1.1.1']);
  });

  it('is tried at its permitted addresses only', async () => {
    const tried: string[] = [];
    await start({
      allow: ['app.corp.example:80', '127.0.0.1:80'],
      map: {},
      lookup: () => Promise.resolve(['169.254.169.254', '127.0.0.2', '127.0.0.1']),
      connect: (target) => {
        tried.push(target.address);
        throw new Error('enough');
      },
    });
    await refusalOf(open(await first()));
    expect(tried).toEqual(['127.0.0.1']);
  });
});

describe('tunnels', () => {
  it('go to every worker that the welcome and later lists name', async () => {
    pop.onHello = ({ serverName }) => [welcome(2, serverName.startsWith('w1') ? 1 : 0), assign()];
    const publisher = await start();
    const names = (): string =>
      pop.tunnels
        .map(({ serverName }) => serverName.split('.')[0])
        .toSorted((a, b) => Number(a?.slice(1)) - Number(b?.slice(1)))
        .join();
    await pop.until(() => names() === 'w0,w1' && pop.tunnels.every(({ said }) => said.length > 0));
    const last = pop.tunnels.find(({ serverName }) => serverName.startsWith('w1'));
    const three = welcome(3);
    if (three.t === 'welcome') last?.send({ t: 'workers', workers: three.workers.slice(1) });
    pop.onHello = () => [{ ...three, workers: three.t === 'welcome' ? three.workers.slice(1) : [] } as AcceptorMessage];
    await pop.until(() => names() === 'w1,w2');
    expect(publisher.status.links.map(({ worker }) => worker)).toEqual([1, 2]);
  });

  it('come back when one is cut in the middle of a download', async () => {
    onSocket = (socket) => socket.once('data', () => void socket.write(Buffer.alloc(50_000_000)));
    await start();
    const tunnel = await first();
    const stream = await open(tunnel);
    const broken = new Promise((resolve) => (stream.onClose = resolve));
    stream.write(Buffer.from('go'));
    await new Promise<void>((resolve) => (stream.onData = () => resolve()));
    tunnel.kill();
    expect(await broken).not.toBeNull();
    const again = await pop.until(() => pop.tunnels.find((other) => other !== tunnel && other.said.length > 0));
    onSocket = (socket) => socket.pipe(socket);
    const duplex = streamDuplex(await open(again));
    duplex.end('hello');
    expect((await buffer(duplex)).toString()).toBe('hello');
  });

  it('are replaced before they end when the worker drains, and the open stream goes on', async () => {
    await start();
    const old = await first();
    const stream = streamDuplex(await open(old));
    old.send({ t: 'drain', deadlineMs: 30_000 });
    const next = await pop.until(() => pop.tunnels.find((other) => other !== old && other.said.length > 0));
    expect(pop.tunnels).toContain(old);
    stream.end('still here');
    expect((await buffer(stream)).toString()).toBe('still here');
    await pop.until(() => !pop.tunnels.includes(old));
    expect(pop.tunnels).toEqual([next]);
  });

  it('end after their last stream when the publisher closes', async () => {
    const publisher = await start();
    const tunnel = await first();
    const stream = streamDuplex(await open(tunnel));
    let closed = false;
    const closing = publisher.close().then(() => (closed = true));
    expect(await refusalOf(open(tunnel))).not.toBe('opened');
    expect(closed).toBe(false);
    stream.end('last words');
    expect((await buffer(stream)).toString()).toBe('last words');
    await closing;
    expect(publisher.status.state).toBe('closed');
  });

  it('wait long when the PoP says that the publisher is revoked, and say so', async () => {
    pop.onHello = () => [{ t: 'refused', code: 'CW_CERT_REVOKED', message: 'revoked' }];
    const lines: string[] = [];
    const watched = pino({ level: 'error' }, { write: (line) => void lines.push(line) });
    const publisher = await start({ log: watched });
    await first();
    await vi.waitUntil(() => pop.tunnels.length === 0 && lines.length > 0, PATIENCE);
    expect(lines.join()).toContain('CW_CERT_REVOKED');
    expect(publisher.status.links[0]).toMatchObject({ up: false, code: 'CW_CERT_REVOKED' });
  });

  it('renew an expired certificate before they are dialled', async () => {
    const file = join(folder, 'identity.json');
    const expired = await pop.identity('corp', 'publisher', -2, -1);
    const keeper = new IdentityKeeper({ identity: expired, file, transport: 'tls', log });
    await start({ keeper });
    const tunnel = await pop.until(() => pop.tunnels.find(({ said }) => said[0]?.t === 'hello'));
    expect(tunnel.peer).toBe('corp');
    expect(keeper.current.certificate).not.toBe(expired.certificate);
    expect((await loadIdentity(file))?.certificate).toBe(keeper.current.certificate);
  });
});
