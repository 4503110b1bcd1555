import { expect, test } from 'vitest';
import { Feed } from './feed.ts';

const GRACE = 15 * 60_000;

test('is lost before anything came, live with beats, stale and lost without', () => {
  let now = 0;
  const feed = new Feed(
    () => now,
    () => GRACE,
  );
  expect(feed.state).toBe('lost');
  feed.advance(3);
  expect(feed.state).toBe('live');
  now = 5_000;
  expect(feed.state).toBe('stale');
  expect(feed.code).toBe('CW_RPC_CLOSED');
  expect(feed.beat(3)).toBe(true);
  expect(feed.state).toBe('live');
  now += GRACE;
  expect(feed.state).toBe('lost');
});

test('a beat of a later epoch means that something was missed', () => {
  const feed = new Feed(
    () => 0,
    () => GRACE,
  );
  feed.advance(3);
  expect(feed.beat(4)).toBe(false);
  feed.advance(4);
  expect(feed.beat(4)).toBe(true);
  feed.advance(2);
  expect(feed.epoch).toBe(4);
});

test('without a store it is stale at once, lost after the grace of the rule, and live with the first beat that has one', () => {
  let now = 0;
  const feed = new Feed(
    () => now,
    () => 60_000,
  );
  feed.advance(3);
  now = 1_000;
  expect(feed.beat(3, 1_000)).toBe(true);
  expect([feed.state, feed.code]).toEqual(['stale', 'CW_STORE_LOST']);
  expect([0, 1_000, 2_000].map((graceMs) => feed.holds(graceMs))).toEqual([false, false, true]);
  now = 59_999;
  feed.beat(3, 59_999);
  expect(feed.state).toBe('stale');
  now = 60_000;
  feed.beat(3, 60_000);
  expect([feed.state, feed.holds(120_000)]).toEqual(['lost', true]);
  expect(feed.beat(3, null)).toBe(true);
  expect([feed.state, feed.holds(0)]).toEqual(['live', true]);
});

test('what was ended while the store was lost has to be read when it is back', () => {
  const feed = new Feed(
    () => 0,
    () => GRACE,
  );
  feed.advance(3);
  feed.beat(9, 1_000);
  expect(feed.epoch).toBe(3);
  expect(feed.beat(9, null)).toBe(false);
  expect(feed.state).toBe('stale');
});

test('a worker that begins while the store is lost grants nothing, for no longer than others, and reads everything later', () => {
  let now = 0;
  const feed = new Feed(
    () => now,
    () => 60_000,
  );
  feed.advanceWithout(50_000);
  expect([feed.state, feed.code]).toEqual(['stale', 'CW_STORE_LOST']);
  now = 10_000;
  expect(feed.state).toBe('lost');
  expect(feed.beat(0, null)).toBe(false);
  feed.advance(0);
  expect([feed.state, feed.beat(0, null)]).toEqual(['live', true]);
});

test('a revocation that is heard of before everything was read does not stand for those that were missed', () => {
  const feed = new Feed(
    () => 0,
    () => 60_000,
  );
  feed.advanceWithout(0);
  feed.heard(7);
  expect([feed.state, feed.code]).toEqual(['stale', 'CW_STORE_LOST']);
  expect(feed.beat(7, null)).toBe(false);
});
