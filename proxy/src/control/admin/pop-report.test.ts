import { expect, test } from 'vitest';
import { PopReport } from './pop-report.ts';
import type { Pop } from './pops.ts';

const tunnel = { name: 'north', id: 'p1', streams: 0, since: 1 };
const worker = { worker: 0, snapshot: 1, sessions: 0, streams: 0, publishers: [tunnel], agents: 0 };
const pop = {
  id: 'pop_a',
  name: 'a',
  version: '1',
  snapshot: 1,
  epoch: 1,
  workers: [worker],
  degraded: [],
  startedAt: 1,
};

test('a PoP is written down each beat, and at once when tunnels or snapshot change', async () => {
  let now = 0;
  let is: Omit<Pop, 'seenAt'> = pop;
  const written: number[] = [];
  const report = new PopReport(
    { report: async () => void written.push(now) },
    () => is,
    () => now,
  );
  const lookAt = async (at: number): Promise<void> => {
    now = at;
    await report.look();
  };
  await lookAt(0);
  await lookAt(1_000);
  is = { ...pop, epoch: 2, workers: [{ ...worker, publishers: [{ ...tunnel, streams: 5 }] }] };
  await lookAt(2_000);
  await lookAt(5_000);
  is = { ...pop, workers: [{ ...worker, publishers: [] }] };
  await lookAt(6_000);
  is = { ...is, snapshot: 2 };
  await lookAt(7_000);
  expect(written).toEqual([0, 5_000, 6_000, 7_000]);
});
