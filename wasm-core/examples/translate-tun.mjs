// Network address translation in user space, between two TUN devices that open-tun.py has passed on as descriptors 3
// (inside) and 4 (outside). Run, as root:
//   python3 open-tun.py in 3 python3 open-tun.py out 4 node translate-tun.mjs '{"outside": ["203.0.113.1"], …}'
import { randomBytes } from 'node:crypto';
import { read, writeSync } from 'node:fs';
import { FLOW_CODES, FlowTable, PACKET_FIELDS, PACKET_FLAG_BITS, PacketBuffer } from '@causeway/wasm-core';

/**
 * outside: the addresses that flows get, one of each family; stubs: what inside calls a server → its address; refused,
 * unreachable: addresses that are answered so at once; mtu: of the way out; clamp: destination port → segment size.
 */
const { outside, stubs = {}, refused = [], unreachable = [], mtu = 65_535, clamp = {} } = JSON.parse(process.argv[2]);

const FAMILIES = { 4: { ports: [1, 6, 17], width: 4 }, 6: { ports: [58, 6, 17], width: 16 } };
const NAMES = { 1: 'icmp', 6: 'tcp', 17: 'udp', 58: 'icmp' };
const SYN = 2;
const DEVICES = { inside: 3, outside: 4 };

function bytesOf(address) {
  if (!address.includes(':')) return Uint8Array.from(address.split('.'), Number);
  const [head, tail] = address.split('::').map((half) => (half === '' ? [] : half.split(':')));
  const groups = tail === undefined ? head : [...head, ...Array(8 - head.length - tail.length).fill('0'), ...tail];
  return Uint8Array.from(groups.flatMap((group) => [parseInt(group, 16) >> 8, parseInt(group, 16) & 255]));
}
const keyOf = (address) => Buffer.from(address).toString('hex');
const setOf = (addresses) => new Set(addresses.map((address) => keyOf(bytesOf(address))));

const servers = new Map(Object.entries(stubs).map(([stub, server]) => [keyOf(bytesOf(stub)), bytesOf(server)]));
const [closed, gone] = [setOf(refused), setOf(unreachable)];
const own = new Map(outside.map(bytesOf).map((address) => [address.length === 4 ? 4 : 6, address]));
const seed = randomBytes(8).readBigUInt64LE();
const tables = new Map([4, 6].map((family) => [family, new FlowTable({ family, capacity: 4096, seed })]));
const now = () => Math.floor(performance.now() / 1000);

/** A packet, and behind it the answer to it where there is one. */
const buffer = new PacketBuffer({ packets: 1, bytes: 70_000 });
const ANSWER = 66_000;
const field = (name) => buffer.field(0, PACKET_FIELDS[name]);
const has = (flag) => (field('flags') & PACKET_FLAG_BITS[flag]) !== 0;

/** The 5-tuple of the packet, or of the one that an ICMP error carries. */
function tupleOf(prefix = '') {
  const name = (rest) => field(prefix === '' ? rest : `${prefix}${rest[0].toUpperCase()}${rest.slice(1)}`);
  const address = (at) => buffer.data.slice(at, at + FAMILIES[field('family')].width);
  return {
    protocol: NAMES[name('protocol')],
    source: address(name('src')),
    sourcePort: name('srcPort'),
    destination: address(name('dst')),
    destinationPort: name('dstPort'),
  };
}

const mirror = ({ protocol, source, sourcePort, destination, destinationPort }) => ({
  protocol,
  source: destination,
  sourcePort: destinationPort,
  destination: source,
  destinationPort: sourcePort,
});

/** What a packet of this reference becomes: the other side's key, the other way round. */
function targetOf(table, reference) {
  const flow = table.describe(reference >> 1);
  const { source, sourcePort, destination, destinationPort } = mirror(reference % 2 === 0 ? flow.inward : flow.outward);
  return { src: source, srcPort: sourcePort, dst: destination, dstPort: destinationPort };
}

/** The reference of a tuple; where it begins a flow, that is opened. Answered, not opened, where it must not be. */
function referenceOf(table, tuple, fromInside) {
  const known = table.lookup(tuple, now());
  if (known !== FLOW_CODES.none || !fromInside) return known;
  const server = servers.get(keyOf(tuple.destination));
  if (server === undefined) return FLOW_CODES.none;
  const back = mirror({ ...tuple, source: own.get(field('family')), destination: server });
  const range = { from: 32_768, to: 60_999, start: randomBytes(4).readUInt32LE() };
  const flow = table.openWithPort(tuple, back, range, now());
  return flow < 0 ? flow : flow * 2;
}

/** Later fragments have no ports: they go where the first went. */
const fragments = new Map();
const fragmentKey = ({ protocol, source, destination }) => {
  const at = field('family') === 4 ? 4 : (field('l4') || field('payload')) - 4;
  const identification = buffer.data.subarray(at, at + (field('family') === 4 ? 2 : 4));
  return [protocol, keyOf(source), keyOf(destination), keyOf(identification)].join();
};

function changeOf(table, fromInside) {
  if (field('embeddedFamily') !== 0) {
    const reference = table.lookup(mirror(tupleOf('embedded')), now());
    return reference < 0 ? null : targetOf(table, reference);
  }
  const tuple = tupleOf();
  if (has('fragmentOther')) {
    const key = fragmentKey(tuple);
    const change = fragments.get(key) ?? null;
    if (!has('fragmentMore')) fragments.delete(key);
    return change;
  }
  const reference = referenceOf(table, tuple, fromInside);
  if (reference < 0) return null;
  table.touch(reference, field('tcpFlags'), field('length'), now());
  const change = targetOf(table, reference);
  if (has('fragmentFirst')) {
    if (fragments.size > 1000) fragments.clear();
    fragments.set(fragmentKey(tuple), { src: change.src, dst: change.dst });
  }
  return change;
}

/** Writes the answer that inside gets at once, if it gets one. @returns its length, 0 for none */
function answer(family, fromInside) {
  if (!fromInside) return 0;
  const { protocol, destination } = tupleOf();
  const key = keyOf(destination);
  if (closed.has(key) && protocol === 'tcp') return buffer.buildReset(0, ANSWER);
  if (closed.has(key)) return buffer.buildUnreachable(0, ANSWER, family === 4 ? 3 : 4);
  if (gone.has(key)) return buffer.buildUnreachable(0, ANSWER, family === 4 ? 1 : 3);
  return field('length') > mtu ? buffer.buildPacketTooBig(0, ANSWER, mtu) : 0;
}

/** Whole packets of TCP, UDP and echo are looked up and rewritten by the table alone; batches of them in a real one. */
function translateWhole(table, length, fromInside) {
  table.packets.set(buffer.data.subarray(0, length));
  table.descriptors.set([0, length]);
  if (table.translate(1, now()) === 1) return true;
  if (table.answers[0] !== FLOW_CODES.none || referenceOf(table, tupleOf(), fromInside) < 0) return false;
  return table.translate(1, now()) === 1;
}

function translate(packet, fromInside) {
  buffer.clear();
  buffer.data.set(packet);
  if (buffer.parse(0, packet.length) < 0) return;
  const family = field('family');
  if (!FAMILIES[family].ports.includes(field('protocol'))) return;
  const written = answer(family, fromInside);
  if (written > 0) {
    writeSync(DEVICES.inside, buffer.data, ANSWER, written);
    return;
  }
  const size = clamp[fromInside ? field('dstPort') : field('srcPort')];
  if (size !== undefined && (field('tcpFlags') & SYN) !== 0) buffer.clampMss(0, size);
  const table = tables.get(family);
  const device = DEVICES[fromInside ? 'outside' : 'inside'];
  const length = field('length');
  if (translateWhole(table, length, fromInside)) {
    writeSync(device, table.packets, 0, length);
    return;
  }
  // What the table leaves to others: fragments, options, and errors about a flow.
  if (table.answers[0] !== FLOW_CODES.other) return;
  const change = changeOf(table, fromInside);
  if (change !== null && buffer.rewrite(0, change) === 0) writeSync(device, buffer.data, 0, length);
}

function pump(device) {
  const packet = Buffer.alloc(65_536);
  const next = () =>
    read(DEVICES[device], packet, 0, packet.length, null, (error, length) => {
      if (error) throw error;
      translate(packet.subarray(0, length), device === 'inside');
      next();
    });
  next();
}

pump('inside');
pump('outside');
setInterval(() => tables.forEach((table) => table.sweep(now(), 1024)), 1000);
console.log('translating');
