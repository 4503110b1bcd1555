import {
  PACKET_ERROR_PROTOCOL,
  PACKET_ERROR_SILENT,
  PACKET_FLAG_DONT_FRAGMENT,
  PACKET_FLAG_FRAGMENT_FIRST,
  PACKET_FLAG_FRAGMENT_OTHER,
  PACKET_FLAG_ICMP_ERROR,
} from '../../layout.gen.ts';
import { onesSum } from './reference-checksum.ts';
import { PROTOCOLS } from './reference-parse.ts';
import type { Headers, Parsed } from './reference-parse.ts';

const FIN = 1;
const SYN = 2;
const RST = 4;
const ACK = 16;

/** The sum of the pseudo-header of `length` bytes of transport; addresses side by side at `at`. */
export function pseudoSum(bytes: Uint8Array, at: number, family: number, protocol: number, length: number): number {
  return onesSum(
    bytes,
    at,
    family === 4 ? 8 : 32,
    onesSum(Uint8Array.of(length >> 8, length & 255, 0, protocol), 0, 4),
  );
}

function addressOf(packet: Uint8Array, { family }: Headers, at: number): Uint8Array {
  return packet.subarray(at, at + (family === 4 ? 4 : 16));
}

function isGroup(address: Uint8Array): boolean {
  return address.length === 4 ? (address[0] ?? 0) >= 224 : address[0] === 255;
}

function isHost(address: Uint8Array): boolean {
  if (isGroup(address)) return false;
  if (address.length === 4) return address[0] !== 0 && address[0] !== 127;
  return address.subarray(0, 15).some((byte) => byte !== 0) || (address[15] ?? 0) > 1;
}

function mayAnswer(packet: Uint8Array, { headers }: Parsed, groups: boolean): boolean {
  if (headers.flags & (PACKET_FLAG_ICMP_ERROR | PACKET_FLAG_FRAGMENT_OTHER)) return false;
  if (!isHost(addressOf(packet, headers, headers.src))) return false;
  return groups || !isGroup(addressOf(packet, headers, headers.dst));
}

/** An IP packet with `body` in it, whose checksum is at `field`. */
function wrap(src: Uint8Array, dst: Uint8Array, protocol: number, body: Uint8Array, field: number): Uint8Array {
  const family = src.length === 4 ? 4 : 6;
  const start = family === 4 ? 20 : 40;
  const packet = new Uint8Array(start + body.length);
  const view = new DataView(packet.buffer);
  packet.set(body, start);
  packet.set(src, family === 4 ? 12 : 8);
  packet.set(dst, family === 4 ? 16 : 24);
  if (family === 4) {
    view.setUint16(0, 0x4500);
    view.setUint16(2, packet.length);
    view.setUint16(6, 0x4000);
    view.setUint16(8, 0x4000 | protocol);
    view.setUint16(10, ~onesSum(packet, 0, 20) & 0xffff);
  } else {
    view.setUint16(0, 0x6000);
    view.setUint16(4, body.length);
    view.setUint16(6, (protocol << 8) | 64);
  }
  const pseudo =
    protocol === PROTOCOLS.icmp ? 0 : pseudoSum(packet, family === 4 ? 12 : 8, family, protocol, body.length);
  view.setUint16(start + field, ~onesSum(packet, start, body.length, pseudo) & 0xffff);
  return packet;
}

function errorAbout(
  packet: Uint8Array,
  parsed: Parsed,
  from: Uint8Array | undefined,
  type: number,
  code: number,
  word: number,
): Uint8Array {
  const { headers } = parsed;
  const v4 = headers.family === 4;
  const carried = packet.subarray(0, Math.min(headers.length, v4 ? 576 - 28 : 1280 - 48));
  const message = new Uint8Array(8 + carried.length);
  new DataView(message.buffer).setUint16(0, (type << 8) | code);
  new DataView(message.buffer).setUint32(4, word);
  message.set(carried, 8);
  const source = from ?? addressOf(packet, headers, headers.dst);
  return wrap(source, addressOf(packet, headers, headers.src), v4 ? PROTOCOLS.icmp : PROTOCOLS.icmp6, message, 2);
}

export function unreachable(
  packet: Uint8Array,
  parsed: Parsed,
  from: Uint8Array | undefined,
  code: number,
): Uint8Array | number {
  if (!mayAnswer(packet, parsed, false)) return PACKET_ERROR_SILENT;
  return errorAbout(packet, parsed, from, parsed.headers.family === 4 ? 3 : 1, code, 0);
}

export function tooBig(
  packet: Uint8Array,
  parsed: Parsed,
  from: Uint8Array | undefined,
  mtu: number,
): Uint8Array | number {
  const v4 = parsed.headers.family === 4;
  if (!mayAnswer(packet, parsed, !v4 && from !== undefined)) return PACKET_ERROR_SILENT;
  if (v4 && !(parsed.headers.flags & PACKET_FLAG_DONT_FRAGMENT)) return PACKET_ERROR_SILENT;
  return errorAbout(packet, parsed, from, v4 ? 3 : 2, v4 ? 4 : 0, mtu);
}

export function reset(packet: Uint8Array, parsed: Parsed): Uint8Array | number {
  const { headers, tcpFlags } = parsed;
  if (headers.protocol !== PROTOCOLS.tcp) return PACKET_ERROR_PROTOCOL;
  const fragment = headers.flags & (PACKET_FLAG_FRAGMENT_FIRST | PACKET_FLAG_FRAGMENT_OTHER);
  if (tcpFlags & RST || fragment !== 0 || !mayAnswer(packet, parsed, false)) return PACKET_ERROR_SILENT;
  const segment = new DataView(packet.buffer, packet.byteOffset + headers.l4, 20);
  const answer = new DataView(new ArrayBuffer(20));
  answer.setUint16(0, headers.dstPort);
  answer.setUint16(2, headers.srcPort);
  if (tcpFlags & ACK) {
    answer.setUint32(4, segment.getUint32(8));
    answer.setUint16(12, 0x5000 | RST);
  } else {
    const length = headers.payloadLength + (tcpFlags & SYN ? 1 : 0) + (tcpFlags & FIN ? 1 : 0);
    answer.setUint32(8, (segment.getUint32(4) + length) >>> 0);
    answer.setUint16(12, 0x5000 | RST | ACK);
  }
  const [src, dst] = [addressOf(packet, headers, headers.dst), addressOf(packet, headers, headers.src)];
  return wrap(src, dst, PROTOCOLS.tcp, new Uint8Array(answer.buffer), 16);
}
