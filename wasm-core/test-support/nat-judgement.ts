import { natPacket } from '../fixtures/nat-packet.ts';
import { randomKey, randomPair } from '../fixtures/nat-random-key.ts';
import { random32 } from '../fixtures/random32.ts';
import { FLOW_CODES } from '../src/nat/flow.ts';
import type { FlowTableFace, FlowTableOptions } from '../src/nat/flow.ts';
import { NaiveFlows } from './naive-flows.ts';

const CAPACITY = 60;

/** Random operations on a table of the kind given, each answer judged by the naive model. Throws at the first wrong one. */
export function judgeFlowTable(
  Table: new (options: FlowTableOptions) => FlowTableFace,
  family: 4 | 6,
  operations: number,
  seed: number,
): void {
  const next = random32(seed);
  const table = new Table({ family, capacity: CAPACITY, seed: BigInt(seed) });
  const model = new NaiveFlows(CAPACITY);
  let now = 1000;
  const must = (right: boolean, what: string): void => {
    if (!right) throw new Error(`${what} is wrong`);
  };
  const open = (): void => {
    const chooses = (next() & 1) === 0;
    const [outward, inward] = randomPair(next, family, chooses);
    if (!chooses) {
      const answer = table.open(outward, inward, now);
      must(model.opened(answer, outward, inward, now), `open: ${answer}`);
      return;
    }
    const ports = { from: 1000, to: 1031, start: next(), tries: 32 };
    const answer = table.openWithPort(outward, inward, ports, now);
    if (answer === FLOW_CODES.taken) must(model.lookup(outward, now) >= 0, 'taken');
    else if (answer === FLOW_CODES.full) must(model.isFull && model.lookup(outward, now) < 0, 'full');
    else if (answer === FLOW_CODES.noPort) {
      for (let port = 1000; port < 1032; port++)
        must(model.isTaken(outward, { ...inward, destinationPort: port }, now), 'no port');
    } else {
      const destinationPort = table.describe(answer)?.inward.destinationPort ?? 0;
      must(destinationPort >= 1000 && destinationPort < 1032, 'the port');
      must(model.opened(answer, outward, { ...inward, destinationPort }, now), `open: ${answer}`);
    }
  };
  const translate = (): void => {
    const key = randomKey(next, family);
    const flags = next() & 31;
    const extra = { payload: new Uint8Array(next() % 9).fill(next()), noChecksum: (next() & 3) === 0 };
    const packet = natPacket(key, family, { flags, ...extra });
    table.packets.set(packet);
    table.descriptors.set([0, packet.length]);
    const expected = model.lookup(key, now);
    must(table.translate(1, now) === (expected < 0 ? 0 : 1) && table.answers[0] === expected, 'translate');
    const wanted = expected < 0 ? packet : natPacket(model.sentWith(expected), family, { flags, ...extra });
    must(
      wanted.every((byte, at) => byte === table.packets[at]),
      'the packet',
    );
    if (expected >= 0) model.touch(expected, flags, now);
  };
  for (let i = 0; i < operations; i++) {
    const roll = next() % 16;
    const flow = next() % CAPACITY;
    if (roll < 4) open();
    else if (roll < 7) translate();
    else if (roll < 10) {
      const [reference, flags] = [flow * 2 + (roll & 1), next() & 31];
      must(table.touch(reference, flags, 9, now) === model.touch(reference, flags, now), 'touch');
    } else if (roll < 11) must(table.close(flow, now) === model.close(flow, now), 'close');
    else if (roll < 13) {
      const budget = 1 + (next() % 40);
      must(model.swept(table.sweep(now, budget), now, budget), 'sweep');
    } else if (roll < 14) {
      const key = randomKey(next, family);
      must(table.lookup(key, now) === model.lookup(key, now), 'lookup');
    } else if (roll < 15) now += (next() & 31) === 0 ? 500 : next() % 64;
    must(model.described(flow, table.describe(flow)), 'describe');
  }
  // Of every flow it is said in the end that it has ended.
  now += 100_000;
  must(model.swept(table.sweep(now, 1024), now, 1024) && model.isEmpty, 'the last sweep');
}
