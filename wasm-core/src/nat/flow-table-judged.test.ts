import { describe, expect, it } from 'vitest';
import { flowKeys } from '../../fixtures/flow-keys.ts';
import { mirrorKey, natPacket } from '../../fixtures/nat-packet.ts';
import { judgeFlowTable } from '../../test-support/nat-judgement.ts';
import { NaiveFlows } from '../../test-support/naive-flows.ts';
import { ReferenceFlowTable } from '../reference/reference-flow-table.ts';
import { FlowTable } from './flow-table.ts';
import type { FlowTableFace, FlowTableOptions } from './flow.ts';

const implementations: [string, new (options: FlowTableOptions) => FlowTableFace][] = [
  ['WebAssembly', FlowTable],
  ['reference', ReferenceFlowTable],
];

/** Steps of {direction, flags}; together they lead to every state with every set of FINs that can be seen in it. */
const [OUT, IN] = [0, 1] as const;
const ANSWER = [IN, 18] as const;
const BEGIN = [ANSWER, [OUT, 16]] as const;
const PATHS: Readonly<Record<string, readonly (readonly [number, number])[]>> = {
  opening: [],
  answered: [ANSWER],
  established: BEGIN,
  'closing, from inside': [...BEGIN, [OUT, 17]],
  'closing, from outside': [...BEGIN, [IN, 17]],
  'closed by both FINs': [...BEGIN, [OUT, 17], [IN, 17]],
  'closed by a reset': [...BEGIN, [IN, 4]],
  'closed by a reset after a FIN': [...BEGIN, [OUT, 17], [IN, 20]],
  'opened again': [...BEGIN, [OUT, 17], [IN, 4], [OUT, 2]],
};

describe.each(implementations)('flow table, %s, judged by the naive model', (_, Table) => {
  it.each([4, 6] as const)('IPv%i, random operations', (family) => {
    expect(() => judgeFlowTable(Table, family, 20_000, 40 + family)).not.toThrow();
  });

  it('reports every flow whose keys were opened again, in order', () => {
    const table = new Table({ family: 4, capacity: 20, seed: 3n });
    const open = (n: number, now: number): number => table.open(flowKeys(4, n).outward, flowKeys(4, n).inward, now);
    for (let n = 0; n < 8; n++) open(n, 0);
    for (let n = 0; n < 8; n++) expect(open(n, 1000)).toBe(8 + n);
    const ended = [...table.sweep(1000, 3), ...table.sweep(1000, 20)].map(({ flow }) => flow);
    expect(ended).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });

  it('sends a UDP checksum that comes out as 0 as ffff', () => {
    const table = new Table({ family: 4, capacity: 1, seed: 3n });
    const { outward, inward } = flowKeys(4, 1, 'udp');
    table.open(outward, inward, 0);
    const payloads = Array.from({ length: 65_536 }, (__, i) => Uint8Array.of(i >> 8, i));
    const sent = (payload: Uint8Array): Uint8Array => natPacket(mirrorKey(inward), 4, { payload });
    const payload = payloads.find((one) => sent(one)[26] === 255 && sent(one)[27] === 255) ?? new Uint8Array(0);
    expect(payload.length).toBe(2);
    const packet = natPacket(outward, 4, { payload });
    table.packets.set(packet);
    table.descriptors.set([0, packet.length]);
    table.translate(1, 0);
    expect(table.packets.slice(0, packet.length)).toEqual(sent(payload));
  });

  it.each(['tcp', 'udp', 'icmp'] as const)('%s: every packet in every state, and every packet after it', (protocol) => {
    const table = new Table({ family: 4, capacity: 1, seed: 3n });
    const { outward, inward } = flowKeys(4, 1, protocol);
    // FIN, SYN, RST and ACK in every combination, and one flag that means nothing.
    const flags = Array.from({ length: 16 }, (__, i) => (i & 7) | ((i & 8) << 1));
    const all = [...flags, 8].flatMap((one) => [[OUT, one] as const, [IN, one] as const]);
    for (const [name, path] of Object.entries(PATHS)) {
      for (const first of all) {
        for (const second of all) {
          const model = new NaiveFlows(1);
          expect(model.opened(table.open(outward, inward, 5), outward, inward, 5)).toBe(true);
          let now = 5;
          for (const [direction, said] of [...path, first, second]) {
            now += 3;
            table.touch(direction, said, 40, now);
            model.touch(direction, said, now);
          }
          const record = table.describe(0);
          if (!model.described(0, record))
            throw new Error(`${name}, ${first.join(' ')}, ${second.join(' ')}: ${record?.state}`);
          table.close(0, now);
        }
      }
    }
  });
});
