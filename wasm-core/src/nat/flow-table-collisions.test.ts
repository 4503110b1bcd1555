import { expect, it } from 'vitest';
import { flowKeys } from '../../fixtures/flow-keys.ts';
import { natPacket } from '../../fixtures/nat-packet.ts';
import { FlowTable } from './flow-table.ts';
import { FLOW_CODES } from './flow.ts';

// In the smallest table one in 4096 pairs of hashes has the same group and tag.
it.each([4, 6] as const)('IPv%i: a flow is told from strangers whose hash looks the same', (family) => {
  const table = new FlowTable({ family, capacity: 1, seed: 11n });
  const wrong: string[] = [];
  for (let n = 0; n < 30_000; n++) {
    const { outward, inward } = flowKeys(family, n);
    const flow = table.open(outward, inward, 0);
    for (const stranger of [
      { ...outward, protocol: 'udp' as const },
      { ...outward, sourcePort: outward.sourcePort + 1 },
      { ...outward, source: outward.source.with(outward.source.length - 1, (outward.source.at(-1) ?? 0) ^ 1) },
      { ...outward, destination: outward.destination.with(0, 77) },
    ]) {
      if (table.lookup(stranger, 0) !== FLOW_CODES.none) wrong.push(`${stranger.protocol} ${n}`);
    }
    const packet = natPacket({ ...outward, protocol: 'udp' }, family);
    table.packets.set(packet);
    table.descriptors.set([0, packet.length]);
    if (table.translate(1, 0) !== 0) wrong.push(`packet ${n}`);
    table.close(flow, 0);
  }
  expect(wrong).toEqual([]);
});
