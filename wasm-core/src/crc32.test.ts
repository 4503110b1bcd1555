import { crc32 as zlibCrc32 } from 'node:zlib';
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { crc32 } from './crc32.ts';

it('is the CRC-32 of zlib, at every length and from any address', () => {
  const property = fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(20), (bytes, from) => {
    const part = bytes.subarray(Math.min(from, bytes.length));
    expect(crc32(part)).toBe(zlibCrc32(part));
  });
  fc.assert(property, { numRuns: 1_000 });
});
