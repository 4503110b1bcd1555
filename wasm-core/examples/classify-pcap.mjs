// Which rule would decide the flows of a capture? Run: node examples/classify-pcap.mjs examples/browsing.pcap
import { readFile } from 'node:fs/promises';
import { PACKET_ERRORS, PACKET_FIELDS, PACKET_FLAG_BITS, createCore } from '@causeway/wasm-core';
import { readPcap } from './pcap.mjs';

const core = createCore();
const ACTIONS = ['allow', 'allow', 'block', 'allow'];
const policy = core.policy({
  apps: [
    { name: 'intranet', tags: ['web'] },
    { name: 'names', tags: [] },
    { name: 'elsewhere', tags: [] },
  ],
  rules: [
    { apps: ['names'], ports: [{ protocol: 'udp', from: 53, to: 53 }] },
    {
      groups: ['staff'],
      tags: ['web'],
      ports: [{ protocol: 'tcp', from: 80, to: 80 }],
      destinations: ['10.215.2.0/24'],
    },
    { apps: ['intranet'], ports: [{ protocol: 'udp', from: 9000, to: 9999 }] },
    { groups: ['staff'], destinations: ['fd00:215::/32'] },
  ],
});
/** Which app has an address. */
const networks = core.lpm([
  { prefix: '0.0.0.0/0', value: 2 },
  { prefix: '::/0', value: 2 },
  { prefix: '10.215.2.0/24', value: 0 },
  { prefix: 'fd00:215:2::/64', value: 0 },
  { prefix: '10.215.2.53', value: 1 },
]);
const session = policy.open({ user: 'ada', groups: ['staff'], method: 'agent' });

const NAMES = { 1: 'icmp', 6: 'tcp', 17: 'udp', 58: 'icmp6' };
const packets = core.packets({ packets: 1, bytes: 262_144 });
const field = (name) => packets.field(0, PACKET_FIELDS[name]);

function textOf(at) {
  const bytes = packets.data.subarray(at, at + (field('family') === 4 ? 4 : 16));
  if (bytes.length === 4) return bytes.join('.');
  const groups = Array.from({ length: 8 }, (_, i) => ((bytes[2 * i] << 8) | bytes[2 * i + 1]).toString(16));
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1);
}

/** A flow is known by its first packet; `prefix` is `embedded` for the packet in an ICMP error. */
function tupleOf(prefix = '') {
  const of = (name) => field(prefix === '' ? name : prefix + name[0].toUpperCase() + name.slice(1));
  const protocol = NAMES[of('protocol')] ?? String(of('protocol'));
  return { protocol, src: textOf(of('src')), srcPort: of('srcPort'), dst: textOf(of('dst')), dstPort: of('dstPort') };
}
const keyOf = ({ protocol, src, srcPort, dst, dstPort }) => `${protocol} ${src}:${srcPort} ${dst}:${dstPort}`;
const back = ({ protocol, src, srcPort, dst, dstPort }) => ({
  protocol,
  src: dst,
  srcPort: dstPort,
  dst: src,
  dstPort: srcPort,
});

const flows = new Map();
/** Flows by what all fragments of a packet have in common: only the first has ports. */
const fragments = new Map();

function fragmentKey({ protocol, src, dst }) {
  const at = field('family') === 4 ? 4 : (field('l4') || field('payload')) - 4;
  return [protocol, src, dst, ...packets.data.subarray(at, at + (field('family') === 4 ? 2 : 4))].join();
}

function flowOf(tuple) {
  const known = flows.get(keyOf(tuple)) ?? flows.get(keyOf(back(tuple)));
  if (known !== undefined) return known;
  const { protocol, dst, dstPort } = tuple;
  const decided = protocol === 'tcp' || protocol === 'udp';
  const rule = decided ? policy.decide(session, networks.lookup(dst), protocol, dstPort, { destination: dst }) : null;
  const flow = { ...tuple, packets: 0, bytes: 0, errors: 0, rule };
  flows.set(keyOf(tuple), flow);
  return flow;
}

/** The flow that the packet in the buffer is of; an ICMP error is of the flow that it is about. */
function classify() {
  if (field('embeddedFamily') !== 0) {
    const flow = flowOf(tupleOf('embedded'));
    flow.errors++;
    return flow;
  }
  const tuple = tupleOf();
  const flags = field('flags');
  if ((flags & PACKET_FLAG_BITS.fragmentOther) !== 0) return fragments.get(fragmentKey(tuple));
  const flow = flowOf(tuple);
  if ((flags & PACKET_FLAG_BITS.fragmentFirst) !== 0) fragments.set(fragmentKey(tuple), flow);
  return flow;
}

const skipped = new Map();
const skip = (why) => skipped.set(why, (skipped.get(why) ?? 0) + 1);

for (const { ip } of readPcap(await readFile(process.argv[2]))) {
  packets.clear();
  if (ip === null || ip.length > packets.data.length) {
    skip('carries no IP');
    continue;
  }
  packets.data.set(ip);
  const parsed = packets.parse(0, ip.length);
  const flow = parsed < 0 ? undefined : classify();
  if (flow === undefined) {
    skip(PACKET_ERRORS[parsed] ?? 'is a fragment of nothing');
    continue;
  }
  flow.packets++;
  flow.bytes += field('length');
}

const rows = [...flows.values()].map(({ protocol, src, srcPort, dst, dstPort, rule, ...counts }) => [
  protocol,
  `${src} ${srcPort}`,
  `${dst} ${dstPort}`,
  String(counts.packets),
  String(counts.bytes),
  String(counts.errors),
  rule === null ? 'not decided' : rule < 0 ? 'none: block' : `${rule}: ${ACTIONS[rule]}`,
]);
const table = [['', 'from', 'to', 'packets', 'bytes', 'errors', 'rule'], ...rows];
const widths = table[0].map((_, column) => Math.max(...table.map((row) => row[column].length)));
for (const row of table)
  console.log(
    row
      .map((cell, column) => cell.padEnd(widths[column]))
      .join('  ')
      .trimEnd(),
  );
for (const [why, count] of skipped) console.log(`${count} skipped: ${why}`);
