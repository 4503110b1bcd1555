import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ACK, Bench, data, FIN, GOAWAY, head, hex, PING, RST, SYN, WINDOW } from './session-bench.ts';
import type { MuxStream } from './mux-stream.ts';

const KIB = 1024;

let b: Bench;
beforeEach(() => {
  b = new Bench('server');
});
afterEach(() => {
  b.end();
});

const compact = (...frames: string[]): string => frames.join('').replaceAll(' ', '');

function client(): Bench {
  b.session.close();
  b = new Bench('client');
  return b;
}

/** The first stream that the peer opened, with what it received. */
function accept(): { stream: MuxStream; got: () => string; log: string[] } {
  const stream = b.opened[0];
  if (stream === undefined) throw new Error('no stream');
  const pieces: Uint8Array[] = [];
  const log: string[] = [];
  stream.onData = (bytes) => {
    pieces.push(bytes.slice());
    log.push('data');
  };
  stream.onEnd = () => log.push('end');
  stream.onClose = (error) => log.push(error === null ? 'closed' : error.code);
  b.turn();
  return { stream, got: () => Buffer.concat(pieces).toString(), log };
}

describe('the wire', () => {
  it('opens, writes, ends and resets as the format says, in one write per turn', () => {
    client();
    const stream = b.session.open();
    stream.write(Buffer.from('hi'));
    stream.end();
    b.session.open().reset();
    b.turn();
    expect(b.out.length).toBe(1);
    expect(b.sent()).toBe(
      compact(
        '00 01 0001 00000001 00000000',
        '00 00 0000 00000001 00000002 6869',
        '00 00 0004 00000001 00000000',
        '00 01 0001 00000003 00000000',
        '00 00 0008 00000003 00000000',
      ),
    );
  });

  it('acknowledges with whatever it sends first, or by itself at the end of the turn', () => {
    b.feed('00 01 0001 00000001 00000000');
    expect(b.sent()).toBe(compact('00 01 0002 00000001 00000000'));
    b.session.receive(hex('00 00 0001 00000003 00000001 61'));
    b.opened[1]?.write(Buffer.from('x'));
    b.turn();
    expect(b.sent()).toBe(compact('00 00 0002 00000003 00000001 78'));
  });

  it('gives even ids to the accepting side', () => {
    expect([b.session.open().id, b.session.open().id]).toEqual([2, 4]);
  });

  it('answers pings and goes away', () => {
    b.feed('00 02 0001 00000000 deadbeef');
    b.session.goAway();
    b.turn();
    expect(b.sent()).toBe(compact('00 02 0002 00000000 deadbeef', '00 03 0000 00000000 00000000'));
    expect(() => b.session.open()).toThrow(expect.objectContaining({ code: 'CW_TUNNEL_CLOSED' }));
    b.feed(head(WINDOW, SYN, 1, 0));
    expect(b.frames()).toEqual(['window RST #1 0']);
  });

  it('decodes the same wherever the chunks are cut', () => {
    const bytes = Buffer.concat([
      head(WINDOW, SYN, 1, 0),
      head(0, 0, 1, 5),
      Buffer.from('hello'),
      head(PING, SYN, 0, 9),
      head(0, FIN, 1, 6),
      Buffer.from(' world'),
    ]);
    for (let cut = 1; cut < bytes.length; cut += 1) {
      const one = new Bench('server');
      let got = '';
      one.feed(bytes.subarray(0, cut));
      const listen = (): void => {
        const stream = one.opened[0];
        if (stream !== undefined) stream.onData = (piece) => (got += Buffer.from(piece).toString());
      };
      listen();
      one.feed(bytes.subarray(cut));
      listen();
      one.turn();
      expect(got, `cut at ${cut}`).toBe('hello world');
      expect(one.frames()).toContain('ping ACK #0 9');
      one.session.close();
    }
  });
});

describe('a stream', () => {
  it('keeps data, the end and the close until there are handlers', () => {
    b.feed(Buffer.concat([head(0, SYN, 1, 3), Buffer.from('abc'), head(0, FIN, 1, 0)]));
    b.opened[0]?.end();
    b.turn();
    expect(b.opened[0]?.closed).toBe(false);
    const { got, log } = accept();
    expect(got()).toBe('abc');
    expect(log).toEqual(['data', 'end', 'closed']);
    expect(b.session.streams).toBe(0);
  });

  it('tells a close that happened before anybody listened', () => {
    b.feed(Buffer.concat([head(WINDOW, SYN, 1, 0), head(WINDOW, RST, 1, 0)]));
    expect(accept().log).toEqual(['CW_STREAM_RESET']);
  });

  it('delivers FIN after data, goes on writing, and closes after its own FIN', () => {
    b.feed(head(WINDOW, SYN, 1, 0));
    const { stream, log, got } = accept();
    stream.pause();
    b.feed(data(FIN, 1, 10));
    expect(log).toEqual([]);
    stream.resume();
    expect([log, got().length]).toEqual([['data', 'end'], 10]);
    stream.write(Buffer.from('still here'));
    stream.end();
    b.turn();
    expect(log).toEqual(['data', 'end', 'closed']);
    expect(b.frames()).toEqual(['window ACK #1 0', 'data - #1 10', 'data FIN #1 0']);
  });

  it('returns credit for what the consumer took, and withholds it while paused', () => {
    b.feed(head(WINDOW, SYN, 1, 0));
    const { stream } = accept();
    b.sent();
    b.feed(data(0, 1, 128 * KIB));
    expect(b.frames()).toContain(`window - #1 ${128 * KIB}`);
    stream.pause();
    b.feed(data(0, 1, 200 * KIB));
    expect(b.frames().filter((frame) => frame.startsWith('window'))).toEqual([]);
    expect(b.budget.heldBytes).toBe(200 * KIB);
    stream.resume();
    b.turn();
    expect(b.frames()).toContain(`window - #1 ${200 * KIB}`);
    expect(b.budget.heldBytes).toBe(0);
  });

  it('stops at the peer’s window and goes on with its credit, FIN last', () => {
    client();
    const stream = b.session.open();
    let drained = 0;
    stream.onDrain = () => (drained += 1);
    expect(stream.write(Buffer.alloc(300 * KIB))).toBe(false);
    stream.end();
    b.turn();
    const lengths = b.frames().map((frame) => Number(frame.split(' ').at(-1)));
    expect(lengths.reduce((sum, n) => sum + n, 0)).toBe(256 * KIB);
    expect(stream.pendingBytes).toBe(44 * KIB);
    b.feed(head(WINDOW, ACK, 1, 100 * KIB));
    expect(b.frames()).toEqual([`data - #1 ${44 * KIB}`, 'data FIN #1 0']);
    expect([stream.bytesOut, stream.pendingBytes, drained]).toEqual([300 * KIB, 0, 1]);
  });

  it('stops when the output is full, and streams then take turns', () => {
    client();
    b.takes = false;
    const one = b.session.open();
    const two = b.session.open();
    one.write(Buffer.from('x'));
    b.turn();
    b.sent();
    expect(one.write(Buffer.alloc(200 * KIB))).toBe(false);
    expect(two.write(Buffer.alloc(200 * KIB))).toBe(false);
    b.turn();
    expect(b.frames()).toEqual([]);
    b.takes = true;
    b.session.outputDrained();
    expect(b.frames().map((frame) => frame.slice(7, 9))).toEqual(
      ['#1', '#2', '#1', '#2', '#1', '#2', '#1', '#2'].map((id) => id.replace('#2', '#3')),
    );
  });

  it('passes large payloads by reference and copies small ones', () => {
    client();
    const stream = b.session.open();
    const large = new Uint8Array(20 * KIB);
    const seen: Uint8Array[] = [];
    b.seen = (chunk) => seen.push(chunk);
    stream.write(large);
    b.turn();
    expect(seen.some((chunk) => chunk.buffer === large.buffer)).toBe(true);
    seen.length = 0;
    const small = new Uint8Array(100);
    stream.write(small);
    b.turn();
    expect(seen.length).toBe(1);
    expect(seen[0]?.buffer === small.buffer).toBe(false);
  });
});

describe('windows', () => {
  /** Feeds one full window, whose consumption takes `elapsed` ms. */
  const fill = (elapsed: number, bytes: number): void => {
    b.time += elapsed;
    b.feed(data(0, 1, bytes));
  };

  it('grow while bandwidth × delay wants it, up to the limit and the budget', () => {
    b.session.close();
    b = new Bench('server', { maxWindowBytes: 1024 * KIB });
    b.feed(head(WINDOW, SYN, 1, 0));
    accept();
    fill(1, 128 * KIB);
    const ping = b.frames().find((frame) => frame.startsWith('ping SYN'));
    expect(ping).toBeDefined();
    b.time += 50;
    b.feed(head(PING, ACK, 0, Number(ping?.split(' ').at(-1))));
    expect(b.session.rttMs).toBeCloseTo(50);
    fill(1, 128 * KIB); // the wait for the ping counts here
    expect(b.frames()).toContain(`window - #1 ${128 * KIB}`);
    fill(1, 128 * KIB);
    expect(b.frames()).toContain(`window - #1 ${(128 + 256) * KIB}`);
    fill(1, 256 * KIB);
    expect(b.frames()).toContain(`window - #1 ${(256 + 512) * KIB}`);
    fill(1, 512 * KIB);
    expect(b.frames()).toContain(`window - #1 ${512 * KIB}`);
    expect(b.budget.raisedBytes).toBe(768 * KIB);
  });

  it('do not grow for a slow sender, nor without budget', () => {
    b.feed(head(WINDOW, SYN, 1, 0));
    accept();
    fill(1, 128 * KIB);
    const ping = Number(
      b
        .frames()
        .find((frame) => frame.startsWith('ping SYN'))
        ?.split(' ')
        .at(-1),
    );
    b.time += 50;
    b.feed(head(PING, ACK, 0, ping));
    fill(1000, 128 * KIB);
    expect(b.budget.raisedBytes).toBe(0);
    b.budget.limitBytes = 10 * KIB;
    fill(1, 128 * KIB);
    expect(b.budget.raisedBytes).toBe(10 * KIB);
  });
});

describe('keep-alive', () => {
  it('pings when the interval is over and closes when nothing at all comes back', () => {
    b.time = 10_000;
    b.session.tick();
    b.turn();
    expect(b.frames()).toEqual(['ping SYN #0 2']);
    b.time = 15_000;
    b.feed(head(WINDOW, SYN, 1, 0));
    b.time = 24_999;
    b.session.tick();
    expect(b.code).toBeUndefined();
    b.time = 25_000;
    b.session.tick();
    expect(b.code).toBe('CW_MUX_TIMEOUT');
    expect(b.frames().at(-1)).toBe('go-away - #0 2');
  });
});

describe('the end', () => {
  it('tells every stream, says go-away, and is final', () => {
    b.feed(head(WINDOW, SYN, 1, 0));
    const { log, stream } = accept();
    b.sent();
    b.session.close();
    b.session.close();
    expect(b.frames()).toEqual(['go-away - #0 0']);
    expect(log).toEqual(['CW_TUNNEL_CLOSED']);
    expect(b.closed).toBeNull();
    expect(stream.write(Buffer.from('late'))).toBe(false);
    b.feed(head(PING, SYN, 0, 1));
    expect(b.frames()).toEqual([]);
  });

  it('opens nothing after the peer’s go-away, and lets streams go on', () => {
    b.feed(head(WINDOW, SYN, 1, 0));
    const { got } = accept();
    b.feed(head(GOAWAY, 0, 0, 0));
    expect(b.goneAway).toBe(1);
    expect(() => b.session.open()).toThrow(expect.objectContaining({ code: 'CW_TUNNEL_CLOSED' }));
    b.feed(data(0, 1, 5));
    expect(got().length).toBe(5);
  });

  it('ends at once when the peer went away for an error', () => {
    b.feed(head(GOAWAY, 0, 0, 1));
    expect(b.code).toBe('CW_TUNNEL_CLOSED');
  });
});
