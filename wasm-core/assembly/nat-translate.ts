import {
  NAT_COUNTER_FOUND,
  NAT_COUNTER_MISSED,
  NAT_LIMIT_PACKET_BYTES,
  NAT_MALFORMED,
  NAT_NONE,
  NAT_OTHER,
  NAT_TAIL_ADDRESS_DELTA,
  NAT_TAIL_PORT_DELTA,
} from './layout.gen';
import {
  counters,
  entryAt,
  find,
  hashes,
  hashKey,
  homeSlot,
  isLive,
  keyBytes,
  NOWHERE,
  slotEntry,
  tailOf,
  wide,
} from './nat-table';
import { TCP, touch, UDP } from './nat-state';

/**
 * Looks up the flow of each packet and rewrites it in place to the mirror of the flow's other key, addresses, ports and
 * checksums (RFC 1624 eqn. 3). In groups of 32, in four passes: checks and hashes, all index lines, all entry lines,
 * then the work; so the cache misses of a group overlap instead of following one another.
 *
 *     note of a packet: | hash u64 | ports | protocol | transport | checksum at | TCP flags | echo reply |    32 bytes
 *
 * What is not rewritten here and left untouched: fragments, extension headers, other protocols and ICMP other than echo
 * (OTHER, for the packet functions), and what contradicts itself (MALFORMED). A packet is checked whole before a byte
 * of it changes.
 */
const GROUP: i32 = 32;
const ICMP4: u32 = 1;
const ICMP6: u32 = 58;

/** Of the packet that `classify` looked at last, or that `rewrite` is to change. */
let transport: usize = 0;
let protocol: u32 = 0;
let ports: u32 = 0;
/** Where the checksum of the transport is. */
let checksumAt: usize = 0;
let tcpFlags: u32 = 0;
let echoReply: bool = false;

function big16(at: usize): u32 {
  return <u32>bswap<u16>(load<u16>(at));
}

/** 0, OTHER or MALFORMED; sets the above. Reads nothing at or past `packet + length`. */
function classify(packet: usize, length: u32): i32 {
  let rest: u32;
  if (wide) {
    if (length < 40 || load<u8>(packet) >> 4 != 6) return NAT_MALFORMED;
    rest = big16(packet + 4);
    if (rest > length - 40) return NAT_MALFORMED;
    transport = packet + 40;
    protocol = <u32>load<u8>(packet, 6);
  } else {
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
  }
  if (protocol == TCP) {
    if (rest < 20) return NAT_MALFORMED;
    const header = (<u32>load<u8>(transport, 12) >> 4) << 2;
    if (header < 20 || header > rest) return NAT_MALFORMED;
    checksumAt = transport + 16;
    tcpFlags = <u32>load<u8>(transport, 13);
  } else if (protocol == UDP) {
    if (rest < 8) return NAT_MALFORMED;
    const length = big16(transport + 4);
    if (length < 8 || length > rest) return NAT_MALFORMED;
    checksumAt = transport + 6;
  } else if (protocol == (wide ? ICMP6 : ICMP4)) {
    if (rest < 8) return NAT_MALFORMED;
    const kind = <u32>load<u8>(transport);
    echoReply = kind == (wide ? 129 : 0);
    if (!echoReply && kind != (wide ? 128 : 8)) return NAT_OTHER;
    if (load<u8>(transport, 1) != 0) return NAT_MALFORMED;
    checksumAt = transport + 2;
    // The identifier is the port of the side that asks; that of the other is 0.
    const identifier = <u32>load<u16>(transport, 4);
    ports = echoReply ? identifier << 16 : identifier;
    return 0;
  } else return NAT_OTHER;
  ports = load<u32>(transport);
  return 0;
}

function adjust(checksum: u32, delta: u32): u32 {
  const sum = (~checksum & 0xffff) + delta;
  return ~((sum & 0xffff) + (sum >> 16)) & 0xffff;
}

function rewrite(packet: usize, reference: u32): void {
  const entry = entryAt(reference >> 1);
  const inward = reference & 1;
  const other = inward ? entry : entry + keyBytes;
  const tail = tailOf(entry);
  // The way back is the same difference, taken away.
  const flip: u32 = inward ? 0xffff : 0;
  const addressDelta = <u32>load<u16>(tail, NAT_TAIL_ADDRESS_DELTA) ^ flip;
  const portDelta = <u32>load<u16>(tail, NAT_TAIL_PORT_DELTA) ^ flip;
  const newPorts = rotl<u32>(load<u32>(other + keyBytes - 4), 16);
  let delta = portDelta;
  if (wide) {
    v128.store(packet, v128.load(other, 16), 8);
    v128.store(packet, v128.load(other), 24);
    delta += addressDelta;
  } else {
    store<u64>(packet, rotl<u64>(load<u64>(other), 32), 12);
    store<u16>(packet, <u16>adjust(<u32>load<u16>(packet, 10), addressDelta), 10);
    // Only the ICMP of IPv4 has no pseudo-header.
    if (protocol != ICMP4) delta += addressDelta;
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
    store<u16>(transport, <u16>(echoReply ? newPorts >> 16 : newPorts), 4);
    store<u16>(checksumAt, <u16>adjust(before, delta));
  }
}

/**
 * `descriptors`: per packet {offset from `base`, length}; one that leaves the area is MALFORMED. Writes per packet
 * `flow << 1 | direction`, or a code. Returns how many were rewritten.
 */
export function translate(base: usize, descriptors: usize, answers: usize, count: i32, now: u32): i32 {
  let done: i32 = 0;
  let missed: i32 = 0;
  let sink: u32 = 0;
  for (let from: i32 = 0; from < count; from += GROUP) {
    const end = min<i32>(from + GROUP, count);
    for (let i = from; i < end; i++) {
      const descriptor = descriptors + ((<usize>i) << 3);
      const packet = base + <usize>load<u32>(descriptor);
      const length = load<u32>(descriptor, 4);
      const inside = length <= NAT_LIMIT_PACKET_BYTES && load<u32>(descriptor) <= NAT_LIMIT_PACKET_BYTES - length;
      const code = inside ? classify(packet, length) : NAT_MALFORMED;
      store<i32>(answers + ((<usize>i) << 2), code);
      const note = hashes + ((<usize>i) << 5);
      if (code != 0) {
        // Any slot will do for the passes ahead, which so need no branch.
        store<u64>(note, 0);
        continue;
      }
      store<u64>(note, hashKey(packet + (wide ? 8 : 12), ports, protocol));
      store<u32>(note, ports, 8);
      store<u32>(note, protocol, 12);
      store<u32>(note, <u32>transport, 16);
      store<u32>(note, <u32>checksumAt, 20);
      store<u32>(note, protocol == TCP ? tcpFlags : 0, 24);
      store<u32>(note, <u32>echoReply, 28);
    }
    // Short loops, so that the processor has as many of these reads under way at once as it can.
    for (let i = from; i < end; i++) sink ^= homeSlot(load<u64>(hashes + ((<usize>i) << 5)));
    for (let i = from; i < end; i++) {
      const slot = homeSlot(load<u64>(hashes + ((<usize>i) << 5)));
      if (slot != 0) sink ^= <u32>load<u8>(tailOf(slotEntry(slot)));
    }
    for (let i = from; i < end; i++) {
      const answer = answers + ((<usize>i) << 2);
      if (load<i32>(answer) != 0) continue;
      const descriptor = descriptors + ((<usize>i) << 3);
      const packet = base + <usize>load<u32>(descriptor);
      const note = hashes + ((<usize>i) << 5);
      protocol = load<u32>(note, 12);
      // Where packets overlap, these are of before the rewriting of the others: the addresses then match no flow, or
      // what is rewritten still lies in the packet.
      const reference = find(load<u64>(note), packet + (wide ? 8 : 12), load<u32>(note, 8), protocol);
      const tail = reference == NOWHERE ? 0 : tailOf(entryAt(reference >> 1));
      if (tail == 0 || !isLive(tail, now)) {
        store<i32>(answer, NAT_NONE);
        missed++;
        continue;
      }
      transport = <usize>load<u32>(note, 16);
      checksumAt = <usize>load<u32>(note, 20);
      echoReply = load<u32>(note, 28) != 0;
      rewrite(packet, reference);
      touch(tail, reference & 1, load<u32>(note, 24), load<u32>(descriptor, 4), now);
      store<i32>(answer, <i32>reference);
      done++;
    }
  }
  store<u64>(counters, load<u64>(counters, NAT_COUNTER_FOUND) + <u64>done, NAT_COUNTER_FOUND);
  store<u64>(counters, load<u64>(counters, NAT_COUNTER_MISSED) + <u64>missed, NAT_COUNTER_MISSED);
  // Kept, so that the reads ahead are not taken for useless.
  store<u32>(hashes, sink);
  return done;
}
