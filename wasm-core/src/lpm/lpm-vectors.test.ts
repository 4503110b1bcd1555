import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { lpmVectors } from '../../fixtures/write-lpm-vectors.ts';
import { LpmTable } from './lpm-table.ts';
import type { LpmEntry } from './lpm-table.ts';

interface Table {
  readonly about: string;
  readonly entries: readonly LpmEntry[];
  readonly lookups: readonly (readonly [string, number])[];
}

const file = await readFile(new URL('../../vectors/lpm.json', import.meta.url), 'utf8');
const { tables } = JSON.parse(file) as { readonly tables: readonly Table[] };

it('are what the reference says', () => expect(JSON.parse(lpmVectors())).toEqual({ tables }));

it.each(tables)('$about', ({ entries, lookups }) => {
  const table = LpmTable.build(entries);
  expect(lookups.map(([address]) => [address, table.lookup(address)])).toEqual(lookups);
});
