import { expect, test } from 'vitest';
import { chunkOf, digestOf, entriesOf, groupsOf, type ContentText } from './chunks.ts';

const entries: ContentText[] = Array.from({ length: 5_000 }, (_, i) => {
  const name = `rule-${i}`;
  return { name, managedBy: i < 100 ? 'file' : 'api', text: JSON.stringify({ name, users: [`u${i}`] }) };
});
const chunksOf = (list: readonly ContentText[]) =>
  [...groupsOf(list, ({ name }) => name)].map((group) => ({ chunk: chunkOf(group), entries: group }));
const hashes = (list: readonly ContentText[]): string[] => chunksOf(list).map(({ chunk }) => chunk.hash);

test('chunks hold every entry once and in order', () => {
  const read = chunksOf(entries).flatMap(({ chunk }) => entriesOf(chunk.text));
  expect(read.map(({ body }) => body.name)).toEqual(entries.map(({ name }) => name));
  expect(read.map(({ managedBy }) => managedBy)).toEqual(entries.map(({ managedBy }) => managedBy));
  expect(chunksOf([])).toEqual([]);
});

test('one entry that comes, goes or changes is one chunk, wherever it is', () => {
  const before = new Set(hashes(entries));
  expect(before.size).toBeGreaterThan(8);
  for (const at of [0, 1, 2_500, 4_999]) {
    const fresh: ContentText = { name: 'fresh-name', managedBy: 'api', text: '{"name":"fresh-name"}' };
    for (const changed of [
      entries.toSpliced(at, 0, fresh),
      entries.toSpliced(at, 1),
      entries.toSpliced(at, 1, fresh),
    ]) {
      const other = hashes(changed).filter((hash) => !before.has(hash));
      expect(other.length).toBeLessThanOrEqual(2);
    }
  }
});

test('a chunk is never endless, whatever the names are', () => {
  const same = Array.from({ length: 10_000 }, (): ContentText => ({
    name: 'a',
    managedBy: 'api',
    text: '{"name":"a"}',
  }));
  for (const { entries: own } of chunksOf(same)) expect(own.length).toBeLessThanOrEqual(1_024);
});

test('the digest tells kinds and order apart', () => {
  expect(digestOf({ apps: ['a', 'b'] })).not.toBe(digestOf({ apps: ['b', 'a'] }));
  expect(digestOf({ apps: ['a'] })).not.toBe(digestOf({ rules: ['a'] }));
  expect(digestOf({ apps: ['a'], rules: [] })).toBe(digestOf({ apps: ['a'] }));
});
