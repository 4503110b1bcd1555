import { adjust, delta, fold, sumWords } from './checksum';
import {
  PACKET_DST,
  PACKET_DST_PORT,
  PACKET_EMBEDDED_FAMILY,
  PACKET_ERROR_AUTHENTICATED,
  PACKET_ERROR_FRAGMENT,
  PACKET_ERROR_MISMATCH,
  PACKET_ERROR_OPTIONS,
  PACKET_ERROR_PROTOCOL,
  PACKET_ERROR_ROUTED,
  PACKET_FAMILY,
  PACKET_FLAGS,
  PACKET_FLAG_AUTHENTICATED,
  PACKET_FLAG_ECHO_REPLY,
  PACKET_FLAG_ECHO_REQUEST,
  PACKET_FLAG_FRAGMENT_FIRST,
  PACKET_FLAG_FRAGMENT_OTHER,
  PACKET_FLAG_ROUTED,
  PACKET_L4,
  PACKET_LENGTH,
  PACKET_PAYLOAD,
  PACKET_PAYLOAD_LENGTH,
  PACKET_PROTOCOL,
  PACKET_SRC,
  PACKET_SRC_PORT,
  PACKET_START,
  PACKET_TCP_FLAGS,
  REWRITE_DST,
  REWRITE_DST_PORT,
  REWRITE_PART_DST,
  REWRITE_PART_DST_PORT,
  REWRITE_PART_SRC,
  REWRITE_PART_SRC_PORT,
  REWRITE_SRC,
  REWRITE_SRC_PORT,
  REWRITE_WHAT,
} from './layout.gen';
import { EMBEDDED, ICMP, ICMP6, TCP, UDP } from './packet-parse';

const SYN: u32 = 2;

/**
 * Changes addresses and ports of the packet at `packet`, which `d` describes, as the record at `change` says, and
 * brings every checksum up to date that covers them. In an ICMP error the embedded packet travelled the other way: the
 * new destination becomes its source, and the error's own source changes only where it is the embedded destination
 * (RFC 5508 §4.2), so that a router in between keeps its name.
 * @returns 0, or a PACKET_ERROR and nothing has changed.
 */
export function packetRewrite(packet: usize, d: usize, change: usize): i32 {
  const code = refusal(d);
  if (code != 0) return code;
  const what = load<u32>(change, REWRITE_WHAT);
  const src = packet + <usize>load<u32>(d, PACKET_SRC);
  const dst = packet + <usize>load<u32>(d, PACKET_DST);
  const length: usize = load<u32>(d, PACKET_FAMILY) == 4 ? 4 : 16;
  let changesSrc = (what & REWRITE_PART_SRC) != 0;
  let inner: u32 = 0;
  const e = d + EMBEDDED;
  if (load<u32>(d, PACKET_EMBEDDED_FAMILY) != 0) {
    const embeddedCode = refusal(e);
    if (embeddedCode != 0) return embeddedCode;
    if (!equal(dst, packet + <usize>load<u32>(e, PACKET_SRC), length)) return PACKET_ERROR_MISMATCH;
    changesSrc = changesSrc && equal(src, packet + <usize>load<u32>(e, PACKET_DST), length);
    inner = rewriteEmbedded(packet, e, load<u32>(d, PACKET_LENGTH), change, what, length);
  }
  let addresses: u32 = 0;
  if (changesSrc) addresses += replace(src, change + REWRITE_SRC, length);
  if ((what & REWRITE_PART_DST) != 0) addresses += replace(dst, change + REWRITE_DST, length);
  if (length == 4) adjust(packet + 10, addresses);
  const ports = replacePorts(
    packet,
    d,
    (what & REWRITE_PART_SRC_PORT) != 0,
    load<u32>(change, REWRITE_SRC_PORT),
    (what & REWRITE_PART_DST_PORT) != 0,
    load<u32>(change, REWRITE_DST_PORT),
  );
  const l4 = load<u32>(d, PACKET_L4);
  if (l4 != 0) {
    adjustTransport(packet + <usize>l4, load<u32>(d, PACKET_PROTOCOL), u32.MAX_VALUE, addresses, ports + inner);
  }
  return 0;
}

function refusal(g: usize): i32 {
  const flags = load<u32>(g, PACKET_FLAGS);
  if ((flags & PACKET_FLAG_AUTHENTICATED) != 0) return PACKET_ERROR_AUTHENTICATED;
  if ((flags & PACKET_FLAG_ROUTED) != 0) return PACKET_ERROR_ROUTED;
  const protocol = load<u32>(g, PACKET_PROTOCOL);
  const icmp = load<u32>(g, PACKET_FAMILY) == 4 ? ICMP : ICMP6;
  return protocol == TCP || protocol == UDP || protocol == icmp ? 0 : PACKET_ERROR_PROTOCOL;
}

function equal(a: usize, b: usize, length: usize): bool {
  if (length == 4) return load<u32>(a) == load<u32>(b);
  return load<u64>(a) == load<u64>(b) && load<u64>(a, 8) == load<u64>(b, 8);
}

/** Copies an address over another. @returns what that adds to a sum. */
function replace(at: usize, from: usize, length: usize): u32 {
  let deltas: u32 = 0;
  for (let i: usize = 0; i < length; i += 2) {
    const after = <u32>load<u16>(from + i);
    deltas += delta(<u32>load<u16>(at + i), after);
    store<u16>(at + i, <u16>after);
  }
  return deltas;
}

function replacePort(at: usize, port: u32): u32 {
  const after = <u32>bswap<u16>(<u16>port);
  const deltas = delta(<u32>load<u16>(at), after);
  store<u16>(at, <u16>after);
  return deltas;
}

/** Sets what of the ports the packet has, in it and in its descriptor. @returns what that adds to a sum. */
function replacePorts(packet: usize, g: usize, withSrc: bool, src: u32, withDst: bool, dst: u32): u32 {
  const l4 = load<u32>(g, PACKET_L4);
  if (l4 == 0) return 0;
  const at = packet + <usize>l4;
  const protocol = load<u32>(g, PACKET_PROTOCOL);
  const pair = protocol == TCP || protocol == UDP;
  const flags = load<u32>(g, PACKET_FLAGS);
  let deltas: u32 = 0;
  if (withSrc && (pair || (flags & PACKET_FLAG_ECHO_REQUEST) != 0)) {
    deltas += replacePort(pair ? at : at + 4, src);
    store<u32>(g, src & 0xffff, PACKET_SRC_PORT);
  }
  if (withDst && (pair || (flags & PACKET_FLAG_ECHO_REPLY) != 0)) {
    deltas += replacePort(pair ? at + 2 : at + 4, dst);
    store<u32>(g, dst & 0xffff, PACKET_DST_PORT);
  }
  return deltas;
}

/**
 * Brings the transport checksum up to date, where it lies within `room` bytes. ICMPv6 covers the addresses as TCP and
 * UDP do, ICMP does not; a UDP checksum of 0 says that there is none, and none becomes 0 (RFC 768).
 * @returns what the change of the checksum itself adds to a sum around it.
 */
function adjustTransport(at: usize, protocol: u32, room: u32, addresses: u32, contents: u32): u32 {
  const field: u32 = protocol == TCP ? 16 : protocol == UDP ? 6 : 2;
  if (field + 2 > room) return 0;
  const checksum = at + <usize>field;
  const before = <u32>load<u16>(checksum);
  if (protocol == UDP && before == 0) return 0;
  adjust(checksum, protocol == ICMP ? contents : addresses + contents);
  if (protocol == UDP && load<u16>(checksum) == 0) store<u16>(checksum, 0xffff);
  return delta(before, <u32>load<u16>(checksum));
}

/** @returns what all changes add to the sum of the ICMP message around it. */
function rewriteEmbedded(packet: usize, e: usize, length: u32, change: usize, what: u32, addressLength: usize): u32 {
  const start = load<u32>(e, PACKET_START);
  let addresses: u32 = 0;
  if ((what & REWRITE_PART_DST) != 0) {
    addresses += replace(packet + <usize>load<u32>(e, PACKET_SRC), change + REWRITE_DST, addressLength);
  }
  if ((what & REWRITE_PART_SRC) != 0) {
    addresses += replace(packet + <usize>load<u32>(e, PACKET_DST), change + REWRITE_SRC, addressLength);
  }
  let deltas = addresses;
  if (addressLength == 4) {
    const checksum = packet + <usize>start + 10;
    const before = <u32>load<u16>(checksum);
    adjust(checksum, addresses);
    deltas += delta(before, <u32>load<u16>(checksum));
  }
  const ports = replacePorts(
    packet,
    e,
    (what & REWRITE_PART_DST_PORT) != 0,
    load<u32>(change, REWRITE_DST_PORT),
    (what & REWRITE_PART_SRC_PORT) != 0,
    load<u32>(change, REWRITE_SRC_PORT),
  );
  const l4 = load<u32>(e, PACKET_L4);
  if (l4 == 0) return deltas;
  const room = min<u32>(length, start + load<u32>(e, PACKET_LENGTH)) - l4;
  const protocol = load<u32>(e, PACKET_PROTOCOL);
  return deltas + ports + adjustTransport(packet + <usize>l4, protocol, room, addresses, ports);
}

/**
 * Lowers the maximum segment size that a SYN announces (RFC 9293 §3.7.1) to `mss`.
 * @returns 1 where it did, 0 where there was nothing to lower, or a PACKET_ERROR.
 */
export function packetClampMss(packet: usize, d: usize, mss: u32): i32 {
  const l4 = load<u32>(d, PACKET_L4);
  if (load<u32>(d, PACKET_PROTOCOL) != TCP || l4 == 0) return PACKET_ERROR_PROTOCOL;
  if ((load<u32>(d, PACKET_FLAGS) & PACKET_FLAG_AUTHENTICATED) != 0) return PACKET_ERROR_AUTHENTICATED;
  if ((load<u32>(d, PACKET_TCP_FLAGS) & SYN) == 0) return 0;
  const end = packet + <usize>load<u32>(d, PACKET_PAYLOAD);
  const tcp = packet + <usize>l4;
  let found: usize = 0;
  for (let at = tcp + 20; at < end;) {
    const kind = load<u8>(at);
    if (kind == 0) break;
    if (kind == 1) {
      at++;
      continue;
    }
    if (end - at < 2) return PACKET_ERROR_OPTIONS;
    const size = <usize>load<u8>(at, 1);
    if (size < 2 || size > end - at || (kind == 2 && size != 4)) return PACKET_ERROR_OPTIONS;
    if (kind == 2 && found == 0) found = at + 2;
    at += size;
  }
  if (found == 0) return 0;
  const before = load<u16>(found);
  if (<u32>bswap<u16>(before) <= mss) return 0;
  const after = bswap<u16>(<u16>mss);
  store<u16>(found, after);
  const deltas = delta(<u32>before, <u32>after);
  // Across two words of the checksum, where NOPs have put it at an odd place: each byte counts in the other half.
  const odd = ((found - tcp) & 1) != 0;
  adjust(tcp + 16, odd ? <u32>bswap<u16>(<u16>fold(<u64>deltas)) : deltas);
  return 1;
}

/** The sum of the pseudo-header (RFC 9293 §3.1, RFC 8200 §8.1) of a transport part of `length` bytes. */
export function pseudoSum(src: usize, family: u32, protocol: u32, length: u32): u64 {
  // Source and destination stand side by side in both families.
  return sumWords(src, family == 4 ? 8 : 32) + <u64>bswap<u32>(length) + <u64>bswap<u16>(<u16>protocol);
}

/** @returns 1 where the transport checksum holds or there is none, 0 where not, or a PACKET_ERROR where it can't be known. */
export function packetVerify(packet: usize, d: usize): i32 {
  const flags = load<u32>(d, PACKET_FLAGS);
  if ((flags & PACKET_FLAG_ROUTED) != 0) return PACKET_ERROR_ROUTED;
  if ((flags & (PACKET_FLAG_FRAGMENT_FIRST | PACKET_FLAG_FRAGMENT_OTHER)) != 0) return PACKET_ERROR_FRAGMENT;
  const protocol = load<u32>(d, PACKET_PROTOCOL);
  const family = load<u32>(d, PACKET_FAMILY);
  const l4 = load<u32>(d, PACKET_L4);
  if (protocol != TCP && protocol != UDP && protocol != (family == 4 ? ICMP : ICMP6)) return PACKET_ERROR_PROTOCOL;
  const length = load<u32>(d, PACKET_PAYLOAD) + load<u32>(d, PACKET_PAYLOAD_LENGTH) - l4;
  const at = packet + <usize>l4;
  if (protocol == UDP && load<u16>(at, 6) == 0) return 1;
  let sum = sumWords(at, length);
  if (protocol != ICMP) sum += pseudoSum(packet + <usize>load<u32>(d, PACKET_SRC), family, protocol, length);
  return fold(sum) == 0xffff ? 1 : 0;
}
