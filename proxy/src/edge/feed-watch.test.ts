import { pino } from 'pino';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Feed } from './feed.ts';
import { FeedWatch } from './feed-watch.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('says once what becomes of the feed, cuts by each stream’s grace, and delivers what was written beside afterwards', () => {
  let now = 0;
  const feed = new Feed(
    () => now,
    () => 60_000,
  );
  feed.advance(1);
  const said: string[] = [];
  const log = pino(
    { level: 'warn' },
    { write: (line: string) => said.push((JSON.parse(line) as { feed: string }).feed) },
  );
  const held: boolean[][] = [];
  const cutUnlessHeld = (holds: (graceMs: number) => boolean): Promise<number> => {
    held.push([10_000, 60_000, 90_000].map(holds));
    return Promise.resolve(0);
  };
  const replay = vi.fn<() => void>();
  const watch = new FeedWatch({ feed, live: { cutUnlessHeld }, log, replay });
  watch.check();
  expect([said, held]).toEqual([[], []]);
  for (const at of [1_000, 20_000, 60_000]) {
    now = at;
    feed.beat(1, at);
    watch.check();
  }
  expect(said).toEqual(['stale', 'lost']);
  expect(held).toEqual([
    [true, true, true],
    [false, true, true],
    [false, false, true],
  ]);
  feed.beat(1, null);
  watch.check();
  vi.advanceTimersByTime(2_000);
  expect(said).toEqual(['stale', 'lost', 'live']);
  expect(replay).toHaveBeenCalledOnce();
});
