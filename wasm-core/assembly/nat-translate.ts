import {
  NAT_COUNTER_FOUND,
  NAT_COUNTER_MISSED,
  NAT_LIMIT_PACKET_BYTES,
  NAT_MALFORMED,
  NAT_NONE,
  NAT_OTHER,
  NAT_TAIL_ADDRESS_DELTA,
  NAT_TAIL_BYTES,
  NAT_TAIL_PORT_DELTA,
  NAT_TAIL_PROTOCOL,
} from './layout.gen';
import {
  counters,
  entries,
  find,
  hashOf,
  isLive,
  keyIs,
  likelySlot,
  NOWHERE,
  readHome,
  slotReference,
  wide,
} from './nat-table';
import { TCP, touch, UDP } from './nat-state';

/**
 * Looks up the flow of each packet and rewrites it in place to the mirror of the flow's other key, addresses, ports and
 * checksums (RFC 1624 eqn. 3). In groups of 64, in passes: checks and hashes, all lines of the index, all lines of the
 * entries that have the tag, then the work; so the cache misses of a group overlap instead of following one another.
 *
 *     note of a packet: | hash u64 | ports | slot | transport | checksum at | protocol u8, flags u8, reply u8, 0 | tail |
 *
 * What is not rewritten here and left untouched: fragments, extension headers, other protocols and ICMP other than echo
 * (OTHER, for the packet functions), and what contradicts itself (MALFORMED). A packet is checked whole before a byte
 * of it changes.
 */
const GROUP: i32 = 64;
const ICMP4: u32 = 1;
const ICMP6: u32 = 58;

const NOTE_PORTS: usize = 8;
const NOTE_SLOT: usize = 12;
const NOTE_TRANSPORT: usize = 16;
const NOTE_CHECKSUM: usize = 20;
const NOTE_PROTOCOL: usize = 24;
const NOTE_FLAGS: usize = 25;
const NOTE_REPLY: usize = 26;
const NOTE_TAIL: usize = 28;
/** Of one note. */
const NOTE_MOVE: usize = 5;

function big16(at: usize): u32 {
  return <u32>bswap<u16>(load<u16>(at));
}

/** 0, OTHER or MALFORMED; fills the note but for its slot. Reads nothing at or past `packet + length`. */
function classify<Address>(packet: usize, length: u32, note: usize): i32 {
  const narrow = sizeof<Address>() == 4;
  let rest: u32;
  let transport: usize;
  let protocol: u32;
  if (narrow) {
    if (length < 20) return NAT_MALFORMED;
    const first = <u32>load<u8>(packet);
    const header = (first & 15) << 2;
    const total = big16(packet + 2);
    if (first >> 4 != 4 || header < 20 || total > length || header > total) return NAT_MALFORMED;
    // More fragments, or an offset.
    if (load<u16>(packet, 6) & 0xff3f) return NAT_OTHER;
    rest = total - header;
    transport = packet + <usize>header;
    protocol = <u32>load<u8>(packet, 9);
  } else {
    if (length < 40 || load<u8>(packet) >> 4 != 6) return NAT_MALFORMED;
    rest = big16(packet + 4);
    if (rest > length - 40) return NAT_MALFORMED;
    transport = packet + 40;
    protocol = <u32>load<u8>(packet, 6);
  }
  let checksumAt: usize;
  let ports: u32;
  let marks = protocol;
  if (protocol == TCP) {
    if (rest < 20) return NAT_MALFORMED;
    const header = (<u32>load<u8>(transport, 12) >> 4) << 2;
    if (header < 20 || header > rest) return NAT_MALFORMED;
    checksumAt = transport + 16;
    ports = load<u32>(transport);
    marks |= (<u32>load<u8>(transport, 13)) << 8;
  } else if (protocol == UDP) {
    if (rest < 8) return NAT_MALFORMED;
    const length = big16(transport + 4);
    if (length < 8 || length > rest) return NAT_MALFORMED;
    checksumAt = transport + 6;
    ports = load<u32>(transport);
  } else if (protocol == (narrow ? ICMP4 : ICMP6)) {
    if (rest < 8) return NAT_MALFORMED;
    const kind = <u32>load<u8>(transport);
    const reply = kind == (narrow ? 0 : 129);
    if (!reply && kind != (narrow ? 8 : 128)) return NAT_OTHER;
    if (load<u8>(transport, 1) != 0) return NAT_MALFORMED;
    checksumAt = transport + 2;
    // The identifier is the port of the side that asks; that of the other is 0.
    const identifier = <u32>load<u16>(transport, 4);
    ports = reply ? identifier << 16 : identifier;
    marks |= (<u32>reply) << 16;
  } else return NAT_OTHER;
  store<u64>(note, hashOf<Address>(packet + (narrow ? 12 : 8), ports, protocol));
  store<u32>(note, ports, NOTE_PORTS);
  store<u32>(note, <u32>transport, NOTE_TRANSPORT);
  store<u32>(note, <u32>checksumAt, NOTE_CHECKSUM);
  store<u32>(note, marks, NOTE_PROTOCOL);
  return 0;
}

function adjust(checksum: u32, delta: u32): u32 {
  const sum = (~checksum & 0xffff) + delta;
  return ~((sum & 0xffff) + (sum >> 16)) & 0xffff;
}

/** The place of the flow's tail; sizes are known when this is compiled. */
function tailAt<Address>(reference: u32): usize {
  return entryOf<Address>(reference) + (sizeof<Address>() << 2) + 8;
}

function entryOf<Address>(reference: u32): usize {
  return entries + <usize>(reference >> 1) * ((sizeof<Address>() << 2) + 8 + NAT_TAIL_BYTES);
}

/** The key of the packets that go the same way, or the other one. */
function keyAt<Address>(reference: u32, other: u32): usize {
  return entryOf<Address>(reference) + <usize>((reference ^ other) & 1) * ((sizeof<Address>() << 1) + 4);
}

function rewrite<Address>(packet: usize, reference: u32, tail: usize, note: usize): void {
  const narrow = sizeof<Address>() == 4;
  const transport = <usize>load<u32>(note, NOTE_TRANSPORT);
  const checksumAt = <usize>load<u32>(note, NOTE_CHECKSUM);
  const protocol = <u32>load<u8>(note, NOTE_PROTOCOL);
  const other = keyAt<Address>(reference, 1);
  // The way back is the same difference, taken away.
  const flip = (0 - (reference & 1)) & 0xffff;
  const addressDelta = <u32>load<u16>(tail, NAT_TAIL_ADDRESS_DELTA) ^ flip;
  let delta = <u32>load<u16>(tail, NAT_TAIL_PORT_DELTA) ^ flip;
  let newPorts: u32;
  if (narrow) {
    store<u64>(packet, rotl<u64>(load<u64>(other), 32), 12);
    store<u16>(packet, <u16>adjust(<u32>load<u16>(packet, 10), addressDelta), 10);
    newPorts = rotl<u32>(load<u32>(other, 8), 16);
    // Only the ICMP of IPv4 has no pseudo-header.
    if (protocol != ICMP4) delta += addressDelta;
  } else {
    v128.store(packet, v128.load(other, 16), 8);
    v128.store(packet, v128.load(other), 24);
    newPorts = rotl<u32>(load<u32>(other, 32), 16);
    delta += addressDelta;
  }
  delta = (delta & 0xffff) + (delta >> 16);
  const before = <u32>load<u16>(checksumAt);
  if (protocol == TCP) {
    store<u32>(transport, newPorts);
    store<u16>(checksumAt, <u16>adjust(before, delta));
  } else if (protocol == UDP) {
    store<u32>(transport, newPorts);
    // 0 says that there is none (RFC 768), so a sum of 0 is sent as its other form.
    if (before != 0) {
      const after = adjust(before, delta);
      store<u16>(checksumAt, <u16>(after == 0 ? 0xffff : after));
    }
  } else {
    store<u16>(transport, <u16>(load<u8>(note, NOTE_REPLY) != 0 ? newPorts >> 16 : newPorts), 4);
    store<u16>(checksumAt, <u16>adjust(before, delta));
  }
}

/**
 * `descriptors`: per packet {offset from `base`, length}; one that leaves the area is MALFORMED. `notes`: 32 bytes for
 * each. Writes per packet `flow << 1 | direction`, or a code. Returns how many were rewritten.
 */
function translate<Address>(base: usize, descriptors: usize, notes: usize, answers: usize, count: i32, now: u32): i32 {
  let done: i32 = 0;
  let missed: i32 = 0;
  let sink: u32 = 0;
  const addresses: usize = sizeof<Address>() == 4 ? 12 : 8;
  for (let from: i32 = 0; from < count; from += GROUP) {
    const end = min<i32>(from + GROUP, count);
    for (let i = from; i < end; i++) {
      const descriptor = descriptors + ((<usize>i) << 3);
      const offset = load<u32>(descriptor);
      const length = load<u32>(descriptor, 4);
      const note = notes + ((<usize>i) << NOTE_MOVE);
      const inside = length <= NAT_LIMIT_PACKET_BYTES && offset <= NAT_LIMIT_PACKET_BYTES - length;
      const code = inside ? classify<Address>(base + <usize>offset, length, note) : NAT_MALFORMED;
      store<i32>(answers + ((<usize>i) << 2), code);
      // Any group will do for the passes ahead, which so need no branch.
      if (code != 0) store<u64>(note, 0);
    }
    // Four are read ahead at a time, also where fewer are left.
    for (let i = end; (i & 3) != 0; i++) store<u64>(notes + ((<usize>i) << NOTE_MOVE), 0);
    // Short loops, so that the processor has as many of these reads under way at once as it can.
    for (let i = from; i < end; i += 4) {
      const note = notes + ((<usize>i) << NOTE_MOVE);
      sink ^= readHome(load<u64>(note)) ^ readHome(load<u64>(note, 32));
      sink ^= readHome(load<u64>(note, 64)) ^ readHome(load<u64>(note, 96));
    }
    for (let i = from; i < end || (i & 3) != 0; i++) {
      const note = notes + ((<usize>i) << NOTE_MOVE);
      const slot = likelySlot(load<u64>(note));
      store<u32>(note, slot, NOTE_SLOT);
      // The first entry where there is none.
      store<u32>(note, <u32>tailAt<Address>(slot == 0 ? 0 : slotReference(slot)), NOTE_TAIL);
    }
    for (let i = from; i < end; i += 4) {
      const note = notes + ((<usize>i) << NOTE_MOVE);
      sink ^= load<u32>(<usize>load<u32>(note, NOTE_TAIL)) ^ load<u32>(<usize>load<u32>(note, 32 + NOTE_TAIL));
      sink ^= load<u32>(<usize>load<u32>(note, 64 + NOTE_TAIL)) ^ load<u32>(<usize>load<u32>(note, 96 + NOTE_TAIL));
    }
    for (let i = from; i < end; i++) {
      const answer = answers + ((<usize>i) << 2);
      if (load<i32>(answer) != 0) continue;
      const descriptor = descriptors + ((<usize>i) << 3);
      const packet = base + <usize>load<u32>(descriptor);
      const note = notes + ((<usize>i) << NOTE_MOVE);
      const ports = load<u32>(note, NOTE_PORTS);
      const protocol = <u32>load<u8>(note, NOTE_PROTOCOL);
      const slot = load<u32>(note, NOTE_SLOT);
      // Where packets overlap, the note is of before the rewriting of the others: the addresses then match no flow, or
      // what is rewritten still lies in the packet.
      let reference = slot == 0 ? NOWHERE : slotReference(slot);
      if (
        reference == NOWHERE ||
        !keyIs<Address>(keyAt<Address>(reference, 0), packet + addresses, ports) ||
        <u32>load<u8>(tailAt<Address>(reference), NAT_TAIL_PROTOCOL) != protocol
      )
        reference = find<Address>(load<u64>(note), packet + addresses, ports, protocol);
      const tail = reference == NOWHERE ? 0 : tailAt<Address>(reference);
      if (tail == 0 || !isLive(tail, now)) {
        store<i32>(answer, NAT_NONE);
        missed++;
        continue;
      }
      rewrite<Address>(packet, reference, tail, note);
      touch(tail, reference & 1, <u32>load<u8>(note, NOTE_FLAGS), load<u32>(descriptor, 4), now);
      store<i32>(answer, <i32>reference);
      done++;
    }
  }
  store<u64>(counters, load<u64>(counters, NAT_COUNTER_FOUND) + <u64>done, NAT_COUNTER_FOUND);
  store<u64>(counters, load<u64>(counters, NAT_COUNTER_MISSED) + <u64>missed, NAT_COUNTER_MISSED);
  // Kept, so that the reads ahead are not taken for useless.
  store<u32>(notes, sink);
  return done;
}

/** `translate` for the family of the table. */
export function translateBatch(
  base: usize,
  descriptors: usize,
  notes: usize,
  answers: usize,
  count: i32,
  now: u32,
): i32 {
  return wide
    ? translate<v128>(base, descriptors, notes, answers, count, now)
    : translate<u32>(base, descriptors, notes, answers, count, now);
}
