import { fold, sumWords } from './checksum';
import {
  PACKET_DST,
  PACKET_DST_PORT,
  PACKET_EMBEDDED_FAMILY,
  PACKET_EMBEDDED_START,
  PACKET_ERROR_CHECKSUM,
  PACKET_ERROR_EMBEDDED,
  PACKET_ERROR_EXTENSION,
  PACKET_ERROR_FRAGMENT,
  PACKET_ERROR_HEADER,
  PACKET_ERROR_LENGTH,
  PACKET_ERROR_OPTIONS,
  PACKET_ERROR_TRANSPORT,
  PACKET_ERROR_TRUNCATED,
  PACKET_ERROR_VERSION,
  PACKET_BYTES,
  PACKET_FAMILY,
  PACKET_FLAGS,
  PACKET_FLAG_AUTHENTICATED,
  PACKET_FLAG_DONT_FRAGMENT,
  PACKET_FLAG_ECHO_REPLY,
  PACKET_FLAG_ECHO_REQUEST,
  PACKET_FLAG_FRAGMENT_FIRST,
  PACKET_FLAG_FRAGMENT_MORE,
  PACKET_FLAG_FRAGMENT_OTHER,
  PACKET_FLAG_ICMP_ERROR,
  PACKET_FLAG_OPTIONS,
  PACKET_FLAG_ROUTED,
  PACKET_ICMP,
  PACKET_L4,
  PACKET_LENGTH,
  PACKET_OFFSET,
  PACKET_PAYLOAD,
  PACKET_PAYLOAD_LENGTH,
  PACKET_PROTOCOL,
  PACKET_SRC,
  PACKET_SRC_PORT,
  PACKET_START,
  PACKET_TCP_FLAGS,
} from './layout.gen';

export const ICMP: u32 = 1;
export const TCP: u32 = 6;
export const UDP: u32 = 17;
export const ICMP6: u32 = 58;
const HOP_BY_HOP: u32 = 0;
const ROUTING: u32 = 43;
const FRAGMENT: u32 = 44;
const AH: u32 = 51;
const DESTINATION: u32 = 60;

/** Headers between IPv6 and the transport; honest packets have two or three. */
const MAX_EXTENSIONS: u32 = 8;
/** From a descriptor to the one of the embedded packet inside of it. */
export const EMBEDDED: usize = PACKET_EMBEDDED_START - PACKET_START;

export function load16(at: usize): u32 {
  return <u32>bswap<u16>(load<u16>(at));
}

/**
 * Reads the packet of `length` bytes at `area + offset` whole and describes it at `d`.
 * @returns 0, or a PACKET_ERROR, and then the descriptor means nothing.
 */
export function packetParse(area: usize, offset: u32, length: u32, d: usize): i32 {
  memory.fill(d, 0, PACKET_BYTES);
  store<u32>(d, offset, PACKET_OFFSET);
  return readHeaders(area + <usize>offset, 0, length, d, d, false);
}

/** `d` is the packet's descriptor, `g` that or its embedded one; `start` and all offsets count from `packet`. */
function readHeaders(packet: usize, start: u32, given: u32, d: usize, g: usize, embedded: bool): i32 {
  if (given < 20) return PACKET_ERROR_TRUNCATED;
  store<u32>(g, start, PACKET_START);
  const version = load<u8>(packet + <usize>start) >> 4;
  if (version == 4) return readIPv4(packet, start, given, d, g, embedded);
  if (version == 6) return readIPv6(packet, start, given, d, g, embedded);
  return PACKET_ERROR_VERSION;
}

function readIPv4(packet: usize, start: u32, given: u32, d: usize, g: usize, embedded: bool): i32 {
  const at = packet + <usize>start;
  const header = (<u32>(load<u8>(at) & 15)) << 2;
  if (header < 20) return PACKET_ERROR_HEADER;
  if (header > given) return PACKET_ERROR_TRUNCATED;
  const total = load16(at + 2);
  if (total < header) return PACKET_ERROR_LENGTH;
  if (!embedded) {
    if (total > given) return PACKET_ERROR_TRUNCATED;
    if (fold(sumWords(at, header)) != 0xffff) return PACKET_ERROR_CHECKSUM;
  }
  let flags: u32 = 0;
  if (header > 20) {
    flags = PACKET_FLAG_OPTIONS;
    const route = readOptions(at + 20, header - 20);
    if (route < 0) return PACKET_ERROR_OPTIONS;
    if (route > 0) flags |= PACKET_FLAG_ROUTED;
  }
  const word = load16(at + 6);
  if ((word & 0x4000) != 0) flags |= PACKET_FLAG_DONT_FRAGMENT;
  let protocol = <u32>load<u8>(at, 9);
  const fragment = (word & 0x1fff) << 3;
  const more = (word & 0x2000) != 0;
  if (fragment != 0 || more) {
    if (!fragmentFits(fragment, more, total - header, header)) return PACKET_ERROR_FRAGMENT;
    // Would overwrite the flags of a TCP header that a filter has seen (RFC 3128).
    if (protocol == TCP && fragment == 8) return PACKET_ERROR_FRAGMENT;
    flags |= fragmentFlags(fragment, more);
  }
  let at4 = start + header;
  const end = start + min<u32>(total, given);
  if (protocol == AH && fragment == 0) {
    const size = authenticationSize(packet + <usize>at4, end - at4);
    if (size == 0) return PACKET_ERROR_EXTENSION;
    flags |= PACKET_FLAG_AUTHENTICATED;
    protocol = <u32>load<u8>(packet + <usize>at4);
    at4 += size;
  }
  store<u32>(g, 4, PACKET_FAMILY);
  store<u32>(g, total, PACKET_LENGTH);
  store<u32>(g, start + 12, PACKET_SRC);
  store<u32>(g, start + 16, PACKET_DST);
  return readTransport(packet, at4, end, protocol, flags, d, g, embedded);
}

/** @returns 1 where a source route is not used up (RFC 791), 0 where none is, -1 where the list is broken. */
function readOptions(at: usize, length: u32): i32 {
  let route = 0;
  for (let i: u32 = 0; i < length;) {
    const kind = load<u8>(at + <usize>i);
    if (kind == 0) return route;
    if (kind == 1) {
      i++;
      continue;
    }
    if (length - i < 2) return -1;
    const size = <u32>load<u8>(at + <usize>i, 1);
    if (size < 2 || size > length - i) return -1;
    if (kind == 131 || kind == 137) {
      if (size < 3) return -1;
      if (<u32>load<u8>(at + <usize>i, 2) <= size) route = 1;
    }
    i += size;
  }
  return route;
}

function fragmentFits(fragment: u32, more: bool, body: u32, header: u32): bool {
  return body != 0 && (!more || (body & 7) == 0) && fragment + body + header <= 0xffff;
}

function fragmentFlags(fragment: u32, more: bool): u32 {
  const place = fragment == 0 ? PACKET_FLAG_FRAGMENT_FIRST : PACKET_FLAG_FRAGMENT_OTHER;
  return more ? place | PACKET_FLAG_FRAGMENT_MORE : place;
}

/** Bytes of the AH (RFC 4302 §2), 0 where it does not fit. */
function authenticationSize(at: usize, room: u32): u32 {
  if (room < 12) return 0;
  const size = (<u32>load<u8>(at, 1) + 2) << 2;
  return size < 12 || size > room ? 0 : size;
}

function readIPv6(packet: usize, start: u32, given: u32, d: usize, g: usize, embedded: bool): i32 {
  if (given < 40) return PACKET_ERROR_TRUNCATED;
  const header = packet + <usize>start;
  const total: u32 = 40 + load16(header + 4);
  if (!embedded && total > given) return PACKET_ERROR_TRUNCATED;
  const end = start + min<u32>(total, given);
  let next = <u32>load<u8>(header, 6);
  let pos = start + 40;
  let flags: u32 = 0;
  for (let count: u32 = 0; ; count++) {
    if (next != HOP_BY_HOP && next != ROUTING && next != FRAGMENT && next != AH && next != DESTINATION) break;
    // A fragment's rest holds data, whatever its first fragment's headers were.
    if ((flags & PACKET_FLAG_FRAGMENT_OTHER) != 0) break;
    if (count == MAX_EXTENSIONS || end - pos < 8) return PACKET_ERROR_EXTENSION;
    const at = packet + <usize>pos;
    let size = (<u32>load<u8>(at, 1) + 1) << 3;
    if (next == FRAGMENT) {
      if ((flags & PACKET_FLAG_FRAGMENT_FIRST) != 0) return PACKET_ERROR_EXTENSION;
      size = 8;
      const word = load16(at + 2);
      const fragment = word & 0xfff8;
      const more = (word & 1) != 0;
      if (fragment != 0 || more) {
        const body = start + total - pos - 8;
        if (!fragmentFits(fragment, more, body, 0)) return PACKET_ERROR_FRAGMENT;
        if (load<u8>(at) == <u8>TCP && fragment == 8) return PACKET_ERROR_FRAGMENT;
        flags |= fragmentFlags(fragment, more);
      }
    } else if (next == AH) {
      size = authenticationSize(at, end - pos);
      // IPv6 aligns it to 8 (RFC 4302 §2.2).
      if (size == 0 || (size & 7) != 0) return PACKET_ERROR_EXTENSION;
      flags |= PACKET_FLAG_AUTHENTICATED;
    } else {
      if (size > end - pos) return PACKET_ERROR_EXTENSION;
      if (next == ROUTING) {
        const left = load<u8>(at, 3);
        // Type 0 is forbidden (RFC 5095 §3).
        if (left != 0 && load<u8>(at, 2) == 0) return PACKET_ERROR_EXTENSION;
        if (left != 0) flags |= PACKET_FLAG_ROUTED;
      } else {
        if (next == HOP_BY_HOP && count != 0) return PACKET_ERROR_EXTENSION;
        if (!optionsHold(at + 2, size - 2)) return PACKET_ERROR_EXTENSION;
      }
    }
    flags |= PACKET_FLAG_OPTIONS;
    next = <u32>load<u8>(at);
    pos += size;
  }
  store<u32>(g, 6, PACKET_FAMILY);
  store<u32>(g, total, PACKET_LENGTH);
  store<u32>(g, start + 8, PACKET_SRC);
  store<u32>(g, start + 24, PACKET_DST);
  return readTransport(packet, pos, end, next, flags, d, g, embedded);
}

/** Whether the options of a hop-by-hop or destination header (RFC 8200 §4.2) fill it exactly. */
function optionsHold(at: usize, length: u32): bool {
  let i: u32 = 0;
  while (i < length) {
    if (load<u8>(at + <usize>i) == 0) {
      i++;
      continue;
    }
    if (length - i < 2) return false;
    i += <u32>load<u8>(at + <usize>i, 1) + 2;
  }
  return i == length;
}

function readTransport(
  packet: usize,
  pos: u32,
  end: u32,
  protocol: u32,
  flags: u32,
  d: usize,
  g: usize,
  embedded: bool,
): i32 {
  store<u32>(g, protocol, PACKET_PROTOCOL);
  store<u32>(g, flags, PACKET_FLAGS);
  store<u32>(g, pos, PACKET_PAYLOAD);
  store<u32>(g, end - pos, PACKET_PAYLOAD_LENGTH);
  if ((flags & PACKET_FLAG_FRAGMENT_OTHER) != 0) return 0;
  store<u32>(g, pos, PACKET_L4);
  const room = end - pos;
  const family = load<u32>(g, PACKET_FAMILY);
  const at = packet + <usize>pos;
  if (protocol == TCP) return readTcp(at, pos, room, d, g, embedded);
  if (protocol == UDP) return readUdp(at, pos, room, flags, family, g, embedded);
  if (protocol == (family == 4 ? ICMP : ICMP6)) return readIcmp(packet, pos, end, flags, family, d, g, embedded);
  return 0;
}

function storePorts(at: usize, pos: u32, header: u32, length: u32, g: usize): void {
  store<u32>(g, load16(at), PACKET_SRC_PORT);
  store<u32>(g, load16(at + 2), PACKET_DST_PORT);
  store<u32>(g, pos + header, PACKET_PAYLOAD);
  store<u32>(g, length - header, PACKET_PAYLOAD_LENGTH);
}

function readTcp(at: usize, pos: u32, room: u32, d: usize, g: usize, embedded: bool): i32 {
  if (embedded) {
    // All that an ICMP error must carry of it (RFC 792).
    if (room < 8) return PACKET_ERROR_TRANSPORT;
    storePorts(at, pos, 8, room, g);
    return 0;
  }
  if (room < 20) return PACKET_ERROR_TRANSPORT;
  const header = (<u32>load<u8>(at, 12) >> 4) << 2;
  if (header < 20 || header > room) return PACKET_ERROR_TRANSPORT;
  store<u32>(d, <u32>load<u8>(at, 13), PACKET_TCP_FLAGS);
  storePorts(at, pos, header, room, g);
  return 0;
}

function readUdp(at: usize, pos: u32, room: u32, flags: u32, family: u32, g: usize, embedded: bool): i32 {
  if (room < 8) return PACKET_ERROR_TRANSPORT;
  let length = load16(at + 4);
  if (length < 8) return PACKET_ERROR_TRANSPORT;
  if (embedded || (flags & PACKET_FLAG_FRAGMENT_FIRST) != 0) length = min<u32>(length, room);
  else if (length > room) return PACKET_ERROR_TRANSPORT;
  // "No checksum" is for IPv4 alone (RFC 8200 §8.1).
  if (family == 6 && !embedded && load<u16>(at, 6) == 0) return PACKET_ERROR_TRANSPORT;
  storePorts(at, pos, 8, length, g);
  return 0;
}

function readIcmp(packet: usize, pos: u32, end: u32, flags: u32, family: u32, d: usize, g: usize, embedded: bool): i32 {
  if (end - pos < 8) return PACKET_ERROR_TRANSPORT;
  const at = packet + <usize>pos;
  const type = <u32>load<u8>(at);
  store<u32>(g, pos + 8, PACKET_PAYLOAD);
  store<u32>(g, end - pos - 8, PACKET_PAYLOAD_LENGTH);
  if (!embedded) store<u32>(d, load16(at), PACKET_ICMP);
  let carries = false;
  if (family == 4) {
    if (type == 8 || type == 13) flags |= PACKET_FLAG_ECHO_REQUEST;
    else if (type == 0 || type == 14) flags |= PACKET_FLAG_ECHO_REPLY;
    else carries = type == 3 || type == 4 || type == 5 || type == 11 || type == 12;
    if (carries) flags |= PACKET_FLAG_ICMP_ERROR;
  } else {
    if (type == 128) flags |= PACKET_FLAG_ECHO_REQUEST;
    else if (type == 129) flags |= PACKET_FLAG_ECHO_REPLY;
    else carries = type >= 1 && type <= 4;
    // Unknown errors too, and redirects (RFC 4443 §2.4 (e)).
    if (type < 128 || type == 137) flags |= PACKET_FLAG_ICMP_ERROR;
  }
  store<u32>(g, flags, PACKET_FLAGS);
  if ((flags & PACKET_FLAG_ECHO_REQUEST) != 0) store<u32>(g, load16(at + 4), PACKET_SRC_PORT);
  if ((flags & PACKET_FLAG_ECHO_REPLY) != 0) store<u32>(g, load16(at + 4), PACKET_DST_PORT);
  if (embedded || !carries) return 0;
  if (readHeaders(packet, pos + 8, end - pos - 8, d, d + EMBEDDED, true) != 0) return PACKET_ERROR_EMBEDDED;
  return load<u32>(d, PACKET_EMBEDDED_FAMILY) == family ? 0 : PACKET_ERROR_EMBEDDED;
}
