import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { ReferenceFlowTable } from '../reference/reference-flow-table.ts';
import { StubTable } from '../stubs/stub-table.ts';
import { FlowTable } from './flow-table.ts';
import type { PortRange } from './flow.ts';

type Step =
  | {
      open: {
        protocol: 'tcp' | 'udp' | 'icmp';
        source: string;
        destination: string;
        outside: string;
        range: PortRange;
      };
      now: number;
      flow: number;
      port: number;
    }
  | { translate: string; now: number; answer: number; packet: string; state: string; expires: number }
  | { sweep: number; now: number; ended: number[] };

const read = async (name: string): Promise<unknown> =>
  JSON.parse(await readFile(new URL(`../../vectors/${name}.json`, import.meta.url), 'utf8'));
const bytes = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'));

it.each([FlowTable, ReferenceFlowTable])('%o answers the NAT vectors', async (Table) => {
  for (const { family, steps } of (await read('nat')) as { family: 4 | 6; steps: Step[] }[]) {
    const table = new Table({ family, capacity: 8, seed: 77n });
    let flow = -1;
    for (const step of steps) {
      let answer: object;
      if ('open' in step) {
        const { protocol, range } = step.open;
        const [source, destination, outside] = [step.open.source, step.open.destination, step.open.outside].map(bytes);
        if (source === undefined || destination === undefined || outside === undefined) throw new Error('no address');
        const destinationPort = protocol === 'icmp' ? 0 : 443;
        flow = table.openWithPort(
          { protocol, source, sourcePort: 5000, destination, destinationPort },
          { protocol, source: destination, sourcePort: destinationPort, destination: outside, destinationPort: 0 },
          range,
          step.now,
        );
        answer = { flow, port: table.describe(flow)?.inward.destinationPort };
      } else if ('translate' in step) {
        const packet = bytes(step.translate);
        table.packets.set(packet);
        table.descriptors.set([0, packet.length]);
        table.translate(1, step.now);
        const { state, expires } = table.describe(flow) ?? {};
        const rewritten = Buffer.from(table.packets.subarray(0, packet.length)).toString('hex');
        answer = { answer: table.answers[0], packet: rewritten, state, expires };
      } else {
        answer = { ended: table.sweep(step.now, step.sweep).map((record) => record.flow) };
      }
      expect(step).toMatchObject(answer);
    }
  }
});

it('the stub vectors hold', async () => {
  const { options, steps, snapshot } = (await read('stubs')) as {
    options: object;
    steps: { allocate: string; now: number; address: string; address6: string }[];
    snapshot: string;
  };
  const table = new StubTable(options);
  for (const { allocate, now, address, address6 } of steps)
    expect(table.allocate(allocate, now)).toMatchObject({ address, address6 });
  expect(Buffer.from(table.snapshot()).toString('hex')).toBe(snapshot);
});
