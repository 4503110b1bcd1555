import { expect, test } from 'vitest';
import { Feed } from './feed.ts';

test('is lost before anything came, live with beats, stale and lost without', () => {
  let now = 0;
  const feed = new Feed(() => now);
  expect(feed.state).toBe('lost');
  feed.advance(3);
  expect(feed.state).toBe('live');
  now = 5_000;
  expect(feed.state).toBe('stale');
  expect(feed.beat(3)).toBe(true);
  expect(feed.state).toBe('live');
  now += 15 * 60_000;
  expect(feed.state).toBe('lost');
});

test('a beat of a later epoch means that something was missed', () => {
  const feed = new Feed(() => 0);
  feed.advance(3);
  expect(feed.beat(4)).toBe(false);
  feed.advance(4);
  expect(feed.beat(4)).toBe(true);
  feed.advance(2);
  expect(feed.epoch).toBe(4);
});
