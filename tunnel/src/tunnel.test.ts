import { Duplex } from 'node:stream';
import { CausewayError, encodeOpenAnswer, encodeOpenHeader } from '@causeway/contract';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { data, head, SYN } from './session-bench.ts';
import { collect, HEADER, noLeaks, TunnelPair, writeAll } from './tunnel-pair.ts';
import { Tunnel } from './tunnel.ts';
import type { OpenRequest } from './open-request.ts';
import type { MuxStream } from './mux-stream.ts';

let p: TunnelPair;
beforeEach(() => {
  p = new TunnelPair();
});
afterEach(async () => {
  p.destroy();
  await noLeaks();
});

describe('opening', () => {
  it('brings the header, and data of both sides that came before anybody listened', async () => {
    const requests: OpenRequest[] = [];
    p.onOpen = (request) => {
      requests.push(request);
      const stream = request.accept();
      stream.write(Buffer.from('welcome'));
      void collect(stream).then((bytes) => {
        stream.write(bytes);
        stream.end();
      });
    };
    const { stream, opened } = p.client.openEager(HEADER);
    stream.write(Buffer.from(' back'));
    stream.end();
    await opened;
    await new Promise(setImmediate);
    expect((await collect(stream)).toString()).toBe('welcome back');
    expect(requests.map(({ header }) => header)).toEqual([HEADER]);
    await vi.waitFor(() => expect([p.client.streams, p.server.streams]).toEqual([0, 0]));
  });

  it('works in the other direction too', async () => {
    await expect(p.server.open(HEADER)).rejects.toMatchObject({ code: 'CW_APP_UNKNOWN' });
  });

  it('a refusal carries its code and notice, and resets the eager stream', async () => {
    p.onOpen = (request) => request.refuse('CW_POLICY_BLOCKED', 'ask the helpdesk');
    const { stream, opened } = p.client.openEager(HEADER);
    stream.write(Buffer.alloc(100_000));
    const closed = new Promise((resolve) => {
      stream.onClose = resolve;
    });
    stream.onData = () => expect.unreachable();
    const error = { code: 'CW_POLICY_BLOCKED', message: 'ask the helpdesk' };
    await expect(opened).rejects.toMatchObject(error);
    expect(await closed).toMatchObject(error);
    await vi.waitFor(() => expect(p.server.streams).toBe(0));
  });

  it('waits a bounded time for the answer, and tells the acceptor', async () => {
    let request: OpenRequest | null = null;
    p.onOpen = (one) => (request = one);
    await expect(p.client.open(HEADER, 20)).rejects.toMatchObject({ code: 'CW_OPEN_TIMEOUT' });
    const late = request as unknown as OpenRequest;
    await vi.waitFor(() => expect(late.signal.aborted).toBe(true));
    const stream = late.accept();
    await vi.waitFor(() => expect(stream.closed).toBe(true));
    expect(() => late.refuse('CW_BUSY')).toThrow(expect.objectContaining({ code: 'CW_INTERNAL' }));
  });

  it('fails at once when the tunnel ends before the answer', async () => {
    p.onOpen = () => p.server.destroy();
    await expect(p.client.open(HEADER)).rejects.toMatchObject({ code: 'CW_TUNNEL_CLOSED' });
    await expect(p.client.open(HEADER)).rejects.toMatchObject({ code: 'CW_TUNNEL_CLOSED' });
  });

  it('refuses what is no header to send', async () => {
    await expect(p.client.open({ v: 1, kind: 'tcp' })).rejects.toMatchObject({ code: 'CW_OPEN_INVALID' });
    expect(p.client.streams).toBe(0);
  });
});

describe('draining', () => {
  it('close() lets streams end, opens none, and both sides agree', async () => {
    const [ours, theirs] = await p.open();
    const back = collect(ours);
    let done = false;
    const closing = p.server.close().then(() => (done = true));
    await vi.waitFor(() => expect(p.goneAway).toBe(1));
    await expect(p.client.open(HEADER)).rejects.toMatchObject({ code: 'CW_TUNNEL_CLOSED' });
    const got = collect(theirs);
    writeAll(ours, Buffer.alloc(600_000, 1));
    expect((await got).length).toBe(600_000);
    expect(done).toBe(false);
    theirs.end();
    await closing;
    expect((await back).length).toBe(0);
    await vi.waitFor(() => expect(p.ends.toSorted()).toEqual(['client agreed', 'server agreed']));
  });

  it.each(['client', 'server'] as const)(
    'the %s does not wait for control streams, only for the others',
    async (side) => {
      await p.client.open({ v: 1, kind: 'control' });
      p.onOpen = () => {};
      const pending = p.client.open(HEADER);
      await vi.waitFor(() => expect(p.server.streams).toBe(2));
      let done = false;
      const closing = p[side].close().then(() => (done = true));
      await new Promise(setImmediate);
      expect([done, p.client.closed, p.server.closed]).toEqual([false, false, false]);
      p.onOpen = () => {};
      p.server.destroy(new CausewayError('CW_ACCESS_ENDED'));
      await expect(pending).rejects.toThrow(/./);
      await closing;
    },
  );

  it.each(['client', 'server'] as const)('the %s ends at once where only control streams are left', async (side) => {
    await p.client.open({ v: 1, kind: 'control' });
    const [ours] = await p.open();
    const closing = p[side].close();
    await vi.waitFor(() => expect([p.client.streams, p.server.streams]).toEqual([2, 2]));
    ours.reset();
    await closing;
    expect([p.client.streams, p.server.streams]).toEqual([0, 0]);
    await vi.waitFor(() => expect(p.ends.toSorted()).toEqual(['client agreed', 'server agreed']));
  });

  it('destroy() cuts streams with the error given', async () => {
    const [ours, theirs] = await p.open();
    const codes: string[] = [];
    ours.onClose = (error) => codes.push(`ours ${error?.code}`);
    theirs.onClose = (error) => codes.push(`theirs ${error?.code}`);
    p.client.destroy(new CausewayError('CW_CERT_REVOKED'));
    p.client.destroy();
    await vi.waitFor(() => expect(codes).toEqual(['ours CW_CERT_REVOKED', 'theirs CW_TUNNEL_CLOSED']));
    expect(p.ends).toEqual(['client CW_CERT_REVOKED', 'server CW_TUNNEL_CLOSED']);
  });
});

it('notices a peer that is there no more', async () => {
  const ends: (string | undefined)[] = [];
  const blackHole: Duplex = new Duplex({
    read: () => {},
    write: (_chunk, _encoding, done) => done(),
    final: (done) => {
      blackHole.push(null);
      done();
    },
  });
  const limits = { keepAliveIntervalMs: 10, keepAliveTimeoutMs: 10 };
  const onClosed = (error: CausewayError | null): unknown => ends.push(error?.code);
  const tunnel = new Tunnel(blackHole, { role: 'client', limits, onOpen: () => {}, onClosed });
  await vi.waitFor(() => expect(ends).toEqual(['CW_MUX_TIMEOUT']));
  expect(tunnel.closed).toBe(true);
});

/** A peer that speaks the wire by hand. */
class RawPeer {
  readonly got: Buffer[] = [];
  readonly requests: OpenRequest[] = [];
  readonly tunnel: Tunnel;
  readonly #socket: Duplex;
  constructor(limits: { openHeaderMs?: number; pendingOpens?: number } = {}) {
    this.#socket = new Duplex({
      read: () => {},
      write: (chunk: Buffer, _encoding, done) => {
        this.got.push(chunk);
        done();
      },
      final: (done) => {
        this.#socket.push(null);
        done();
      },
    });
    const onOpen = (request: OpenRequest): unknown => this.requests.push(request);
    this.tunnel = new Tunnel(this.#socket, { role: 'server', limits, onOpen, onClosed: () => {} });
  }
  send(...frames: Uint8Array[]): void {
    this.#socket.push(Buffer.concat(frames));
  }
  get hex(): string {
    return Buffer.concat(this.got).toString('hex');
  }
}

describe('a peer that misbehaves', () => {
  const reset = (id: number): string => head(0, 8, id, 0).toString('hex').slice(8);
  let raw: RawPeer;
  afterEach(() => raw.tunnel.destroy());

  it('sends a header that is none: told so, the tunnel goes on', async () => {
    raw = new RawPeer();
    const answer = Buffer.from(encodeOpenAnswer({ ok: false, code: 'CW_OPEN_INVALID' })).toString('hex');
    raw.send(head(0, SYN, 1, 4), Buffer.from([0, 2, 0x7b, 0x7d]));
    await vi.waitFor(() => expect(raw.hex).toContain(answer));
    raw.send(head(0, SYN, 3, 2), Buffer.from([0xff, 0xff]));
    await vi.waitFor(() => expect(raw.hex.split(answer).length).toBe(3));
    const others = [
      '',
      '7',
      'null',
      '[]',
      '['.repeat(4_000),
      `{"v":${'['.repeat(2_000)}${']'.repeat(2_000)}}`,
      '\u{fffd}',
    ];
    for (const [index, json] of others.entries()) {
      const text = Buffer.from(json);
      const frame = Buffer.concat([Buffer.from([text.length >> 8, text.length & 0xff]), text]);
      raw.send(head(0, SYN, 5 + 2 * index, frame.length), frame);
      await vi.waitFor(() => expect(raw.hex.split(answer).length).toBe(4 + index));
    }
    expect([raw.tunnel.closed, raw.requests.length]).toEqual([false, 0]);
  });

  it('begins a header and never ends it: the stream is reset in time', async () => {
    raw = new RawPeer({ openHeaderMs: 20 });
    raw.send(data(SYN, 1, 1));
    await vi.waitFor(() => expect(raw.hex).toContain(reset(1)));
    expect(raw.tunnel.streams).toBe(0);
  });

  it('opens and opens without a header: those beyond the queue are reset', async () => {
    raw = new RawPeer({ pendingOpens: 3 });
    raw.send(...[1, 3, 5, 7].map((id) => head(1, SYN, id, 0)));
    const refused = head(1, 8, 7, 0).toString('hex');
    await vi.waitFor(() => expect(raw.hex).toContain(refused));
    expect(raw.tunnel.streams).toBe(3);
    const header = Buffer.from(encodeOpenHeader(HEADER));
    raw.send(head(0, 0, 1, header.length), header, head(1, SYN, 9, 0));
    await vi.waitFor(() => expect(raw.requests.length).toBe(1));
    expect(raw.tunnel.streams).toBe(4);
  });

  it('sends the header byte by byte', async () => {
    raw = new RawPeer();
    const header = encodeOpenHeader(HEADER);
    raw.send(head(1, SYN, 1, 0));
    for (const byte of header) raw.send(head(0, 0, 1, 1), Uint8Array.of(byte));
    raw.send(head(0, 0, 1, 2), Buffer.from('hi'));
    await vi.waitFor(() => expect(raw.requests[0]?.header).toEqual(HEADER));
    const got: Uint8Array[] = [];
    const stream = raw.requests[0]?.accept() as MuxStream;
    stream.onData = (bytes) => got.push(bytes);
    await vi.waitFor(() => expect(Buffer.concat(got).toString()).toBe('hi'));
  });
});
