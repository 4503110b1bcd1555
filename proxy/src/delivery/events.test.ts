import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { EventRecord } from '../rpc/messages.ts';
import { EventSpill } from './event-spill.ts';
import { Events } from './events.ts';

function eventOf(decision: string): EventRecord {
  return {
    at: 0,
    decision,
    kind: 'request',
    user: null,
    device: null,
    session: null,
    app: null,
    method: null,
    verdict: null,
    address: '',
    verb: null,
    path: null,
    status: null,
    bytesUp: 0,
    bytesDown: 0,
    ms: 0,
    worker: 0,
  };
}

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'causeway-events-'));
  file = join(folder, 'edge-0.ndjson');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('Events', () => {
  test('go in batches, in order, one batch at a time', async () => {
    const batches: string[][] = [];
    let under = 0;
    const events = new Events({
      deliver: async (batch) => {
        expect(++under).toBe(1);
        await new Promise((resolve) => setImmediate(resolve));
        under--;
        batches.push(batch.map((event) => event.decision));
      },
      spill: new EventSpill(file),
      onDropped: () => undefined,
    });
    for (let i = 0; i < 1_201; i++) events.push(eventOf(String(i)));
    await events.close();
    expect(batches.map((batch) => batch.length)).toEqual([500, 500, 201]);
    expect(batches.flat()).toEqual(Array.from({ length: 1_201 }, (_, i) => String(i)));
  });

  test('spill while nobody takes them, and come back in order', async () => {
    let away = true;
    const delivered: string[] = [];
    const dropped = vi.fn<(count: number) => void>();
    const events = new Events({
      deliver: (batch) => {
        if (away) return Promise.reject(new Error('away'));
        delivered.push(...batch.map((event) => event.decision));
        return Promise.resolve();
      },
      spill: new EventSpill(file),
      onDropped: dropped,
    });
    for (let i = 0; i < 600; i++) events.push(eventOf(String(i)));
    await events.close();
    expect(delivered).toEqual([]);
    await expect(events.replay()).rejects.toThrow('away');
    away = false;
    await events.replay();
    expect(delivered).toEqual(Array.from({ length: 600 }, (_, i) => String(i)));
    await events.replay();
    expect(delivered).toHaveLength(600);
    expect(dropped).not.toHaveBeenCalled();
  });

  test('too many for memory are written beside while a batch is on its way, and come back; what is beyond is counted', async () => {
    const { promise: answered, resolve: answer } = Promise.withResolvers<void>();
    const delivered: string[] = [];
    const dropped: number[] = [];
    const spill = new EventSpill(file);
    const events = new Events({
      deliver: async (batch) => {
        await answered;
        delivered.push(...batch.map((event) => event.decision));
      },
      spill,
      onDropped: (count) => dropped.push(count),
    });
    const push = (from: number, to: number): void => {
      for (let i = from; i < to; i++) events.push(eventOf(String(i)));
    };
    push(0, 500);
    await new Promise((resolve) => setImmediate(resolve));
    push(500, 40_503);
    expect([spill.bytes, events.dropped]).toEqual([0, 3]);
    await vi.waitFor(() => expect(spill.bytes).toBeGreaterThan(0));
    answer();
    await events.close();
    await events.replay();
    expect(delivered.toSorted((a, b) => Number(a) - Number(b))).toEqual(
      Array.from({ length: 40_500 }, (_, i) => String(i)),
    );
    expect(dropped).toEqual([1, 1, 1]);
  });
});

describe('EventSpill', () => {
  test('is bounded, and says how many found no place', () => {
    const size = Buffer.byteLength(`${JSON.stringify(eventOf('x'))}\n`);
    const spill = new EventSpill(file, 2 * size);
    expect(spill.append([eventOf('a'), eventOf('b'), eventOf('c')])).toBe(1);
    expect(spill.append([eventOf('d')])).toBe(1);
    expect(readFileSync(file, 'utf8').trim().split('\n')).toHaveLength(2);
    expect(new EventSpill(file, 2 * size).bytes).toBe(2 * size);
  });
});
