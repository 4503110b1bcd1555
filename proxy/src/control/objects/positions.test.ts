import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { API_POSITIONS, FILE_POSITIONS, longestIncreasing, placeInOrder, positionsBetween } from './positions.ts';

const rising = (values: readonly number[]): boolean =>
  values.every((value, i) => i === 0 || value > (values[i - 1] ?? 0));

test.each([
  ['the API’s', API_POSITIONS],
  ['the file’s', FILE_POSITIONS],
])('any list gets rising positions within %s range, and keeps as many as it can', (_, range) => {
  const position = fc.oneof(
    fc.integer({ min: range.low + 1, max: range.high - 1 }),
    fc.integer({ min: 1, max: 9 }).map((i) => range.low + i),
    fc.constant(null),
  );
  fc.assert(
    fc.property(fc.array(position, { maxLength: 40 }), (present) => {
      const placed = placeInOrder(present, range);
      expect(placed).toHaveLength(present.length);
      expect(rising(placed)).toBe(true);
      expect(placed.every((one) => one > range.low && one < range.high && Number.isSafeInteger(one))).toBe(true);
      const kept = placed.filter((one, i) => one === present[i]).length;
      const all = present.filter((one) => one !== null);
      const inOrder = all.length === present.length && rising(all);
      expect(kept).toBeGreaterThanOrEqual(inOrder ? present.length : 0);
    }),
  );
});

test('one that moves to the other end leaves the others where they are', () => {
  const placed = placeInOrder([null, null, null, null], API_POSITIONS);
  const [a = 0, b = 0, c = 0, d = 0] = placed;
  expect(placeInOrder([d, a, b, c], API_POSITIONS).slice(1)).toEqual([a, b, c]);
  expect(placeInOrder([b, c, d, a], API_POSITIONS).slice(0, 3)).toEqual([b, c, d]);
});

test('where there is no room all are spread anew', () => {
  expect(positionsBetween(7, 8, 1, API_POSITIONS)).toBeNull();
  expect(positionsBetween(7, 9, 1, API_POSITIONS)).toEqual([8]);
  const placed = placeInOrder([7, null, 8], API_POSITIONS);
  expect(rising(placed)).toBe(true);
  expect(placed[1]).toBeGreaterThan(8);
});

test('the longest rising run is as long as any', () => {
  fc.assert(
    fc.property(fc.array(fc.option(fc.integer({ min: 0, max: 9 })), { maxLength: 9 }), (values) => {
      const run = longestIncreasing(values);
      const chosen = run.map((i) => values[i] ?? -1);
      expect(rising(run)).toBe(true);
      expect(rising(chosen)).toBe(true);
      let longest = 0;
      for (let subset = 0; subset < 1 << values.length; subset++) {
        const picked = values.filter((_, i) => (subset >> i) & 1);
        const numbers = picked.filter((value) => value !== null);
        if (numbers.length === picked.length && rising(numbers)) longest = Math.max(longest, picked.length);
      }
      expect(run).toHaveLength(longest);
    }),
  );
});
