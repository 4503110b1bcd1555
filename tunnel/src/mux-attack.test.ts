import { afterEach, describe, expect, it } from 'vitest';
import type { MuxLimits } from './mux-limits.ts';
import { ACK, Bench, data, FIN, GOAWAY, head, hex, PING, RST, SYN, WINDOW } from './session-bench.ts';

const KIB = 1024;
const benches: Bench[] = [];

function bench(limits: Partial<MuxLimits> = {}): Bench {
  const one = new Bench('server', limits);
  benches.push(one);
  return one;
}

/** A session on which the peer opened stream 1. */
function open(limits: Partial<MuxLimits> = {}): Bench {
  const one = bench(limits);
  one.feed(head(WINDOW, SYN, 1, 0));
  const stream = one.opened[0];
  if (stream !== undefined) stream.onData = () => {};
  one.sent();
  return one;
}

afterEach(() => {
  for (const one of benches.splice(0)) one.end();
});

describe('one frame that ends the session', () => {
  const cases: readonly [string, Uint8Array, string][] = [
    ['another version', hex('01 00 0000 00000001 00000000'), 'CW_MUX_VERSION'],
    ['an unknown type', head(4, 0, 1, 0), 'CW_MUX_TYPE'],
    ['unknown flags', head(WINDOW, 16, 1, 0), 'CW_MUX_FLAGS'],
    ['SYN and ACK', head(WINDOW, SYN | ACK, 3, 0), 'CW_MUX_FLAGS'],
    ['SYN and RST', head(WINDOW, SYN | RST, 3, 0), 'CW_MUX_FLAGS'],
    ['RST with payload', head(0, RST, 1, 5), 'CW_MUX_FLAGS'],
    ['ACK of a stream that the peer opened', head(WINDOW, ACK, 1, 0), 'CW_MUX_FLAGS'],
    ['a ping that is neither question nor answer', head(PING, 0, 0, 1), 'CW_MUX_FLAGS'],
    ['a go-away with flags', head(GOAWAY, SYN, 0, 0), 'CW_MUX_FLAGS'],
    ['SYN on a live id', head(WINDOW, SYN, 1, 0), 'CW_MUX_STREAM_ID'],
    ['SYN of the wrong parity', head(WINDOW, SYN, 2, 0), 'CW_MUX_STREAM_ID'],
    ['data on stream 0', head(0, 0, 0, 1), 'CW_MUX_STREAM_ID'],
    ['data on a stream nobody opened', head(0, 0, 3, 1), 'CW_MUX_STREAM_ID'],
    ['credit for one of ours that we never opened', head(WINDOW, 0, 2, 1), 'CW_MUX_STREAM_ID'],
    ['RST of a stream nobody opened', head(0, RST, 9, 0), 'CW_MUX_STREAM_ID'],
    ['a ping on a stream', head(PING, SYN, 1, 1), 'CW_MUX_STREAM_ID'],
    ['a length of 4 GiB', head(0, 0, 1, 0xffffffff), 'CW_MUX_WINDOW'],
    ['more than the window', head(0, 0, 1, 256 * KIB + 1), 'CW_MUX_WINDOW'],
    ['more credit than the format holds', head(WINDOW, 0, 1, 0xffffffff), 'CW_MUX_WINDOW'],
    ['a second FIN', Buffer.concat([head(0, FIN, 1, 0), head(0, FIN, 1, 0)]), 'CW_MUX_FLAGS'],
    ['data after FIN', Buffer.concat([head(0, FIN, 1, 0), data(0, 1, 1)]), 'CW_MUX_FLAGS'],
  ];
  it.each(cases)('%s', (_name, bytes, code) => {
    const one = open();
    one.feed(bytes);
    expect(one.code).toBe(code);
    expect(one.frames().at(-1)).toBe('go-away - #0 1');
    expect(one.session.streams).toBe(0);
  });

  it('a window that is overrun in pieces, while the consumer is paused', () => {
    const one = open();
    one.opened[0]?.pause();
    for (let i = 0; i < 256; i += 1) one.feed(data(0, 1, KIB));
    expect(one.code).toBeUndefined();
    expect(one.budget.heldBytes).toBe(256 * KIB);
    one.feed(head(0, 0, 1, 1));
    expect(one.code).toBe('CW_MUX_WINDOW');
  });
});

describe('towards the dialling side', () => {
  const cases: readonly [string, Uint8Array, string | undefined][] = [
    ['SYN of an odd id', head(WINDOW, SYN, 3, 0), 'CW_MUX_STREAM_ID'],
    ['SYN on a live id', Buffer.concat([head(WINDOW, SYN, 2, 0), head(WINDOW, SYN, 2, 0)]), 'CW_MUX_STREAM_ID'],
    ['ACK of a stream of its own', Buffer.concat([head(WINDOW, SYN, 2, 0), head(0, ACK, 2, 0)]), 'CW_MUX_FLAGS'],
    ['ACK of ours', head(WINDOW, ACK, 1, 0), undefined],
    ['RST with ACK of ours', head(0, RST | ACK, 1, 0), undefined],
    ['FIN with ACK of ours', head(0, FIN | ACK, 1, 0), undefined],
    ['data for one of ours that was never opened', head(0, 0, 3, 1), 'CW_MUX_STREAM_ID'],
    ['data behind our stream’s FIN', Buffer.concat([head(0, FIN, 1, 0), head(WINDOW, FIN, 1, 0)]), 'CW_MUX_FLAGS'],
    ['go-away for a protocol error', head(GOAWAY, 0, 0, 1), 'CW_TUNNEL_CLOSED'],
    ['go-away of a code of its own', head(GOAWAY, 0, 0, 77), 'CW_TUNNEL_CLOSED'],
    ['two go-aways', Buffer.concat([head(GOAWAY, 0, 0, 0), head(GOAWAY, 0, 0, 0)]), undefined],
  ];
  it.each(cases)('%s', (_name, bytes, code) => {
    const one = new Bench('client');
    benches.push(one);
    one.session.open().onData = () => {};
    one.turn();
    one.feed(bytes);
    expect([one.code, one.closed === undefined]).toEqual([code, code === undefined]);
  });
});

describe('ids', () => {
  it('never come twice, also not after the close', () => {
    const one = open();
    one.opened[0]?.end();
    one.feed(head(0, FIN, 1, 0));
    expect(one.session.streams).toBe(0);
    one.feed(head(WINDOW, SYN, 1, 0));
    expect(one.code).toBe('CW_MUX_STREAM_ID');
  });

  it('of the peer end at the last one', () => {
    const one = bench();
    one.feed(head(WINDOW, SYN, 0xffffffff, 0));
    expect([one.session.streams, one.code]).toEqual([1, undefined]);
    one.feed(head(WINDOW, SYN, 1, 0));
    expect(one.code).toBe('CW_MUX_STREAM_ID');
  });

  it.each([
    ['client', 0xfffffffd],
    ['server', 0xfffffffc],
  ] as const)('of the %s that are used up drain the session on both sides', (role, firstId) => {
    const one = new Bench(role, {}, { firstId });
    benches.push(one);
    const last = one.session.open();
    expect(last.id).toBe(firstId);
    one.turn();
    one.sent();
    for (let i = 0; i < 2; i += 1) {
      expect(() => one.session.open()).toThrow(expect.objectContaining({ code: 'CW_TUNNEL_CLOSED' }));
    }
    one.turn();
    expect([one.frames(), one.goneAway, one.session.streams]).toEqual([['go-away - #0 0'], 1, 1]);
    one.feed(Buffer.concat([head(WINDOW, ACK, firstId, 0), data(0, firstId, 3)]));
    expect(one.code).toBeUndefined();
  });
});

describe('credit', () => {
  it('never sums up to more than the format holds', () => {
    const one = open();
    one.feed(head(WINDOW, 0, 1, 0xffffffff - 256 * KIB));
    expect(one.code).toBeUndefined();
    one.feed(head(WINDOW, 0, 1, 1));
    expect(one.code).toBe('CW_MUX_WINDOW');
  });

  it('is worth exactly what was returned', () => {
    const one = open();
    one.feed(data(0, 1, 128 * KIB));
    expect(one.frames()).toContain(`window - #1 ${128 * KIB}`);
    one.opened[0]?.pause();
    one.feed(data(0, 1, 256 * KIB));
    expect(one.code).toBeUndefined();
    one.feed(head(0, 0, 1, 1));
    expect(one.code).toBe('CW_MUX_WINDOW');
  });
});

describe('floods', () => {
  it('pings', () => {
    const one = open();
    for (let i = 0; i < 20_000 && one.code === undefined; i += 1) one.session.receive(head(PING, SYN, 0, i));
    expect(one.code).toBe('CW_MUX_FLOOD');
  });

  it('answers to pings that nobody sent', () => {
    const one = open();
    for (let i = 0; i < 20_000 && one.code === undefined; i += 1) one.session.receive(head(PING, ACK, 0, i));
    expect(one.code).toBe('CW_MUX_FLOOD');
  });

  it('empty frames', () => {
    const one = open();
    for (let i = 0; i < 20_000 && one.code === undefined; i += 1) one.session.receive(head(i & 1, 0, 1, 0));
    expect(one.code).toBe('CW_MUX_FLOOD');
  });

  it.each([
    ['ACKs of ours', () => head(0, ACK, 2, 0)],
    ['FINs of a stream that is closed', () => head(0, FIN, 1, 0)],
    ['credit of nothing for a stream that is closed', () => head(WINDOW, FIN, 1, 0)],
    ['RSTs of a stream that is closed', () => head(0, RST, 1, 0)],
    ['go-aways', () => head(GOAWAY, 0, 0, 0)],
  ])('%s, again and again', (_name, frame) => {
    const one = open();
    one.session.open();
    one.opened[0]?.reset();
    one.turn();
    let sent = 0;
    for (; sent < 20_000 && one.code === undefined; sent += 1) one.session.receive(frame());
    expect([one.code, sent > 100]).toEqual(['CW_MUX_FLOOD', true]);
  });

  it('a peer that resets ten thousand streams of ours is no attacker', () => {
    const one = new Bench('client');
    benches.push(one);
    for (let i = 0; i < 10_000; i += 1) one.session.open();
    one.turn();
    for (let i = 0; i < 10_000; i += 1) one.session.receive(head(0, RST, i * 2 + 1, 0));
    expect([one.code, one.session.streams]).toEqual([undefined, 0]);
  });

  it('nor one that resets ten thousand of its own that were answered', () => {
    const one = open();
    for (let id = 3; id < 20_000; id += 2) one.feed(head(WINDOW, SYN, id, 0));
    for (const stream of one.opened) stream.write(Buffer.from('answer'));
    for (let id = 1; id < 20_000; id += 2) one.session.receive(head(0, RST, id, 0));
    expect([one.code, one.session.streams]).toEqual([undefined, 0]);
  });

  it('resets of ten thousand streams that cross ours are expected', () => {
    const one = open();
    for (let id = 3; id < 20_000; id += 2) one.feed(head(WINDOW, SYN, id, 0));
    for (const stream of one.opened) stream.reset();
    one.turn();
    for (let id = 1; id < 20_000; id += 2) one.session.receive(head(0, id % 4 === 1 ? RST : FIN, id, 0));
    expect(one.code).toBeUndefined();
  });

  it('streams while no more are taken', () => {
    const one = new Bench('server', {}, { admits: () => false });
    benches.push(one);
    one.feed(Buffer.concat([head(WINDOW, SYN, 1, 0), data(0, 1, 10), head(0, FIN, 1, 0)]));
    expect([one.frames(), one.opened.length, one.code]).toEqual([['window RST #1 0'], 0, undefined]);
    for (let id = 3; id < 60_000 && one.code === undefined; id += 2) one.session.receive(head(WINDOW, SYN, id, 0));
    expect(one.code).toBe('CW_MUX_STREAMS');
  });

  it('streams opened and reset at once', () => {
    const one = open();
    for (let id = 3; id < 60_000 && one.code === undefined; id += 2) {
      one.session.receive(Buffer.concat([head(WINDOW, SYN, id, 0), head(WINDOW, RST, id, 0)]));
    }
    expect(one.code).toBe('CW_MUX_FLOOD');
  });

  it('streams beyond the limit are reset, and only who goes on is closed', () => {
    const one = open({ streams: 10 });
    for (let id = 3; id <= 29; id += 2) one.feed(head(WINDOW, SYN, id, 0));
    expect(one.session.streams).toBe(10);
    expect(one.code).toBeUndefined();
    expect(one.frames().filter((frame) => frame.startsWith('window RST'))).toEqual(
      [21, 23, 25, 27, 29].map((id) => `window RST #${id} 0`),
    );
    // What the peer sent before it knew is dropped; the first stream still works.
    one.feed(data(0, 29, 256 * KIB));
    let got = 0;
    const first = one.opened[0];
    if (first !== undefined) first.onData = (bytes) => (got += bytes.length);
    one.feed(data(0, 1, 5));
    expect([one.code, got]).toEqual([undefined, 5]);
    for (let id = 31; id < 60_000 && one.code === undefined; id += 2) one.session.receive(head(WINDOW, SYN, id, 0));
    expect(one.code).toBe('CW_MUX_STREAMS');
  });

  it('a rate that a well-behaved peer may have is taken for ever', () => {
    const one = open();
    for (let second = 0; second < 60; second += 1) {
      one.time += 1_000;
      for (let i = 0; i < 200; i += 1) one.session.receive(head(PING, SYN, 0, i));
      one.turn();
      one.out.length = 0;
    }
    expect(one.code).toBeUndefined();
  });

  it('questions from a peer that never reads the answers', () => {
    const one = open();
    one.takes = false;
    one.opened[0]?.write(Buffer.from('x'));
    one.turn();
    for (let i = 0; i < 1_000_000 && one.code === undefined; i += 1) {
      one.time += 10;
      one.session.receive(head(PING, SYN, 0, i));
    }
    expect(one.code).toBe('CW_MUX_FLOOD');
  });
});

it('a peer that talks and never answers a ping is cut in the end', () => {
  const one = open();
  one.time += 10_000;
  one.session.tick();
  for (let second = 0; second < 300 && one.code === undefined; second += 1) {
    one.time += 1_000;
    one.session.receive(data(0, 1, 1));
    one.session.tick();
  }
  expect([one.code, one.time]).toEqual(['CW_MUX_TIMEOUT', 130_000]);
});

describe('late frames', () => {
  it('of a stream that was reset here are dropped, up to the window that the peer had', () => {
    const one = open();
    one.opened[0]?.reset();
    one.turn();
    one.sent();
    one.feed(data(0, 1, 200 * KIB));
    one.feed(data(FIN, 1, 56 * KIB));
    one.feed(head(WINDOW, 0, 1, 17));
    expect(one.code).toBeUndefined();
    one.feed(head(0, 0, 1, 1));
    expect(one.code).toBe('CW_MUX_WINDOW');
  });

  it('of a stream that the peer itself had reset are not allowed any data', () => {
    const one = open();
    one.feed(head(WINDOW, RST, 1, 0));
    one.feed(head(0, 0, 1, 1));
    expect(one.code).toBe('CW_MUX_WINDOW');
  });
});

describe('memory', () => {
  it('a writer that goes on although the peer takes nothing loses its stream', () => {
    const one = new Bench('client');
    benches.push(one);
    const stream = one.session.open();
    const codes: (string | undefined)[] = [];
    stream.onClose = (error) => codes.push(error?.code);
    let written = 0;
    for (; written < 1_000 && !stream.closed; written += 1) stream.write(new Uint8Array(64 * KIB));
    expect([codes, stream.pendingBytes, written < 140]).toEqual([['CW_BUSY'], 0, true]);
    expect(stream.write(new Uint8Array(1))).toBe(false);
    expect(one.code).toBeUndefined();
  });

  it('what paused streams hold is bounded for the process: the stream beyond it is reset', () => {
    const one = bench();
    one.budget.limitBytes = 300 * KIB;
    const codes: string[] = [];
    for (const id of [1, 3, 5]) {
      one.feed(head(WINDOW, SYN, id, 0));
      const stream = one.opened.at(-1);
      if (stream !== undefined) stream.onClose = (error) => codes.push(`${id} ${error?.code}`);
      one.feed(data(0, id, 140 * KIB));
    }
    expect(codes).toEqual(['5 CW_BUSY']);
    expect(one.budget.heldBytes).toBe(280 * KIB);
    expect(one.code).toBeUndefined();
  });

  it('one-byte frames into a paused stream cost bytes, not objects', () => {
    const one = open();
    one.opened[0]?.pause();
    const frame = data(0, 1, 1);
    const many = Buffer.concat(Array.from({ length: 4096 }, () => frame));
    globalThis.gc?.();
    const before = process.memoryUsage().heapUsed;
    for (let i = 0; i < 64; i += 1) one.feed(Buffer.from(many));
    globalThis.gc?.();
    expect(one.budget.heldBytes).toBe(256 * KIB);
    let pieces = 0;
    const stream = one.opened[0];
    if (stream !== undefined) stream.onData = () => (pieces += 1);
    stream?.resume();
    expect(pieces).toBeLessThan(64);
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(64 * KIB * KIB);
  });
});
