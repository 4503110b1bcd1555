import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { random32 } from '../../fixtures/random32.ts';
import { randomPolicy } from '../../fixtures/random-policy.ts';
import { instantiateCore } from '../core-instance.ts';
import { CoreError } from '../errors.ts';
import { POLICY_TABLE_BYTES } from '../layout.gen.ts';
import { compilePolicy } from './compile-policy.ts';
import { IMAGE_COUNTS, readLayout, sealImage } from './image-layout.ts';
import type { ImageCounts, ImageLayout } from './image-layout.ts';
import { writeTable } from './image-table.ts';

const CANARY = 256;
const KEYS = 64;
const PROBES = 32;

/**
 * All that a matcher does with an image, in an instance where every region lies between canaries of `fill`: whether the
 * image loads, and what is decided. Throws where a canary, the image or the keys were written.
 */
function run(image: Uint8Array, layout: ImageLayout, fill: number, seed: number): string {
  const core = instantiateCore();
  const next = random32(seed);
  const canaries: number[] = [];
  const region = (size: number): number => {
    const at = core.reserve(size) >>> 0;
    canaries.push(core.reserve(CANARY) >>> 0);
    return at;
  };
  canaries.push(core.reserve(CANARY) >>> 0);
  const base = region(layout.conditionsAt);
  const table = region(POLICY_TABLE_BYTES);
  const keys = region(4 * KEYS);
  const probes = region(8 * PROBES);
  const bytes = (): Uint8Array => new Uint8Array(core.memory.buffer);
  const u32 = (at: number, length: number): Uint32Array => new Uint32Array(core.memory.buffer, at, length);
  // What lies behind the canaries too is read by whoever reads too far.
  bytes().fill(fill, canaries[0]);
  bytes().set(image.subarray(0, layout.conditionsAt), base);
  writeTable(new DataView(core.memory.buffer, table, POLICY_TABLE_BYTES), layout);
  const guard = (): void => {
    const fresh = canaries.splice(painted);
    for (const at of fresh) bytes().fill(fill, at, at + CANARY);
    canaries.push(...fresh);
    painted = canaries.length;
  };
  let painted = canaries.length;
  const answers: number[] = [core.policyLoad(base, table)];
  canaries.push(core.reserve(CANARY) >>> 0);
  guard();
  if (answers[0] === 0) {
    answers.push(core.policyFreeAxes());
    const classBytes = core.destinationClassBytes() >>> 0;
    const place = region(classBytes);
    guard();
    core.destinationClassClear(place);
    for (let i = 0; i < 4; i++) core.destinationClassAdd(place, next() % 20);
    for (let person = 0; person < 3; person++) {
      const numbers = Array.from({ length: 8 }, () => {
        const count = next() % 7;
        return count === 6 ? [0xffffffff] : [count, ...Array.from({ length: count }, () => next() % 40)];
      });
      const given = numbers.flat();
      u32(keys, KEYS).fill(0).set(given);
      const slot = core.sessionOpen(keys) >>> 0;
      canaries.push(core.reserve(CANARY) >>> 0);
      guard();
      const asked = Array.from({ length: 2 * PROBES }, (_, i) => (i % 2 === 0 ? next() % 8 : flowOf(next)));
      u32(probes, 2 * PROBES).set(asked);
      const time = person === 0 ? Number.NaN : (next() - 2 ** 31) * 4e6;
      for (let i = 0; i < PROBES; i++) {
        answers.push(core.decide(slot, asked[2 * i] ?? 0, asked[2 * i + 1] ?? 0, time, person === 1 ? 0 : place));
      }
      core.decideBatch(slot, probes, PROBES, time, person === 1 ? 0 : place);
      expect([...u32(probes, 2 * PROBES)].filter((_, i) => i % 2 === 0).map((rule) => rule | 0)).toEqual(
        answers.slice(-PROBES),
      );
      if (person === 1) core.sessionClose(slot);
      expect([...u32(keys, given.length)]).toEqual(given.map((number) => number >>> 0));
    }
  }
  for (const at of canaries) {
    const canary = bytes().subarray(at, at + CANARY);
    if (canary.some((byte) => byte !== fill)) throw new Error(`the canary at ${at} was written`);
  }
  if (
    Buffer.compare(bytes().subarray(base, base + layout.conditionsAt), image.subarray(0, layout.conditionsAt)) !== 0
  ) {
    throw new Error('the image was written');
  }
  return answers.join();
}

const flowOf = (next: () => number): number =>
  ((next() & 0xffff) | ((1 + (next() & 1)) << 16) | ((1 << (next() % 5)) << 24)) >>> 0;

function reseal(bytes: Uint8Array): Uint8Array {
  const view = new DataView(bytes.buffer);
  const counts = IMAGE_COUNTS.map((name, i) => [name, view.getUint32(16 + 4 * i, true)]);
  sealImage(bytes, Object.fromEntries(counts) as ImageCounts);
  return bytes;
}

it('a mutated image never traps, and nothing outside the regions is written or read', () => {
  const images = [5, 40, 300].map((rules) => compilePolicy(randomPolicy(random32(rules), rules)));
  const number = fc.oneof(fc.constantFrom(0, 1, 0x7fffffff, 0xfffffffe, 0xffffffff), fc.nat(400), fc.nat(0xffffff));
  const change = fc.tuple(fc.nat(), number, fc.constantFrom(1, 4));
  const counted = { refused: 0, loaded: 0 };
  const property = fc.property(
    fc.nat(images.length - 1),
    fc.array(change, { maxLength: 5 }),
    fc.integer(),
    (which, changes, seed) => {
      const bytes = (images[which] ?? new Uint8Array()).slice();
      const view = new DataView(bytes.buffer);
      const end = readLayout(bytes).conditionsAt;
      for (const [where, value, width] of changes) {
        const at = 16 + 4 * (where % ((end - 16) / 4));
        if (width === 4) view.setUint32(at, value, true);
        else view.setUint8(at, value);
      }
      let layout: ImageLayout;
      try {
        layout = readLayout(reseal(bytes));
      } catch (error) {
        if (!(error instanceof CoreError)) throw error;
        return;
      }
      // A read outside would be seen in the answers, as what lies there differs.
      const answers = run(bytes, layout, 0xa5, seed);
      expect(run(bytes, layout, 0x5a, seed)).toBe(answers);
      counted[answers.startsWith('0') ? 'loaded' : 'refused']++;
    },
  );
  fc.assert(property, { numRuns: 3_000 });
  expect(Math.min(counted.loaded, counted.refused)).toBeGreaterThan(300);
});
