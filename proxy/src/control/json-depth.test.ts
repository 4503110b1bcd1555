import { expect, test } from 'vitest';
import * as fc from 'fast-check';
import { isDeeperThan } from './json-depth.ts';

function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}

test('depth is that of the values, whatever texts and names hold', () => {
  fc.assert(
    fc.property(fc.json({ depthSize: 'large' }), fc.integer({ min: 0, max: 6 }), (json, most) => {
      expect(isDeeperThan(most, json)).toBe(depthOf(JSON.parse(json)) > most);
    }),
  );
  expect(isDeeperThan(1, String.raw`["\\\"[[[", "{{"]`)).toBe(false);
  expect(isDeeperThan(100, '['.repeat(1_000_000))).toBe(true);
});
