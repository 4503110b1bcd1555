import { expect, it } from 'vitest';
import { natPacket } from '../../fixtures/nat-packet.ts';
import { randomKey, randomPair } from '../../fixtures/nat-random-key.ts';
import { random32 } from '../../fixtures/random32.ts';
import { FlowTable } from './flow-table.ts';
import { FLOW_LIMITS } from './flow.ts';

const CAPACITY = 37;
const LINE = 64;
const CANARY = 0xa5;

interface Region {
  readonly from: number;
  readonly to: number;
}

/** The regions of a table as `assembly/nat.ts` draws them; what the table itself says of three of them must agree. */
function regionsOf(table: FlowTable): Region[] {
  const [entry, record] = table.family === 4 ? [64, 16] : [112, 40];
  const groups = 64;
  const batch = FLOW_LIMITS.batch;
  const ahead = [CAPACITY * entry, groups * 16, 64, batch * 32, 2172, record * 2, batch * record, batch * 4];
  const sizes = [...ahead, FLOW_LIMITS.packetBytes, batch * 8, FLOW_LIMITS.sweep * 4];
  const stride = (bytes: number): number => Math.ceil(bytes / LINE) * LINE + LINE;
  let from = table.packets.byteOffset - ahead.reduce((sum, bytes) => sum + stride(bytes), 0);
  const regions = sizes.map((bytes) => {
    const region = { from, to: from + bytes };
    from += stride(bytes);
    return region;
  });
  expect(regions.slice(7, 10).map((region) => region.from)).toEqual(
    [table.answers, table.packets, table.descriptors].map((view) => view.byteOffset),
  );
  return regions;
}

it.each([4, 6] as const)('IPv%i: nothing outside its regions changes, nor a packet that was refused', (family) => {
  const table = new FlowTable({ family, capacity: CAPACITY, seed: 5n });
  const regions = regionsOf(table);
  const memory = new Uint8Array(table.packets.buffer as ArrayBuffer);
  const gaps = regions.map(({ to }, i) => memory.subarray(to, regions[i + 1]?.from ?? memory.length));
  for (const gap of gaps) gap.fill(CANARY);
  const below = memory.subarray(0, regions[0]?.from);
  const before = below.slice();
  const next = random32(family);
  let now = 100;

  const packets = (): void => {
    const area = table.packets;
    // At both ends of the area, and anywhere; half of them damaged, some overlapping, some outside.
    const count = next() % 9;
    for (let i = 0; i < count; i++) {
      const packet = natPacket(randomKey(next, family), family, { flags: next() & 63, noChecksum: (next() & 3) === 0 });
      const at = [0, area.length - packet.length, next() % (area.length - 100)][next() % 3] ?? 0;
      for (let hits = (next() & 1) * (next() % 4); hits > 0; hits--) packet[next() % packet.length] = next();
      area.set(packet, at);
      table.descriptors.set((next() & 15) === 0 ? [next(), next()] : [at, packet.length], i * 2);
    }
    const old = area.slice();
    const seen = table.descriptors.slice(0, count * 2);
    table.translate(count, now);
    for (let i = 0; i < count; i++) {
      if ((table.answers[i] ?? 0) < 0) continue;
      const [at = 0, length = 0] = seen.subarray(i * 2);
      old.set(area.subarray(at, at + length), at);
    }
    if (Buffer.compare(old, area) !== 0) throw new Error('bytes of no rewritten packet changed');
  };

  for (let i = 0; i < 6000; i++) {
    const roll = next() % 12;
    const [outward, inward] = randomPair(next, family, true);
    if (roll < 3) table.open(outward, inward, now);
    else if (roll < 4) table.openWithPort(outward, inward, { from: 1, to: 65_535, start: next(), tries: 9 }, now);
    else if (roll < 7) packets();
    else if (roll < 8) table.touch(next() % (CAPACITY * 2 + 4), next() & 255, next(), now);
    else if (roll < 9) table.close(next() % (CAPACITY + 4), now);
    else if (roll < 10) table.sweep(now, 1 + (next() % FLOW_LIMITS.sweep));
    else if (roll < 11) {
      const count = next() % (FLOW_LIMITS.batch + 1);
      for (let k = 0; k < count; k++) table.setKey(k, k % 5 === 0 ? outward : inward);
      table.lookupBatch(count, now);
    } else now += next() % 50;
  }
  for (const gap of gaps) expect(gap.every((byte) => byte === CANARY)).toBe(true);
  // What lies before is the module's own data: its globals are not in memory.
  expect(Buffer.compare(below, before)).toBe(0);
  expect(table.counters().found).toBeGreaterThan(0);
});
