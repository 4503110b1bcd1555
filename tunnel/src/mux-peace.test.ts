import type { CausewayError } from '@causeway/contract';
import * as fc from 'fast-check';
import { afterEach, expect, it } from 'vitest';
import { WindowBudget } from './mux-limits.ts';
import type { MuxStream } from './mux-stream.ts';
import { sessionPair } from './session-pair.ts';
import { noLeaks } from './tunnel-pair.ts';

afterEach(noLeaks);

const SIDES = ['client', 'server'] as const;
const step = fc.record({
  what: fc.constantFrom('open', 'write', 'write', 'end', 'reset', 'pause', 'resume', 'goAway', 'move', 'move', 'move'),
  side: fc.constantFrom(...SIDES),
  stream: fc.nat(30),
  size: fc.oneof(fc.constant(0), fc.nat(40), fc.nat(300_000)),
});

/**
 * Whatever two well-behaved sides do at the same time (reset what the other ends, end what the other resets, refuse
 * what is being opened, go away), neither may take the other's late frames for a violation.
 */
it('two sides that crossed each other never accuse each other', () => {
  const run = (steps: { what: string; side: 'client' | 'server'; stream: number; size: number }[]): void => {
    const budget = new WindowBudget(1024 * 1024);
    const ends: (string | null)[] = [];
    const streams: MuxStream[] = [];
    const closed: MuxStream[] = [];
    const reasons = new Set<string>(['ended', 'CW_STREAM_RESET', 'CW_BUSY']);
    const attach = (stream: MuxStream): void => {
      streams.push(stream);
      stream.onData = () => {};
      stream.onClose = (error: CausewayError | null) => {
        reasons.add(error?.code ?? 'ended');
        closed.push(stream);
      };
    };
    const net = sessionPair(1024 * 1024, budget, attach, (error) => ends.push(error?.code ?? null));
    let goneAway = false;
    let refused = false;
    for (const { what, side, stream: number, size } of steps) {
      const stream = streams[number % Math.max(1, streams.length)];
      if (what === 'open') {
        try {
          attach(net.sessions[side].open());
        } catch {
          refused = true;
        }
      } else if (what === 'goAway') {
        goneAway ||= size === 0;
        if (size === 0) net.sessions[side].goAway();
      } else if (what === 'move') net.move(side, size);
      else if (what === 'write') stream?.write(new Uint8Array(size));
      else if (what === 'end') stream?.end();
      else if (what === 'reset') stream?.reset();
      else if (what === 'pause') stream?.pause();
      else stream?.resume();
      expect(ends).toEqual([]);
    }
    for (let rounds = 0, moved = true; moved || closed.length < streams.length; rounds += 1) {
      if (rounds > 1_000) throw new Error(`stuck: ${closed.length} of ${streams.length} closed`);
      for (const stream of streams) {
        stream.resume();
        stream.end();
      }
      moved = SIDES.map((side) => net.move(side, 64_000)).includes(true);
    }
    expect([ends, net.sessions.client.streams, net.sessions.server.streams]).toEqual([[], 0, 0]);
    expect([reasons.size, refused && !goneAway]).toEqual([3, false]);
    net.sessions.client.close();
    net.sessions.server.close();
    expect([budget.heldBytes, budget.raisedBytes]).toEqual([0, 0]);
  };
  fc.assert(fc.property(fc.array(step, { maxLength: 120 }), run), { numRuns: 1_000 });
});
