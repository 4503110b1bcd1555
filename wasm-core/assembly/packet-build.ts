import { fold, sumWords } from './checksum';
import {
  PACKET_DST,
  PACKET_ERROR_PROTOCOL,
  PACKET_ERROR_ROOM,
  PACKET_ERROR_SILENT,
  PACKET_FAMILY,
  PACKET_FLAGS,
  PACKET_FLAG_DONT_FRAGMENT,
  PACKET_FLAG_FRAGMENT_FIRST,
  PACKET_FLAG_FRAGMENT_OTHER,
  PACKET_FLAG_ICMP_ERROR,
  PACKET_L4,
  PACKET_LENGTH,
  PACKET_PAYLOAD_LENGTH,
  PACKET_PROTOCOL,
  PACKET_SRC,
  PACKET_TCP_FLAGS,
} from './layout.gen';
import { ICMP, ICMP6, TCP } from './packet-parse';
import { pseudoSum } from './packet-rewrite';

const FIN: u32 = 1;
const SYN: u32 = 2;
const RST: u32 = 4;
const ACK: u32 = 16;
/** What an ICMP error may have with its packet (RFC 1812 §4.3.2.3, RFC 4443 §2.4 (c)). */
const MAX_ERROR_4: u32 = 576;
const MAX_ERROR_6: u32 = 1280;
const HOP_LIMIT: u32 = 64;

function isMulticast(address: usize, family: u32): bool {
  const first = load<u8>(address);
  // Broadcast and what is reserved included.
  return family == 4 ? first >= 224 : first == 0xff;
}

/** Whether it is one host that others can reach (RFC 1122 §3.2.2, RFC 4443 §2.4 (e)). */
function isHost(address: usize, family: u32): bool {
  if (isMulticast(address, family)) return false;
  const first = load<u8>(address);
  if (family == 4) return first != 0 && first != 127;
  return (load<u64>(address) | (load<u64>(address, 8) & 0x00ffffffffffffff)) != 0 || load<u8>(address, 15) > 1;
}

/** An IP header without options; its IPv4 checksum is right at once. */
function writeHeader(at: usize, family: u32, protocol: u32, body: u32, src: usize, dst: usize): void {
  if (family == 6) {
    store<u32>(at, 0x60);
    store<u16>(at, bswap<u16>(<u16>body), 4);
    store<u8>(at, <u8>protocol, 6);
    store<u8>(at, <u8>HOP_LIMIT, 7);
    memory.copy(at + 8, src, 16);
    memory.copy(at + 24, dst, 16);
    return;
  }
  store<u16>(at, 0x45);
  store<u16>(at, bswap<u16>(<u16>(body + 20)), 2);
  // Never fragmented, so it needs no identification (RFC 6864 §4.1).
  store<u32>(at, 0x40 << 16, 4);
  store<u8>(at, <u8>HOP_LIMIT, 8);
  store<u8>(at, <u8>protocol, 9);
  store<u16>(at, 0, 10);
  memory.copy(at + 12, src, 4);
  memory.copy(at + 16, dst, 4);
  store<u16>(at, <u16>~fold(sumWords(at, 20)), 10);
}

function writeChecksum(at: usize, field: usize, ip: usize, family: u32, protocol: u32, length: u32): void {
  store<u16>(at + field, 0);
  let sum = sumWords(at, length);
  if (protocol != ICMP) sum += pseudoSum(ip + (family == 4 ? 12 : 8), family, protocol, length);
  store<u16>(at + field, <u16>~fold(sum));
}

/** `word` is the second word of the message in host order. @returns bytes written. */
function writeError(packet: usize, d: usize, to: usize, room: u32, from: usize, type: u32, code: u32, word: u32): i32 {
  const family = load<u32>(d, PACKET_FAMILY);
  const header: u32 = family == 4 ? 20 : 40;
  const most = (family == 4 ? MAX_ERROR_4 : MAX_ERROR_6) - header - 8;
  const carried = min<u32>(load<u32>(d, PACKET_LENGTH), most);
  const total = header + 8 + carried;
  if (total > room) return PACKET_ERROR_ROOM;
  const icmp = to + <usize>header;
  const protocol = family == 4 ? ICMP : ICMP6;
  const dst = packet + <usize>load<u32>(d, PACKET_SRC);
  writeHeader(to, family, protocol, 8 + carried, from != 0 ? from : packet + <usize>load<u32>(d, PACKET_DST), dst);
  store<u8>(icmp, <u8>type);
  store<u8>(icmp, <u8>code, 1);
  store<u32>(icmp, bswap<u32>(word), 4);
  memory.copy(icmp + 8, packet, <usize>carried);
  writeChecksum(icmp, 2, to, family, protocol, 8 + carried);
  return <i32>total;
}

/** Whether an ICMP error may answer: no error about errors, fragments' rests, groups, or unclear senders. */
function mayAnswer(packet: usize, d: usize, from: usize, toGroups: bool): bool {
  const family = load<u32>(d, PACKET_FAMILY);
  if ((load<u32>(d, PACKET_FLAGS) & (PACKET_FLAG_ICMP_ERROR | PACKET_FLAG_FRAGMENT_OTHER)) != 0) return false;
  if (!isHost(packet + <usize>load<u32>(d, PACKET_SRC), family)) return false;
  return !isMulticast(packet + <usize>load<u32>(d, PACKET_DST), family) || (toGroups && from != 0);
}

/**
 * Writes an ICMP destination unreachable about the packet at `packet` to `to`, where `room` bytes are and no byte of the
 * packet. `from` is where its source address is, 0 for the packet's destination.
 * @returns bytes written, or a PACKET_ERROR and nothing is.
 */
export function packetUnreachable(packet: usize, d: usize, to: usize, room: u32, from: usize, code: u32): i32 {
  if (!mayAnswer(packet, d, from, false)) return PACKET_ERROR_SILENT;
  const type: u32 = load<u32>(d, PACKET_FAMILY) == 4 ? 3 : 1;
  return writeError(packet, d, to, room, from, type, code, 0);
}

/** The same for "fragmentation needed" (RFC 1191) and packet too big, which alone answers groups (RFC 4443 §2.4 (e.3)). */
export function packetTooBig(packet: usize, d: usize, to: usize, room: u32, from: usize, mtu: u32): i32 {
  const v4 = load<u32>(d, PACKET_FAMILY) == 4;
  if (!mayAnswer(packet, d, from, !v4)) return PACKET_ERROR_SILENT;
  // What may be fragmented is not too big.
  if (v4 && (load<u32>(d, PACKET_FLAGS) & PACKET_FLAG_DONT_FRAGMENT) == 0) return PACKET_ERROR_SILENT;
  return writeError(packet, d, to, room, from, v4 ? 3 : 2, v4 ? 4 : 0, mtu);
}

/** Writes the RST that answers a segment to a closed connection (RFC 9293 §3.5.2, group 1), never one to a RST. */
export function packetReset(packet: usize, d: usize, to: usize, room: u32): i32 {
  if (load<u32>(d, PACKET_PROTOCOL) != TCP) return PACKET_ERROR_PROTOCOL;
  const flags = load<u32>(d, PACKET_TCP_FLAGS);
  const fragment = load<u32>(d, PACKET_FLAGS) & (PACKET_FLAG_FRAGMENT_FIRST | PACKET_FLAG_FRAGMENT_OTHER);
  // Of a fragment the segment's length is not known.
  if ((flags & RST) != 0 || fragment != 0) return PACKET_ERROR_SILENT;
  if (!mayAnswer(packet, d, 0, false)) return PACKET_ERROR_SILENT;
  const family = load<u32>(d, PACKET_FAMILY);
  const header: u32 = family == 4 ? 20 : 40;
  if (header + 20 > room) return PACKET_ERROR_ROOM;
  const src = packet + <usize>load<u32>(d, PACKET_DST);
  writeHeader(to, family, TCP, 20, src, packet + <usize>load<u32>(d, PACKET_SRC));
  const tcp = to + <usize>header;
  const segment = packet + <usize>load<u32>(d, PACKET_L4);
  store<u16>(tcp, load<u16>(segment, 2));
  store<u16>(tcp, load<u16>(segment), 2);
  if ((flags & ACK) != 0) {
    store<u32>(tcp, load<u32>(segment, 8), 4);
    store<u32>(tcp, 0, 8);
    store<u32>(tcp, (RST << 8) | 0x50, 12);
  } else {
    const syn = (flags & SYN) != 0 ? 1 : 0;
    const fin = (flags & FIN) != 0 ? 1 : 0;
    const next = bswap<u32>(load<u32>(segment, 4)) + load<u32>(d, PACKET_PAYLOAD_LENGTH) + syn + fin;
    store<u32>(tcp, 0, 4);
    store<u32>(tcp, bswap<u32>(next), 8);
    store<u32>(tcp, ((RST | ACK) << 8) | 0x50, 12);
  }
  store<u32>(tcp, 0, 16);
  writeChecksum(tcp, 16, to, family, TCP, 20);
  return <i32>(header + 20);
}
