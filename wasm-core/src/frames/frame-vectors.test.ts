import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { ReferenceFrameBatch } from '../reference/frames-reference.ts';
import { FrameBatch } from './frame-batch.ts';

interface Vector {
  readonly hex: string;
  readonly descriptors: readonly (readonly number[])[];
  readonly rest: number;
  readonly violation: string | null;
}

const file = await readFile(new URL('../../vectors/frames.json', import.meta.url), 'utf8');
const { vectors } = JSON.parse(file) as { readonly vectors: readonly Vector[] };

it.each(vectors)('$hex', ({ hex, descriptors, rest, violation }) => {
  for (const Batch of [FrameBatch, ReferenceFrameBatch]) {
    const batch = new Batch({ maxLength: 16 });
    batch.input.set(Uint8Array.from(hex.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16)));
    const count = batch.parse(hex.length / 2);
    expect([...batch.incoming.subarray(0, count * 4)]).toEqual(descriptors.flat());
    expect([batch.violation, batch.room()]).toEqual([violation, rest]);
  }
});
