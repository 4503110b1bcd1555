import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FramesComparison } from '../../fixtures/frames-differential.ts';
import { ReferenceFrameBatch } from '../reference/frames-reference.ts';
import type { FrameBatchFace } from './frame-batch-face.ts';
import { FrameBatch } from './frame-batch.ts';

interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly length: number;
}

const u32 = (value: number): number[] => [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255];

const wire = ({ type, flags, stream, length }: Frame): number[] => [
  0,
  type,
  flags >> 8,
  flags & 255,
  ...u32(stream),
  ...u32(length),
  ...(type === 0 ? Array.from({ length }, (_, i) => (stream + i) & 255) : []),
];

interface Seen extends Frame {
  readonly payload: readonly number[];
}

const take = (batch: FrameBatchFace, count: number): Seen[] =>
  Array.from({ length: count }, (_, i) => {
    const [first = 0, stream = 0, length = 0, at = 0] = batch.incoming.subarray(i * 4, i * 4 + 4);
    const type = first & 255;
    return {
      type,
      flags: first >>> 8,
      stream,
      length,
      payload: [...batch.input.subarray(at, type === 0 ? at + length : at)],
    };
  });

/** Everything that a stream cut like this has. */
function readAll(batch: FrameBatchFace, stream: readonly number[], cuts: readonly number[]): Seen[] {
  const seen: Seen[] = [];
  let at = 0;
  for (const cut of [...cuts, stream.length]) {
    for (const until = Math.min(stream.length, at + cut); at < until && batch.violation === null;) {
      const room = batch.room();
      const part = stream.slice(at, Math.min(until, at + batch.input.length - room));
      batch.input.set(part, room);
      at += part.length;
      for (let n = batch.parse(part.length); n > 0; n = batch.parse(0)) seen.push(...take(batch, n));
    }
  }
  return seen;
}

const FRAME: fc.Arbitrary<Frame> = fc.oneof(
  fc.record({ type: fc.constant(0), flags: fc.nat(0xffff), stream: fc.nat(0xffffffff), length: fc.nat(80) }),
  fc.record({
    type: fc.integer({ min: 1, max: 3 }),
    flags: fc.nat(0xffff),
    stream: fc.nat(0xffffffff),
    length: fc.nat(0xffffffff),
  }),
);
const CUTS = fc.array(fc.nat(120), { maxLength: 20 });
const LIMITS = { capacity: 128, maxLength: 80, maxFrames: 3 };

describe.each([
  ['WebAssembly', FrameBatch],
  ['reference', ReferenceFrameBatch],
] as const)('frame batch: %s', (_, Batch) => {
  it('describes whole frames, wherever the stream is cut', () => {
    const property = fc.property(fc.array(FRAME, { maxLength: 30 }), CUTS, (frames, cuts) => {
      const batch = new Batch(LIMITS);
      const expected = frames.map((frame) => ({ ...frame, payload: wire(frame).slice(12) }));
      expect(readAll(batch, frames.flatMap(wire), cuts)).toEqual(expected);
      expect([batch.violation, batch.room()]).toEqual([null, 0]);
    });
    fc.assert(property, { numRuns: 200 });
  });

  it.each([
    ['version', [1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0]],
    ['version', [255, 9, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0]],
    ['type', [0, 4, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0]],
    ['type', [0, 255, 0, 0, 0, 0, 0, 1, 255, 0, 0, 0]],
    ['length', [0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 81]],
    ['length', [0, 0, 0, 0, 0, 0, 0, 1, 255, 255, 255, 255]],
  ] as const)('stops for good at a wrong %s, told by the header alone, with what came before', (violation, header) => {
    const good = wire({ type: 0, flags: 1, stream: 7, length: 5 });
    const batch = new Batch(LIMITS);
    batch.input.set([...good, ...header]);
    expect(batch.parse(17 + 11)).toBe(1);
    expect(batch.violation).toBe(null);
    expect(batch.parse(1)).toBe(0);
    expect(batch.violation).toBe(violation);
    expect(batch.room()).toBe(12);
    batch.input.set(good, 12);
    expect([batch.parse(17), batch.violation]).toEqual([0, violation]);
  });

  it('emits headers that it parses again', () => {
    const property = fc.property(fc.array(FRAME, { minLength: 1, maxLength: 8 }), (frames) => {
      const batch = new Batch({ capacity: 1024, maxFrames: 8 });
      for (const [i, { type, flags, stream, length }] of frames.entries()) {
        batch.outgoing.set([type | (flags << 8), stream, length, 0xffffffff], i * 4);
      }
      const expected = frames.flatMap((frame) => wire(frame).slice(0, 12));
      expect(batch.emit(frames.length)).toBe(expected.length);
      expect([...batch.headers.subarray(0, expected.length)]).toEqual(expected);
    });
    fc.assert(property, { numRuns: 100 });
  });

  it('refuses sizes that do not fit', () => {
    const thrown = expect.objectContaining({ code: 'CW_CORE_FRAMES' });
    expect(() => new Batch({ capacity: 63 })).toThrow(thrown);
    expect(() => new Batch({ capacity: 128, maxLength: 117 })).toThrow(thrown);
    expect(() => new Batch({ maxFrames: 0 })).toThrow(thrown);
    const batch = new Batch(LIMITS);
    for (const count of [-1, 129, 0.5, Number.NaN]) expect(() => batch.parse(count)).toThrow(thrown);
    expect(() => batch.emit(4)).toThrow(thrown);
    expect(batch.parse(100)).toBe(3);
    expect(() => batch.parse(29)).toThrow(thrown);
  });
});

it('takes any bytes as the reference does, and writes to its own regions only', () => {
  const mutated = fc
    .tuple(fc.array(FRAME, { maxLength: 12 }), fc.array(fc.tuple(fc.nat(400), fc.nat(255)), { maxLength: 4 }))
    .map(([frames, changes]) => {
      const stream = frames.flatMap(wire);
      for (const [at, byte] of changes) if (at < stream.length) stream[at] = byte;
      return stream;
    });
  const property = fc.property(fc.oneof(mutated, fc.array(fc.nat(255), { maxLength: 300 })), CUTS, (stream, cuts) => {
    const batch = new FrameBatch(LIMITS);
    const reference = new ReferenceFrameBatch(LIMITS);
    const memory = new Uint8Array(batch.input.buffer);
    const first = batch.incoming.byteOffset - 16;
    const last = batch.input.byteOffset + batch.input.length;
    const canary = new Uint8Array(64).fill(0xa5);
    memory.set(canary, last);
    const before = memory.slice(0, first);
    expect(readAll(batch, stream, cuts)).toEqual(readAll(reference, stream, cuts));
    expect([batch.violation, batch.room()]).toEqual([reference.violation, reference.room()]);
    expect(memory.slice(0, first)).toEqual(before);
    expect(memory.slice(last, last + 64)).toEqual(canary);
    expect(batch.outgoing.every((word) => word === 0)).toBe(true);
  });
  fc.assert(property, { numRuns: 300 });
});

it('describes and emits a million frames as the reference does', { timeout: 60_000 }, () => {
  const comparison = new FramesComparison(20_261_122);
  while (comparison.counts.operations < 1_000_000) comparison.round();
  expect(comparison.counts.violations).toBeGreaterThan(100);
});
