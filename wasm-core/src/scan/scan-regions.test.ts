import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { ClassRunScanner, DigitRunScanner, LiteralScanner } from './index.ts';
import { SCAN_HISTORY, SCAN_PAD } from '../layout.gen.ts';
import type { Scanner } from './scanner.ts';

const SIZES = { capacity: 192, maxHits: 128 };

/** Those whose tables are written once, and lie before everything else. */
const CONSTANT = ['literals by endings', 'many literals', 'class runs'];

const many = Array.from({ length: 100 }, (_, i) => String(i));
const scanners: Record<string, () => Scanner> = {
  'few literals': () => new LiteralScanner(['0', '00', '1 1', '-'.repeat(255)], SIZES),
  'literals by endings': () => new LiteralScanner(['0000', '0 1 0', '-'.repeat(255), '1-1-1-1-1-1-1'], SIZES),
  'many literals': () => new LiteralScanner(many, SIZES),
  'digit runs': () => new DigitRunScanner({ ...SIZES, minDigits: 8, maxDigits: 32, luhn: false }),
  'class runs': () => new ClassRunScanner({ ...SIZES, ranges: '09', minLength: 1 }),
};

it.each(Object.keys(scanners))('%s: hits full and chunks cut, nothing but its regions is written', (name) => {
  const byte = fc.oneof(fc.constantFrom(32, 45, 48, 49), fc.nat(255));
  const chunks = fc.array(fc.array(byte, { maxLength: SIZES.capacity, size: 'max' }), { maxLength: 6 });
  const property = fc.property(chunks, (parts) => {
    const scanner = scanners[name]?.();
    if (scanner === undefined) throw new Error(name);
    const memory = new Uint8Array(scanner.input.buffer);
    const after = scanner.hits.byteOffset + scanner.hits.byteLength + 16;
    const canary = new Uint8Array(256).fill(0xa5);
    memory.set(canary, after);
    const pad = scanner.input.byteOffset + SIZES.capacity;
    memory.fill(0x31, pad, pad + SCAN_PAD);
    const tables = memory.slice(0, CONSTANT.includes(name) ? scanner.input.byteOffset - SCAN_HISTORY : 0);
    for (const part of parts) scanner.each(Uint8Array.from(part), () => undefined);
    scanner.eachAtEnd(() => undefined);
    expect(Buffer.compare(memory.subarray(0, tables.length), tables)).toBe(0);
    expect(memory.slice(after, after + 256)).toEqual(canary);
    expect(memory.slice(pad, pad + SCAN_PAD).every((value) => value === 0x31)).toBe(true);
    expect(scanner.input.byteOffset).toBeGreaterThanOrEqual(SCAN_HISTORY);
  });
  fc.assert(property, { numRuns: 60 });
});
