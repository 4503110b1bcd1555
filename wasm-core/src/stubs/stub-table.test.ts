import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StubsComparison } from '../../fixtures/stubs-differential.ts';
import { crc32 } from '../crc32.ts';
import { CoreError } from '../errors.ts';
import { StubTable } from './stub-table.ts';
import type { StubOptions } from './stub-table.ts';

const code = (wanted: string): unknown => expect.objectContaining({ code: wanted });
const SMALL: StubOptions = { range: '100.64.0.0/29', quarantine: 100 };

describe('StubTable', () => {
  it('gives a name one address, and the address the name', () => {
    const table = new StubTable({ range6: 'fd12:3456:789a:1::/64' });
    const wiki = table.allocate('wiki.corp.example', 5);
    expect(wiki).toMatchObject({
      name: 'wiki.corp.example',
      address: '100.64.0.1',
      address6: 'fd12:3456:789a:1::6440:1',
    });
    expect(table.allocate('wiki.corp.example', 6)).toBe(wiki);
    expect(table.allocate('mail.corp.example', 6).address).toBe('100.64.0.2');
    for (const address of ['100.64.0.1', '::ffff:100.64.0.1', 'fd12:3456:789a:1:0:0:6440:1'])
      expect(table.lookupAddress(address, 7)).toBe('wiki.corp.example');
    for (const address of ['100.64.0.0', '100.64.0.3', '10.0.0.1', '::1', 'fd12:3456:789a:2::6440:1', 'x', ''])
      expect(table.lookupAddress(address, 7)).toBeUndefined();
    expect(table.counters()).toEqual({ stubs: 2, allocated: 2, reused: 0, exhausted: 0 });
  });

  it('writes IPv6 as RFC 5952 has it', () => {
    const first = (range6: string): string | null => new StubTable({ range6 }).allocate('a', 0).address6;
    expect(first('fd00::/64')).toBe('fd00::6440:1');
    expect(first('fd00:1:2:3:4:5::/96')).toBe('fd00:1:2:3:4:5:6440:1');
    expect(first('fd00:0:2::/96')).toBe('fd00:0:2::6440:1');
    expect(first('fd00:0:0:3::/96')).toBe('fd00::3:0:0:6440:1');
    expect(first('fd00:0:2:3:4:5::/96')).toBe('fd00:0:2:3:4:5:6440:1');
  });

  it('reuses the least recently used after its quarantine only', () => {
    const table = new StubTable(SMALL);
    for (const [i, name] of ['a', 'b', 'c', 'd', 'e', 'f'].entries()) table.allocate(name, i);
    expect(() => table.allocate('g', 99)).toThrow(code('CW_CORE_STUBS'));
    table.allocate('a', 50);
    table.lookupAddress('100.64.0.2', 51);
    expect(() => table.allocate('g', 101)).toThrow(code('CW_CORE_STUBS'));
    expect(table.allocate('g', 102).address).toBe('100.64.0.3');
    expect(table.lookupAddress('100.64.0.3', 102)).toBe('g');
    expect(table.allocate('a', 103).address).toBe('100.64.0.1');
    expect(() => table.allocate('c', 102)).not.toThrow();
    expect(table.counters()).toEqual({ stubs: 6, allocated: 8, reused: 2, exhausted: 2 });
  });

  it('the capacity limits it as the range does', () => {
    const table = new StubTable({ capacity: 2, quarantine: 10 });
    table.allocate('a', 0);
    table.allocate('b', 0);
    expect(() => table.allocate('c', 9)).toThrow(code('CW_CORE_STUBS'));
    expect(table.allocate('c', 10).address).toBe('100.64.0.1');
  });

  it('a clock that goes back stands still', () => {
    const table = new StubTable({ capacity: 1, quarantine: 10 });
    table.allocate('a', 100);
    table.allocate('a', 5);
    expect(() => table.allocate('b', 109)).toThrow(code('CW_CORE_STUBS'));
    expect(table.allocate('b', 110).name).toBe('b');
  });

  it('skips reserved networks and the ends of the range', () => {
    const table = new StubTable({
      ...SMALL,
      range: '100.64.0.0/28',
      reserved: ['100.64.0.8/29', '10.0.0.0/8', '100.64.0.2/31'],
    });
    const given = ['a', 'b', 'c', 'd', 'e'].map((name) => table.allocate(name, 0).address);
    expect(given).toEqual([1, 4, 5, 6, 7].map((last) => `100.64.0.${last}`));
    expect(() => table.allocate('f', 0)).toThrow(code('CW_CORE_STUBS'));
    expect(() => new StubTable({ reserved: ['0.0.0.0/0'] }).allocate('a', 0)).toThrow(code('CW_CORE_STUBS'));
  });

  it('goes on from its snapshot', () => {
    const options: StubOptions = { ...SMALL, range6: 'fd00::/64' };
    const table = new StubTable(options);
    for (const [i, name] of ['a', 'b', 'c'].entries()) table.allocate(name, i);
    table.allocate('a', 10);
    const restored = StubTable.restore(table.snapshot(), 11, options);
    expect(restored.snapshot()).toEqual(table.snapshot());
    expect(restored.lookupAddress('fd00::6440:2', 11)).toBe('b');
    expect(['d', 'e', 'f'].map((name) => restored.allocate(name, 12).address)).toEqual(
      [4, 5, 6].map((last) => `100.64.0.${last}`),
    );
    expect(() => restored.allocate('g', 101)).toThrow(code('CW_CORE_STUBS'));
    expect(restored.allocate('g', 102).address).toBe('100.64.0.3');
    const reserved = StubTable.restore(table.snapshot(), 11, { ...options, reserved: ['100.64.0.2/32'] });
    expect([reserved.lookupAddress('100.64.0.2', 11), reserved.allocate('b', 11).address]).toEqual([
      undefined,
      '100.64.0.4',
    ]);
    expect(() => StubTable.restore(table.snapshot(), 11, { ...options, capacity: 2 })).toThrow(
      code('CW_CORE_SNAPSHOT'),
    );
    for (const other of [SMALL, { ...options, range: '100.64.0.0/28' }, { ...options, range6: 'fd01::/64' }])
      expect(() => StubTable.restore(table.snapshot(), 11, other)).toThrow(code('CW_CORE_SNAPSHOT'));
  });

  it('takes no time from a snapshot that is yet to come', () => {
    const table = new StubTable({ capacity: 1, quarantine: 10 });
    table.allocate('a', 0xffff_ffff);
    const restored = StubTable.restore(table.snapshot(), 50, { capacity: 1, quarantine: 10 });
    expect(restored.allocate('b', 60).name).toBe('b');
  });

  const seal = (bytes: Uint8Array): Uint8Array => {
    const view = new DataView(bytes.buffer);
    if (bytes.length >= 40) {
      view.setUint32(8, bytes.length, true);
      view.setUint32(12, crc32(bytes.subarray(16)), true);
    }
    return bytes;
  };

  /** What comes of a snapshot; one that is taken has to give itself again. */
  const restoreTwice = (bytes: Uint8Array): string => {
    try {
      const once = StubTable.restore(bytes, 9, SMALL).snapshot();
      const twice = StubTable.restore(once, 9, SMALL).snapshot();
      return once.every((byte, i) => byte === twice[i]) ? 'restored' : 'changed';
    } catch (error) {
      return error instanceof CoreError ? error.code : String(error);
    }
  };

  it('refuses a snapshot with any bit turned or byte missing, and lives through sealed ones', () => {
    const table = new StubTable(SMALL);
    for (const [i, name] of ['a.example', 'b', 'c-d'].entries()) table.allocate(name, i);
    const good = table.snapshot();
    for (let bit = 0; bit < good.length * 8; bit++) {
      const bad = good.with(bit >> 3, (good[bit >> 3] ?? 0) ^ (1 << (bit & 7)));
      // The three bytes that nothing reads are under the checksum too.
      expect(() => StubTable.restore(bad, 9, SMALL)).toThrow(code('CW_CORE_SNAPSHOT'));
    }
    for (let length = 0; length < good.length; length++)
      expect(() => StubTable.restore(good.slice(0, length), 9, SMALL)).toThrow(code('CW_CORE_SNAPSHOT'));
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { maxLength: 4 }),
        fc.nat(good.length),
        (changes, cut) => {
          const bytes = good.slice(0, Math.max(cut, 1));
          for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
          expect(['restored', 'CW_CORE_SNAPSHOT']).toContain(restoreTwice(seal(bytes)));
        },
      ),
      { seed: 3, numRuns: 3000 },
    );
  });

  it('refuses sealed entries that no table would write', () => {
    const table = new StubTable(SMALL);
    table.allocate('a', 5);
    table.allocate('b', 6);
    const good = table.snapshot();
    const changed = (...changes: [number, number][]): Uint8Array => {
      const bytes = good.slice();
      for (const [at, value] of changes) bytes[at] = value;
      return seal(bytes);
    };
    expect(StubTable.restore(changed(), 9, SMALL).counters().stubs).toBe(2);
    const bad: [number, number][][] = [
      [[40, 0]],
      [[40, 7]],
      [[40, 2]],
      [[44, 9]],
      [[49, 0x41]],
      [[49, 0x62]],
      [[48, 0]],
      [[48, 200]],
      [[36, 1]],
      [[36, 3]],
      [[39, 255]],
    ];
    for (const changes of bad)
      expect(() => StubTable.restore(changed(...changes), 9, SMALL)).toThrow(code('CW_CORE_SNAPSHOT'));
  });

  it.each(['', '.', 'a.', '.a', 'a..b', 'A', 'a b', '-a', 'a-', 'ä', 'a'.repeat(64), 'a.'.repeat(127), 'a/b'])(
    'refuses the name %j',
    (name) => {
      const table = new StubTable();
      expect(() => table.allocate(name, 0)).toThrow(code('CW_CORE_NAME'));
      expect(table.counters().stubs).toBe(0);
    },
  );

  it('refuses ranges and numbers that are none', () => {
    const ranges: StubOptions[] = [
      ...[
        '',
        '100.64.0.0',
        '100.64.0.0/31',
        '10.0.0.0/7',
        '100.64.0.1/10',
        '100.64.0.0/+10',
        '::/10',
        '1.0.0.0/8/8',
      ].map((range) => ({ range })),
      ...[
        '',
        'fd00::',
        'fd00::/63',
        'fd00::/97',
        '2001:db8::/64',
        'fd00::1/64',
        'fd00:0:0:0:1::/64',
        'fd00::/64/1',
      ].map((range6) => ({ range6 })),
      { reserved: ['10.0.0.1/8'] },
    ];
    for (const options of ranges) expect(() => new StubTable(options)).toThrow(code('CW_CORE_PREFIX'));
    for (const options of [{ capacity: 0 }, { capacity: 2 ** 20 + 1 }, { quarantine: -1 }, { quarantine: 0.5 }])
      expect(() => new StubTable(options)).toThrow(code('CW_CORE_ARGUMENT'));
    for (const now of [-1, 0.5, 2 ** 32, Number.NaN]) {
      expect(() => new StubTable().allocate('a', now)).toThrow(code('CW_CORE_ARGUMENT'));
      expect(() => new StubTable().lookupAddress('100.64.0.1', now)).toThrow(code('CW_CORE_ARGUMENT'));
      expect(() => StubTable.restore(new StubTable().snapshot(), now)).toThrow(code('CW_CORE_ARGUMENT'));
    }
  });

  it('does what a list of names does, a million times', { timeout: 60_000 }, () => {
    const comparison = new StubsComparison(7);
    for (let round = 0; round < 100; round++) comparison.round();
    expect(comparison.counts.operations).toBe(1_000_000);
    expect(comparison.counts.reused).toBeGreaterThan(10_000);
    expect(comparison.counts.exhausted).toBeGreaterThan(10_000);
    expect(comparison.counts.restored).toBeGreaterThan(500);
  });
});
