import { Agent, createServer, request, type Server } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ACK, Bench, data, FIN, head, RST } from './session-bench.ts';
import { stitchSocket } from './stitch-socket.ts';
import { streamDuplex } from './stream-duplex.ts';
import { HEADER, noLeaks, TunnelPair } from './tunnel-pair.ts';

/** An HTTP client whose connections are streams, and a publisher that connects them to a real HTTP server. */
let pair: TunnelPair;
let server: Server;
let agent: Agent;

beforeEach(async () => {
  server = createServer((incoming, answer) => {
    if (incoming.url === '/echo') return void incoming.pipe(answer);
    if (incoming.url === '/hang') return void incoming.resume();
    if (incoming.url === '/die') return void incoming.socket.destroy();
    answer.end('hello');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  pair = new TunnelPair();
  pair.onOpen = (open) => {
    const socket = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', allowHalfOpen: true });
    socket.on('error', () => {}); // the server may be gone before it is connected
    socket.once('connect', () => stitchSocket(open.accept(), socket, () => {}));
  };
  agent = new Agent({ keepAlive: true });
  agent.createConnection = (_options, done) => {
    pair.client.open(HEADER).then(
      (stream) => done?.(null, streamDuplex(stream)),
      (error: Error) => done?.(error, streamDuplex as never),
    );
    return undefined;
  };
});
afterEach(async () => {
  agent.destroy();
  pair.destroy();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await noLeaks();
});

function call(path: string, body?: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ agent, path, method: body === undefined ? 'GET' : 'POST', host: 'x' }, (answer) => {
      const pieces: Buffer[] = [];
      answer.on('data', (piece: Buffer) => pieces.push(piece));
      answer.on('end', () => resolve(Buffer.concat(pieces)));
      answer.on('error', reject);
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

describe('http.Agent over streams', () => {
  it('reuses one stream for request after request', async () => {
    for (let i = 0; i < 5; i += 1) expect((await call('/')).toString()).toBe('hello');
    expect(pair.client.streams).toBe(1);
  });

  it('carries large bodies both ways', async () => {
    const body = Buffer.alloc(10_000_000, 'causeway');
    const hash = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
    expect(hash(await call('/echo', body))).toBe(hash(body));
  });

  it('fails the request when the app closes in the middle, and the next one works', async () => {
    await expect(call('/die')).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect((await call('/')).toString()).toBe('hello');
  });

  it('drops an idle connection that the app closed', async () => {
    await call('/');
    server.closeIdleConnections();
    await vi.waitFor(() => expect(pair.client.streams).toBe(0));
    expect((await call('/')).toString()).toBe('hello');
  });

  it('fails with the stream’s error when the tunnel ends', async () => {
    const pending = call('/hang', Buffer.alloc(5_000_000));
    await vi.waitFor(() => expect(pair.server.streams).toBe(1));
    pair.server.destroy();
    await expect(pending).rejects.toThrow(/./);
  });
});

describe('a reset behind the other side’s FIN', () => {
  it('leaves what came before readable, and is no error for who only reads', async () => {
    const bench = new Bench('client');
    const duplex = streamDuplex(bench.session.open());
    bench.feed(Buffer.concat([data(ACK, 1, 3), head(0, FIN, 1, 0), head(0, RST, 1, 0)]));
    const pieces: Buffer[] = [];
    for await (const piece of duplex) pieces.push(piece as Buffer);
    expect([Buffer.concat(pieces).length, duplex.errored]).toEqual([3, null]);
    bench.session.close();
  });

  it('fails what is written', async () => {
    const [ours, theirs] = await pair.open();
    const duplex = streamDuplex(ours);
    const failed = new Promise<Error>((resolve) => duplex.once('error', resolve));
    duplex.write(Buffer.alloc(1_000_000));
    theirs.end();
    theirs.reset();
    expect(await failed).toMatchObject({ code: 'CW_STREAM_RESET' });
  });
});
