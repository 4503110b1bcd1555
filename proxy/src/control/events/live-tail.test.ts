import { expect, test } from 'vitest';
import type { EventRecord } from '../../rpc/messages.ts';
import { eventOf } from './event-fixture.ts';
import { LiveTail } from './live-tail.ts';

const numbered = (from: number, count: number): EventRecord[] =>
  Array.from({ length: count }, (_, i) => eventOf({ decision: String(from + i) }));
const decisions = (events: readonly EventRecord[]): string[] => events.map(({ decision }) => decision);

test('a listener hears what its query finds, until it stops', async () => {
  const tail = new LiveTail();
  const heard: string[] = [];
  const stop = tail.add({ user: 'ann@corp.example' }, async (events) => void heard.push(...decisions(events)));
  tail.push([eventOf({ decision: 'a' }), eventOf({ decision: 'b', user: 'bob@corp.example' })]);
  stop();
  tail.push([eventOf({ decision: 'c' })]);
  expect(heard).toEqual(['a']);
});

test('one that is slow loses the newest and is told how many; others lose nothing', async () => {
  const tail = new LiveTail(10);
  const batches: [string[], number][] = [];
  const answers: (() => void)[] = [];
  tail.add({}, async (events, dropped) => {
    batches.push([decisions(events), dropped]);
    await new Promise<void>((resolve) => answers.push(resolve));
  });
  const quick: string[] = [];
  tail.add({}, async (events) => void quick.push(...decisions(events)));
  tail.push(numbered(0, 3));
  tail.push(numbered(3, 8));
  await Promise.resolve();
  tail.push(numbered(11, 4));
  answers[0]?.();
  await expect.poll(() => batches.length).toBe(2);
  expect(batches).toEqual([
    [['0', '1', '2'], 0],
    [['3', '4', '5', '6', '7', '8', '9', '10', '11', '12'], 2],
  ]);
  await expect.poll(() => quick.length).toBe(15);
});

test('one that fails is gone, and there are so many at most', async () => {
  const tail = new LiveTail();
  let calls = 0;
  tail.add({}, async () => {
    calls++;
    throw new Error('gone');
  });
  tail.push(numbered(0, 1));
  await Promise.resolve();
  tail.push(numbered(1, 1));
  expect(calls).toBe(1);
  for (let i = 0; i < 100; i++) tail.add({}, async () => undefined);
  expect(() => tail.add({}, async () => undefined)).toThrow(expect.objectContaining({ code: 'CW_BUSY' }));
});
