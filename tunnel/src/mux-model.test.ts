import * as fc from 'fast-check';
import { afterEach, expect, it } from 'vitest';
import { WindowBudget } from './mux-limits.ts';
import type { MuxStream } from './mux-stream.ts';
import { sessionPair } from './session-pair.ts';
import { noLeaks } from './tunnel-pair.ts';

afterEach(noLeaks);

/** What one direction of one stream should carry: a known sequence of `total` bytes. */
const at = (seed: number, index: number): number => (index * 31 + seed * 17 + (index >>> 8)) & 0xff;

class Sender {
  readonly stream: MuxStream;
  readonly seed: number;
  readonly total: number;
  sent = 0;
  #blocked = false;
  constructor(stream: MuxStream, seed: number, total: number) {
    this.stream = stream;
    this.seed = seed;
    this.total = total;
    stream.onDrain = () => (this.#blocked = false);
  }
  step(size: number): void {
    if (this.#blocked || this.stream.closed) return;
    const length = Math.min(size, this.total - this.sent);
    if (length === 0) return this.stream.end();
    const from = this.sent;
    this.sent += length;
    this.#blocked = !this.stream.write(Uint8Array.from({ length }, (_, i) => at(this.seed, from + i)));
  }
}

class Receiver {
  readonly stream: MuxStream;
  readonly seed: number;
  got = 0;
  wrong = 0;
  ended = false;
  paused = false;
  constructor(stream: MuxStream, seed: number) {
    this.stream = stream;
    this.seed = seed;
    stream.onData = (bytes) => {
      if (this.ended || this.paused) this.wrong += 1;
      for (const byte of bytes) if (byte !== at(seed, this.got++)) this.wrong += 1;
    };
    stream.onEnd = () => {
      this.ended = true;
    };
  }
  pause(on: boolean): void {
    this.paused = on;
    if (on) this.stream.pause();
    else this.stream.resume();
  }
}

const action = fc.record({
  what: fc.constantFrom('write', 'write', 'write', 'pause', 'resume', 'move', 'move', 'move'),
  stream: fc.nat(15),
  size: fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 150_000 })),
});

it('brings every byte in order, FIN last, whatever is paused, cut and blocked', () => {
  const run = (totals: number[], actions: { what: string; stream: number; size: number }[], window: number): void => {
    const budget = new WindowBudget(4 * 1024 * 1024);
    const senders: Sender[] = [];
    const receivers: Receiver[] = [];
    const ends: string[] = [];
    const attach = (stream: MuxStream, inSeed: number, outSeed: number): void => {
      receivers.push(new Receiver(stream, inSeed));
      senders.push(new Sender(stream, outSeed, totals[outSeed % totals.length] ?? 0));
      stream.onClose = (error) => ends.push(error === null ? 'closed' : error.code);
    };
    const net = sessionPair(
      window,
      budget,
      (stream) => attach(stream, stream.id * 2, stream.id * 2 + 1),
      (error) => expect(error).toBeNull(),
    );
    for (const session of [net.sessions.client, net.sessions.server, net.sessions.client]) {
      const stream = session.open();
      attach(stream, stream.id * 2 + 1, stream.id * 2);
    }
    for (const { what, stream, size } of actions) {
      if (what === 'write') senders[stream % senders.length]?.step(size);
      else if (what === 'move') net.move(stream % 2 === 0 ? 'client' : 'server', size);
      else receivers[stream % receivers.length]?.pause(what === 'pause');
    }
    for (let rounds = 0; ends.length < 6; rounds += 1) {
      if (rounds > 10_000) throw new Error(`stuck: ${ends.length} of 6 closed`);
      net.move('client', 64_000);
      net.move('server', 64_000);
      for (const receiver of receivers) if (receiver.paused) receiver.pause(false);
      for (const sender of senders) sender.step(50_000);
    }
    expect(ends).toEqual(Array.from({ length: 6 }, () => 'closed'));
    expect(receivers.map(({ wrong, ended }) => [wrong, ended])).toEqual(receivers.map(() => [0, true]));
    const sum = (numbers: number[]): number => numbers.reduce((all, n) => all + n, 0);
    expect(sum(receivers.map(({ got }) => got))).toBe(sum(senders.map(({ total }) => total)));
    net.sessions.client.close();
    net.sessions.server.transportEnded(null);
    expect([budget.heldBytes, budget.raisedBytes]).toEqual([0, 0]);
  };
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.nat(300), fc.nat(900_000)), { minLength: 6, maxLength: 6 }),
      fc.array(action, { maxLength: 150 }),
      fc.constantFrom(256 * 1024, 300_000, 1024 * 1024),
      run,
    ),
    { numRuns: 40 },
  );
});
