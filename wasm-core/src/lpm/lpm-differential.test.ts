import { describe, expect, it } from 'vitest';
import { LpmComparison } from '../../fixtures/lpm-differential.ts';
import { random32 } from '../../fixtures/random32.ts';
import { instantiateCore } from '../core-instance.ts';
import {
  LPM_BATCH_BYTES,
  LPM_BATCH_V4,
  LPM_BATCH_V6,
  LPM_RECORD_BITS,
  LPM_RECORD_BYTES,
  LPM_RECORD_HIGH,
  LPM_RECORD_LOW,
  LPM_RECORD_VALUE,
} from '../layout.gen.ts';

it('answers a million addresses as a look at every prefix does, and net.BlockList', { timeout: 120_000 }, () => {
  const comparison = new LpmComparison(20_261_122);
  while (comparison.counts.operations < 1_000_000) comparison.round();
  expect(comparison.counts.found).toBeGreaterThan(500_000);
  expect(comparison.counts.blockLists).toBeGreaterThan(10_000);
});

describe('memory', () => {
  const CANARY = 64;
  const next = random32(5);

  /** A table of random prefixes with canaries around what it reserved. */
  function build(records: number) {
    const core = instantiateCore();
    const canaries: number[] = [];
    const reserved = (reserve: () => number): number => {
      const at = reserve() >>> 0;
      canaries.push(core.reserve(CANARY) >>> 0);
      new Uint8Array(core.memory.buffer).fill(0xa5, canaries.at(-1), (canaries.at(-1) ?? 0) + CANARY);
      return at;
    };
    reserved(() => 0);
    const at = reserved(() => core.lpmReserve(records));
    const view = new DataView(core.memory.buffer, at, records * LPM_RECORD_BYTES);
    for (let i = 0; i < records; i++) {
      const record = i * LPM_RECORD_BYTES;
      const bits = i % 2 === 0 ? 96 + (next() % 33) : next() % 129;
      const base = ((i % 2 === 0 ? 0xffffn : BigInt(next())) << 32n) | BigInt(next());
      const first = i % 2 === 0 ? base : (base << 64n) | BigInt(next());
      const start = first - (first % (1n << BigInt(128 - bits)));
      view.setBigUint64(record + LPM_RECORD_HIGH, start >> 64n, true);
      view.setBigUint64(record + LPM_RECORD_LOW, start & 0xffff_ffff_ffff_ffffn, true);
      view.setUint32(record + LPM_RECORD_BITS, bits, true);
      view.setInt32(record + LPM_RECORD_VALUE, i, true);
    }
    expect(reserved(() => core.lpmBuild(records))).toBe(0);
    const batch = reserved(() => core.lpmReserveBatch());
    return { core, batch, canaries };
  }

  it.each([0, 1, 2, 7, 100, 5000])('of %s prefixes is written to where it was reserved', (records) => {
    const { core, batch, canaries } = build(records);
    const memory = new Uint8Array(core.memory.buffer);
    const answers = batch + LPM_BATCH_BYTES;
    const table = memory.slice(0, batch);
    const intact = (): boolean =>
      canaries.every((at) => memory.subarray(at, at + CANARY).every((byte) => byte === 0xa5));
    expect(intact()).toBe(true);
    for (let round = 0; round < 20; round++) {
      for (const [family, most] of [
        ['lpmBatch4', LPM_BATCH_V4],
        ['lpmBatch6', LPM_BATCH_V6],
      ] as const) {
        const count = round === 0 ? most : next() % (round < 10 ? 8 : most);
        for (let at = batch; at < answers; at += 4) new DataView(memory.buffer).setUint32(at, next());
        for (let at = batch; at < answers; at += 64) memory.fill(0, at, at + 10).fill(0xff, at + 10, at + 12);
        memory.fill(0x5a, answers, answers + 4 * LPM_BATCH_V4);
        const addresses = memory.slice(batch, answers);
        core[family](count);
        expect(Buffer.compare(memory.subarray(batch, answers), addresses)).toBe(0);
        // Four IPv4 addresses are answered at a time, so up to three more than asked for.
        const behind = memory.subarray(answers + 4 * (count + 3), answers + 4 * LPM_BATCH_V4);
        expect(behind.every((byte) => byte === 0x5a)).toBe(true);
        expect(intact()).toBe(true);
      }
    }
    expect(Buffer.compare(memory.subarray(0, batch), table)).toBe(0);
  });
});
