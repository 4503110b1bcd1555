import { describe, expect, it } from 'vitest';
import { internetChecksum } from '../../fixtures/nat-packet.ts';
import { random32 } from '../../fixtures/random32.ts';
import { instantiateCore } from '../core-instance.ts';

const MOST = 400_000;

/** Bytes at an odd address of an instance, and what the module says of them. */
const core = instantiateCore();
const area = (core.reserve(MOST + 64) >>> 0) + 17;
const bytes = new Uint8Array(core.memory.buffer, area, MOST);
const checksum = (length: number): number => core.checksum(area, length) >>> 0;

/** Eights of words of 64 bits, each with another mix of odd and even upper halves: where a mean rounds most and least. */
const patterns: [string, (i: number) => number][] = [
  ['zeros', () => 0],
  ['ones', () => 0xff],
  ['upper bits', (i) => (i % 8 >= 6 ? 0xff : 0)],
  ['all but the upper bits', (i) => (i % 8 >= 6 ? 0 : 0xff)],
  ['every other vector one more', (i) => (i % 8 === 6 && (i >> 4) % 2 === 0 ? 1 : 0)],
  ['one in eight', (i) => (i % 8 === 6 && (i >> 4) % 8 === 7 ? 1 : 0)],
  ['one in eight, low parts full', (i) => (i % 8 === 6 ? Number((i >> 4) % 8 === 0) : i % 8 === 7 ? 0 : 0xff)],
  ['just below the overflow', (i) => (i % 16 === 7 ? 0x7f : 0xff)],
];

describe('checksum', () => {
  it.each(patterns)('%s', (_, byte) => {
    for (let i = 0; i < MOST; i++) bytes[i] = byte(i);
    for (const length of [128, 256, 1024, 65_536, 131_072, 131_200, 262_144 + 96, MOST])
      expect(checksum(length)).toBe(internetChecksum(bytes.subarray(0, length)));
  });

  it('every length to 1000, random bytes', () => {
    const next = random32(9);
    for (let length = 0; length <= 1000; length++) {
      for (let i = 0; i < length; i++) bytes[i] = next() >>> (length % 25);
      expect(checksum(length)).toBe(internetChecksum(bytes.subarray(0, length)));
      const even = (next() % (length + 1)) & ~1;
      const split = core.checksumAdd(area + even, length - even, core.checksumAdd(area, even, 0));
      expect(core.checksumEnd(split)).toBe(checksum(length));
    }
  });

  it('sums near a multiple of 2^64 in words of 64 bits, on both sides of it', () => {
    const words = new DataView(core.memory.buffer, area, MOST);
    const next = random32(64);
    for (let round = 0; round < 2000; round++) {
      const count = 16 * (1 + (next() % 64));
      let sum = 0n;
      for (let i = 0; i < count - 1; i++) {
        const word = (BigInt(next()) << 32n) | BigInt(next());
        words.setBigUint64(i * 8, word, true);
        sum += word;
      }
      const last = BigInt.asUintN(64, BigInt((next() % 5) - 2) - sum);
      words.setBigUint64((count - 1) * 8, last, true);
      expect(checksum(count * 8)).toBe(internetChecksum(bytes.subarray(0, count * 8)));
    }
  });
});
