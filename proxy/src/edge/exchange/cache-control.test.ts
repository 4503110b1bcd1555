import { expect, test } from 'vitest';
import { privateCaching } from './cache-control.ts';

test.each([
  [null, 'private, no-store'],
  ['', 'private, no-store'],
  ['public, max-age=60', 'private, max-age=60'],
  ['s-maxage=60', 'private'],
  ['PUBLIC', 'private'],
  ['private="x", max-age=1', 'private, max-age=1'],
  ['no-cache', 'private, no-cache'],
  ['no-store', 'no-store'],
])('%s becomes %s', (given, expected) => {
  expect(privateCaching(given)).toBe(expected);
});
