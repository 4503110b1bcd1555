import { report } from '@causeway/contract';
import { expect, test } from 'vitest';
import { OwnReport } from './own-report.ts';

test('load is of the time since the last report, and apps that fail come first', () => {
  let now = 1_000;
  let cpu = 0;
  const own = new OwnReport({ software: 'test/1', now: () => now, cpuMicros: () => cpu, memory: () => 7 });
  own.opened();
  own.opened();
  own.ended({ up: 3, down: 40 });
  for (let i = 0; i < 300; i++) own.tried(`app-${i}`, i === 5 ? 'CW_APP_REFUSED' : null);
  now += 10_000;
  cpu += 2_500_000;
  const first = own.take();
  expect(report.parse({ t: 'report', ...first })).toEqual({ t: 'report', ...first });
  expect(first).toMatchObject({ startedAt: 1_000, load: { streams: 1, bytesUp: 3, bytesDown: 40, cpu: 0.25 } });
  expect(first.apps).toHaveLength(200);
  expect(first.apps?.[0]).toEqual({ name: 'app-5', at: 1_000, code: 'CW_APP_REFUSED' });
  expect(first.apps?.[1]?.name).toBe('app-299');
  own.tried('app-5', null);
  now += 10_000;
  const second = own.take();
  expect(second.load?.cpu).toBe(0);
  expect(second.apps?.[0]).toMatchObject({ name: 'app-5', code: null });
});
