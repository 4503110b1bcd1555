import { isDeepStrictEqual } from 'node:util';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { differences } from './differences.ts';

test('fields, lists of words and lists of objects', () => {
  const before = { name: 'a', tags: ['x', 'y'], up: { host: 'h', port: 1 }, list: [{ at: 1 }, { at: 2 }], gone: true };
  const after = { name: 'a', tags: ['y', 'z'], up: { host: 'h', port: 2 }, list: [{ at: 1 }], come: 'in' };
  expect(differences(before, after)).toEqual([
    { path: 'tags', before: 'x' },
    { path: 'tags', after: 'z' },
    { path: 'up.port', before: 1, after: 2 },
    { path: 'list[1]', before: { at: 2 } },
    { path: 'gone', before: true },
    { path: 'come', after: 'in' },
  ]);
  expect(differences({ tags: ['x', 'y'] }, { tags: ['y', 'x'] })).toEqual([
    { path: 'tags', before: ['x', 'y'], after: ['y', 'x'] },
  ]);
  expect(differences({ tags: ['x'] }, { tags: ['x', 'x'] })).toHaveLength(1);
  expect(differences({ a: [] }, { a: {} })).toEqual([{ path: 'a', before: [], after: {} }]);
});

test('nothing is different exactly where the JSON is the same, and the work is bounded', () => {
  const json = fc.object({ maxDepth: 3, values: [fc.integer(), fc.string(), fc.boolean(), fc.constant(null)] });
  fc.assert(
    fc.property(json, json, (a, b) => {
      expect(differences(a, structuredClone(a))).toEqual([]);
      const same = isDeepStrictEqual(JSON.parse(JSON.stringify(a)), JSON.parse(JSON.stringify(b)));
      expect(differences(a, b).length === 0).toBe(same);
    }),
  );
  const many = Object.fromEntries(Array.from({ length: 1_000 }, (_, i) => [`k${i}`, i]));
  expect(differences({}, many)).toHaveLength(200);
});
