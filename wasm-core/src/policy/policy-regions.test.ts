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

/** An instance whose memory is `fill` wherever nothing was placed, with a canary of that behind every region. */
class GuardedCore {
  readonly core = instantiateCore();
  readonly #fill: number;
  readonly #canaries: number[] = [];

  constructor(fill: number) {
    this.#fill = fill;
    this.bytes().fill(fill, this.core.reserve(CANARY) >>> 0);
  }

  bytes(): Uint8Array {
    return new Uint8Array(this.core.memory.buffer);
  }

  u32(at: number, length: number): Uint32Array {
    return new Uint32Array(this.core.memory.buffer, at, length);
  }

  region(size: number): number {
    const at = this.core.reserve(size) >>> 0;
    this.bytes().fill(this.#fill, at, at + size);
    this.guard();
    return at;
  }

  /** A canary behind what the module has just placed. */
  guard(): void {
    const at = this.core.reserve(CANARY) >>> 0;
    this.bytes().fill(this.#fill, at, at + CANARY);
    this.#canaries.push(at);
  }

  check(): void {
    for (const at of this.#canaries) {
      const written = this.bytes()
        .subarray(at, at + CANARY)
        .some((byte) => byte !== this.#fill);
      if (written) throw new Error(`the canary at ${at} was written`);
    }
  }
}

const sameBytes = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;

/**
 * All that a matcher does with an image, between canaries of `fill`: whether it loads, and what is decided. Throws where
 * a canary, the image or the keys were written.
 */
function run(image: Uint8Array, layout: ImageLayout, fill: number, seed: number): string {
  const guarded = new GuardedCore(fill);
  const { core } = guarded;
  const read = image.subarray(0, layout.conditionsAt);
  const base = guarded.region(read.length);
  const table = guarded.region(POLICY_TABLE_BYTES);
  const keys = guarded.region(4 * KEYS);
  const probes = guarded.region(8 * PROBES);
  guarded.bytes().set(read, base);
  writeTable(new DataView(core.memory.buffer, table, POLICY_TABLE_BYTES), layout);
  const answers: number[] = [core.policyLoad(base, table)];
  guarded.guard();
  if (answers[0] === 0) {
    const next = random32(seed);
    answers.push(core.policyFreeAxes());
    const place = guarded.region(core.destinationClassBytes() >>> 0);
    core.destinationClassClear(place);
    for (let i = 0; i < 4; i++) core.destinationClassAdd(place, next() % 20);
    for (const time of [Number.NaN, 0, (next() - 2 ** 31) * 4e6]) {
      const given = randomKeys(next);
      guarded.u32(keys, KEYS).fill(0).set(given);
      const slot = core.sessionOpen(keys) >>> 0;
      guarded.guard();
      if (!given.every((number, i) => guarded.u32(keys, KEYS)[i] === number)) throw new Error('the keys were written');
      const destination = time === 0 ? 0 : place;
      const asked = Array.from({ length: 2 * PROBES }, (_, i) => (i % 2 === 0 ? next() % 8 : randomFlow(next)));
      for (let i = 0; i < PROBES; i++) {
        answers.push(core.decide(slot, asked[2 * i] ?? 0, asked[2 * i + 1] ?? 0, time, destination));
      }
      guarded.u32(probes, 2 * PROBES).set(asked);
      core.decideBatch(slot, probes, PROBES, time, destination);
      for (const [i, word] of guarded.u32(probes, 2 * PROBES).entries()) if (i % 2 === 0) answers.push(word | 0);
      if (time === 0) core.sessionClose(slot);
    }
  }
  guarded.check();
  if (!sameBytes(guarded.bytes().subarray(base, base + read.length), read)) throw new Error('the image was written');
  return answers.join();
}

/** As `sessionOpen` takes them, of every axis. */
function randomKeys(next: () => number): number[] {
  return Array.from({ length: 8 }, () => {
    const count = next() % 7;
    return count === 6 ? [0xffffffff] : [count, ...Array.from({ length: count }, () => next() % 40)];
  }).flat();
}

const randomFlow = (next: () => number): number =>
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
