import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CoreError } from '../errors.ts';
import { ReferenceLpm } from '../reference/index.ts';
import type { LpmFace } from '../create-core.ts';
import { LpmTable } from './lpm-table.ts';
import type { LpmEntry } from './lpm-table.ts';
import { rangeToPrefixes } from './range-to-prefixes.ts';

const numbered = (prefixes: readonly string[]): LpmEntry[] => prefixes.map((prefix, value) => ({ prefix, value }));

describe.each([
  ['WebAssembly', LpmTable],
  ['reference', ReferenceLpm],
] as const)('longest-prefix match: %s', (_, Table) => {
  const table = (...prefixes: string[]): LpmFace => Table.build(numbered(prefixes));

  it('gives the longest prefix that covers', () => {
    const routes = table('10.0.0.0/8', '10.1.0.0/16', '10.1.2.3', '2001:db8::/32', '2001:db8:1::/48');
    const expected: [string, number][] = [
      ['9.255.255.255', -1],
      ['10.0.0.0', 0],
      ['10.0.255.255', 0],
      ['10.1.0.0', 1],
      ['10.1.2.2', 1],
      ['10.1.2.3', 2],
      ['10.1.2.4', 1],
      ['10.2.0.0', 0],
      ['10.255.255.255', 0],
      ['11.0.0.0', -1],
      ['2001:db7:ffff::', -1],
      ['2001:db8::', 3],
      ['2001:db8:1::9', 4],
      ['2001:db8:2::', 3],
      ['2001:db9::', -1],
    ];
    expect(expected.map(([address]) => [address, routes.lookup(address)])).toEqual(expected);
    expect(routes.size).toBe(5);
  });

  it('knows nothing when empty', () => {
    const empty = Table.build([]);
    expect([
      empty.lookup('0.0.0.0'),
      empty.lookup('255.255.255.255'),
      empty.lookup('::'),
      empty.lookup('ffff::'),
    ]).toEqual([-1, -1, -1, -1]);
  });

  it('reaches the ends of the line', () => {
    const ends = table(
      '0.0.0.0/0',
      '::/0',
      '0.0.0.0',
      '255.255.255.255/32',
      '::/128',
      'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff',
    );
    expect(ends.lookup('0.0.0.0')).toBe(2);
    expect(ends.lookup('0.0.0.1')).toBe(0);
    expect(ends.lookup('255.255.255.254')).toBe(0);
    expect(ends.lookup('255.255.255.255')).toBe(3);
    expect(ends.lookup('::')).toBe(4);
    expect(ends.lookup('::1')).toBe(1);
    expect(ends.lookup('ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe')).toBe(1);
    expect(ends.lookup('ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff')).toBe(5);
  });

  it('takes an IPv4-mapped address or prefix as IPv4, and other IPv6 never', () => {
    const mapped = table('::ffff:10.0.0.0/104', '192.168.0.0/16', '::10.0.0.0/104');
    expect(mapped.lookup('10.9.9.9')).toBe(0);
    expect(mapped.lookup('::ffff:192.168.1.1')).toBe(1);
    expect(mapped.lookup('::ffff:c0a8:101')).toBe(1);
    expect(mapped.lookup('::192.168.1.1')).toBe(-1);
    expect(mapped.lookup('::10.1.1.1')).toBe(2);
  });

  it('covers IPv4 by IPv4 prefixes only: one that holds it and more means IPv6', () => {
    for (const wide of ['::/0', '::/80', '::fffe:0:0/95']) {
      for (const address of ['0.0.0.0', '10.0.0.1', '255.255.255.255', '::ffff:10.0.0.1']) {
        expect([wide, address, table(wide).lookup(address)]).toEqual([wide, address, -1]);
        expect(table(wide, '::ffff:0:0/96').lookup(address)).toBe(1);
        expect(table('0.0.0.0/0', wide).lookup(address)).toBe(0);
      }
      expect(table(wide).lookup('::fffe:ffff:ffff')).toBe(0);
    }
    const nested = table('::/0', '10.0.0.0/8');
    expect(['10.1.1.1', '11.0.0.0', '::1:0:0:0'].map((address) => nested.lookup(address))).toEqual([1, -1, 0]);
  });

  it('lets the later of two equal prefixes win, and ignores bits after a prefix', () => {
    expect(table('10.0.0.0/8', '10.9.9.9/8', '10.0.0.0/8').lookup('10.1.1.1')).toBe(2);
    const many = Table.build(Array.from({ length: 1000 }, (_, value) => ({ prefix: '10.0.0.0/8', value })));
    expect(many.lookup('10.1.1.1')).toBe(999);
    expect(many.lookup('9.9.9.9')).toBe(-1);
  });

  it('looks up bytes', () => {
    const routes = table('255.0.0.0/8', 'ff00::/8');
    expect(routes.lookupBytes(Uint8Array.of(255, 255, 255, 255))).toBe(0);
    expect(routes.lookupBytes(new Uint8Array(16).fill(255))).toBe(1);
    expect(routes.lookupBytes(Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 1, 1, 1))).toBe(0);
    for (const length of [0, 3, 5, 15, 17]) {
      expect(() => routes.lookupBytes(new Uint8Array(length))).toThrow(
        expect.objectContaining({ code: 'CW_CORE_ADDRESS' }),
      );
    }
  });

  it.each([
    '',
    '10.0.0.0/',
    '10.0.0.0/33',
    '10.0.0.0/8/8',
    '10.0.0.0/ 8',
    '10.0.0.0/+8',
    '10.0.0.0/08',
    '::/129',
    '::/1e1',
    '/8',
    'x/8',
    '10.0.0/8',
    '10.0.0.0/-1',
  ])('refuses the prefix %j', (prefix) => {
    expect(() => table(prefix)).toThrow(expect.objectContaining({ code: 'CW_CORE_PREFIX' }));
  });

  it('refuses values that a result could not tell from “none”, and numbers that are no prefix', () => {
    const bad: LpmEntry[] = [
      ...[-1, 0.5, 2 ** 31, Number.NaN].map((value) => ({ prefix: '::/0', value })),
      { base: -1n, bits: 1, value: 0 },
      { base: 1n << 128n, bits: 1, value: 0 },
      { base: 0n, bits: 129, value: 0 },
      { base: 0n, bits: -1, value: 0 },
      { base: 0n, bits: 1.5, value: 0 },
    ];
    for (const entry of bad) {
      expect(() => Table.build([entry])).toThrow(expect.objectContaining({ code: 'CW_CORE_PREFIX' }));
    }
    expect(Table.build([{ prefix: '::/0', value: 2 ** 31 - 1 }]).lookup('::')).toBe(2 ** 31 - 1);
  });

  it('refuses what is no address', () => {
    for (const text of ['', 'intranet', '10.0.0.1/32', 'fe80::1%lo', '010.0.0.1']) {
      expect(() => table('::/0').lookup(text)).toThrow(expect.objectContaining({ code: 'CW_CORE_ADDRESS' }));
    }
  });
});

describe('LpmTable', () => {
  it('grows its memory while it is built', () => {
    const entries = Array.from({ length: 50_000 }, (_, i) => ({ base: BigInt(i * 7) << 64n, bits: 64, value: i }));
    const large = LpmTable.build(entries);
    expect(large.memoryBytes).toBeGreaterThan(50_000 * 64);
    const hexOf = (n: number): string => `${(n >>> 16).toString(16)}:${(n & 0xffff).toString(16)}`;
    for (let i = 0; i < 50_000; i += 997) {
      expect(large.lookup(`0:0:${hexOf(i * 7)}::1`)).toBe(i);
      expect(large.lookup(`0:0:${hexOf(i * 7 + 1)}::1`)).toBe(-1);
    }
  });
});

const MAX = (1n << 128n) - 1n;
const V4 = 0xffff_0000_0000n;
/** Crowded on purpose, so that prefixes nest, touch, repeat and reach the ends. */
const base = fc.oneof(
  fc.bigInt({ min: V4, max: V4 + 0xffffffffn }),
  fc.bigInt({ min: 0n, max: 0xffn }).map((n) => V4 + (n << 24n)),
  fc.constantFrom(
    0n,
    1n,
    MAX,
    MAX - 1n,
    V4,
    V4 - 1n,
    V4 + 0xffffffffn,
    V4 + 0x100000000n,
    1n << 127n,
    (1n << 64n) - 1n,
    1n << 64n,
  ),
  fc.bigInt({ min: 0n, max: MAX }),
  fc.bigInt({ min: 0n, max: 0xfn }).map((n) => n << 120n),
);
const bits = fc.oneof(
  fc.integer({ min: 0, max: 128 }),
  fc.integer({ min: 94, max: 106 }),
  fc.constantFrom(0, 1, 63, 64, 65, 96, 127, 128),
);
const entry = fc.record({ base, bits, value: fc.integer({ min: 0, max: 5 }) });

function bytesOf(address: bigint): Uint8Array {
  return Uint8Array.from({ length: 16 }, (_, i) => Number((address >> BigInt(120 - 8 * i)) & 0xffn));
}

describe('against the reference', () => {
  it('finds the same at and around every edge of random prefixes', () => {
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 40 }), fc.array(base, { maxLength: 10 }), (entries, others) => {
        const clever = LpmTable.build(entries);
        const naive = ReferenceLpm.build(entries);
        const edges = entries.flatMap((prefix) => {
          const size = 1n << BigInt(128 - prefix.bits);
          const from = prefix.base - (prefix.base % size);
          return [from - 1n, from, from + size - 1n, from + size];
        });
        for (const address of [...edges, ...others]) {
          const bytes = bytesOf(address & MAX);
          expect(clever.lookupBytes(bytes)).toBe(naive.lookupBytes(bytes));
          const text = Array.from({ length: 8 }, (_, i) =>
            (((bytes[2 * i] ?? 0) << 8) | (bytes[2 * i + 1] ?? 0)).toString(16),
          ).join(':');
          expect(clever.lookup(text)).toBe(naive.lookup(text));
          const tail = V4 + (address & 0xffffffffn);
          const v4 = bytes.subarray(12);
          expect(clever.lookup(v4.join('.'))).toBe(naive.lookupBytes(v4));
          expect(clever.lookupBytes(v4)).toBe(naive.lookupBytes(bytesOf(tail)));
        }
      }),
      { numRuns: 1_000 },
    );
  });

  it('finds the same for prefixes given as text', () => {
    const prefix = fc.oneof(
      fc.tuple(fc.ipV4(), fc.integer({ min: 0, max: 32 })).map(([address, length]) => `${address}/${length}`),
      fc.tuple(fc.ipV6(), fc.integer({ min: 0, max: 128 })).map(([address, length]) => `${address}/${length}`),
      fc.ipV4(),
      fc.ipV6(),
    );
    fc.assert(
      fc.property(fc.array(prefix, { minLength: 1, maxLength: 12 }), fc.ipV4(), fc.ipV6(), (prefixes, v4, v6) => {
        const entries = prefixes.map((text, value) => ({ prefix: text, value }));
        const clever = LpmTable.build(entries);
        const naive = ReferenceLpm.build(entries);
        for (const address of [v4, v6, ...prefixes.map((text) => text.split('/')[0] ?? '')]) {
          expect(clever.lookup(address)).toBe(naive.lookup(address));
        }
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('rangeToPrefixes', () => {
  /** The same by splitting the line in halves: obviously exact, and minimal because a half is only split when it must be. */
  function cover(from: bigint, to: bigint, at: bigint, length: number): { base: bigint; bits: number }[] {
    const end = at + (1n << BigInt(128 - length)) - 1n;
    if (end < from || at > to) return [];
    if (from <= at && end <= to) return [{ base: at, bits: length }];
    return [...cover(from, to, at, length + 1), ...cover(from, to, at + (1n << BigInt(127 - length)), length + 1)];
  }

  it('gives the fewest prefixes, exactly', () => {
    fc.assert(
      fc.property(base, fc.oneof(base, fc.bigInt({ min: 0n, max: 300n })), (a, b) => {
        const near = b <= 300n ? a + b : b;
        const from = a < near ? a : near;
        const to = a < near ? near : a;
        if (to > MAX) return;
        expect(rangeToPrefixes(from, to)).toEqual(cover(from, to, 0n, 0));
      }),
      { numRuns: 1_000 },
    );
  });

  it('covers the whole line with one, and the worst range with 254', () => {
    expect(rangeToPrefixes(0n, MAX)).toEqual([{ base: 0n, bits: 0 }]);
    expect(rangeToPrefixes(1n, MAX - 1n)).toHaveLength(254);
    expect(rangeToPrefixes(V4 + 1n, V4 + 6n).map(({ bits: length }) => length)).toEqual([128, 127, 127, 128]);
  });

  it.each([
    [-1n, 0n],
    [1n, 0n],
    [0n, 1n << 128n],
  ])('refuses %s to %s', (from, to) => {
    expect(() => rangeToPrefixes(from, to)).toThrow(expect.objectContaining({ code: 'CW_CORE_PREFIX' }));
  });
});

describe('lookupBatch', () => {
  const bytes = fc.uint8Array({ minLength: 16, maxLength: 16 });
  const near = fc.constantFrom('10.0.0.0/8', '::ffff:0:0/96', '2001:db8::/32', '::/0', '10.1.0.0/16', '8000::/1');

  it('answers like lookupBytes, for both families and past what is passed at once', () => {
    fc.assert(
      fc.property(fc.array(near), fc.array(bytes, { minLength: 1, maxLength: 20 }), (prefixes, addresses) => {
        const table = LpmTable.build(prefixes.map((prefix, value) => ({ prefix, value })));
        for (const address of addresses.filter((_, i) => i % 3 === 0)) address.fill(0, 0, 10).fill(255, 10, 12);
        const all = Array.from({ length: 20_000 / addresses.length }, () => addresses).flat();
        for (const [family, width] of [
          ['ipv4', 4],
          ['ipv6', 16],
        ] as const) {
          const parts = all.map((address) => address.subarray(16 - width));
          const results = new Int32Array(parts.length + 1).fill(7);
          table.lookupBatch(Uint8Array.from(parts.flatMap((part) => [...part])), results, family);
          expect([...results]).toEqual([...parts.map((part) => table.lookupBytes(part)), 7]);
        }
      }),
      { numRuns: 10 },
    );
  });

  it.each([LpmTable, ReferenceLpm])('refuses lengths that do not fit', (Table) => {
    const table = Table.build([]);
    for (const [length, results] of [
      [5, 2],
      [8, 1],
    ] as const) {
      expect(() => table.lookupBatch(new Uint8Array(length), new Int32Array(results), 'ipv4')).toThrow(CoreError);
    }
    expect(() => table.lookupBatch(new Uint8Array(8), new Int32Array(1), 'ipv6')).toThrow(CoreError);
  });
});
