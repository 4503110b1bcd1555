import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { EventSpill } from '../../../delivery/event-spill.ts';
import type { EventRecord } from '../../../rpc/messages.ts';
import { eventOf } from '../event-fixture.ts';
import { Exporter } from './exporter.ts';
import type { Sink } from './sink.ts';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'causeway-export-'));
  file = join(folder, 'export-a.ndjson');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

class FakeSink implements Sink {
  readonly sent: string[] = [];
  tries = 0;
  failing = false;
  hanging = false;
  closed = false;

  async send(events: readonly EventRecord[], signal: AbortSignal): Promise<void> {
    this.tries++;
    if (this.hanging) {
      await new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(new Error('late'))));
    }
    if (this.failing) throw new Error('away');
    this.sent.push(...events.map(({ decision }) => decision));
  }

  async close(): Promise<void> {
    this.closed = true;
  }
}

const numbered = (count: number): EventRecord[] =>
  Array.from({ length: count }, (_, i) => eventOf({ decision: String(i) }));
const names = (count: number): string[] => numbered(count).map(({ decision }) => decision);

function exporterOf(sink: Sink, maxBytes?: number) {
  const states: (string | null)[] = [];
  const counts = { delivered: 0, dropped: 0 };
  const exporter = new Exporter({
    sink,
    spill: new EventSpill(file, maxBytes),
    onDelivered: (count) => void (counts.delivered += count),
    onDropped: (count) => void (counts.dropped += count),
    onState: (failure) => void states.push(failure),
    retryMs: [5, 10],
  });
  return { exporter, states, counts };
}

test('what a sink does not take is written beside and sent when it does, all of it', async () => {
  const sink = new FakeSink();
  sink.failing = true;
  const { exporter, states, counts } = exporterOf(sink);
  exporter.push(numbered(1_500));
  await expect.poll(() => sink.tries).toBeGreaterThan(3);
  expect(states.at(-1)).toBe('away');
  expect(counts).toEqual({ delivered: 0, dropped: 0 });
  sink.failing = false;
  await expect.poll(() => new Set(sink.sent).size).toBe(1_500);
  expect(states.at(-1)).toBeNull();
  await exporter.close();
  expect(sink.closed).toBe(true);
  expect([...new Set(sink.sent)].toSorted()).toEqual(names(1_500).toSorted());
});

test('what is not delivered at the end is delivered after the next start', async () => {
  const hanging = new FakeSink();
  hanging.hanging = true;
  const first = exporterOf(hanging);
  first.exporter.push(numbered(700));
  await expect.poll(() => hanging.tries).toBe(1);
  await first.exporter.close();
  expect(readFileSync(file, 'utf8').trimEnd().split('\n')).toHaveLength(700);
  const sink = new FakeSink();
  const second = exporterOf(sink);
  await expect.poll(() => sink.sent.length).toBe(700);
  await second.exporter.close();
  expect(sink.sent.toSorted()).toEqual(names(700).toSorted());
  expect(second.counts).toEqual({ delivered: 700, dropped: 0 });
});

test('what finds no place is dropped and counted', async () => {
  const sink = new FakeSink();
  sink.failing = true;
  const { exporter, counts } = exporterOf(sink, 10 * JSON.stringify(eventOf()).length + 50);
  exporter.push(numbered(500));
  await expect.poll(() => counts.dropped).toBeGreaterThan(480);
  await exporter.close();
  expect(counts.dropped).toBeLessThan(500);
});
