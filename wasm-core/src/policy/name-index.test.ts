import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { NameIndex } from './name-index.ts';

function indexOf(names: readonly string[]): NameIndex {
  const starts = Uint32Array.of(0, ...names.map((_, i) => names.slice(0, i + 1).join('').length));
  return new NameIndex(names.join(''), starts);
}

it('finds what a map finds', () => {
  const name = fc.oneof(fc.string({ unit: fc.constantFrom('a', 'b', 'é', '💧'), maxLength: 4 }), fc.string());
  const property = fc.property(fc.uniqueArray(name, { maxLength: 60 }), fc.array(name), (names, others) => {
    const index = indexOf(names);
    const map = new Map(names.map((text, number) => [text, number]));
    expect(index.isDistinct).toBe(true);
    expect(index.names()).toEqual(names);
    for (const text of [...names, ...others]) expect(index.find(text)).toBe(map.get(text) ?? -1);
    for (const again of names) expect(indexOf([...names, again]).isDistinct).toBe(false);
  });
  fc.assert(property, { numRuns: 300 });
});

it('finds a name of ten thousand, and none that is not there', () => {
  const names = Array.from({ length: 10_000 }, (_, i) => `group ${i * i}`);
  const index = indexOf(names);
  expect(names.map((name) => index.find(name))).toEqual([...names.keys()]);
  expect(names.filter((name) => index.find(`${name} `) !== -1)).toEqual([]);
  expect(indexOf([]).find('')).toBe(-1);
});
