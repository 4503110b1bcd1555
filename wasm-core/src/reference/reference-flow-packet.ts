import { FLOW_CODES } from '../nat/flow.ts';
import type { FlowKey } from '../nat/flow.ts';
import { protocolName } from '../nat/flow-key.ts';

/** Where the parts of a packet that NAT rewrites are, relative to the packet. */
export interface ReferencePacket {
  readonly key: FlowKey;
  readonly protocol: number;
  readonly tcpFlags: number;
  readonly transport: number;
  readonly checksum: number;
  readonly echoReply: boolean;
}

const big16 = (bytes: Uint8Array, at: number): number => ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);

function put16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 8;
  bytes[at + 1] = value;
}

const { malformed, other } = FLOW_CODES;

/** The packet, or `malformed` or `other`. */
export function readPacket(packet: Uint8Array, family: 4 | 6): ReferencePacket | number {
  if (packet.length < (family === 4 ? 20 : 40) || (packet[0] ?? 0) >> 4 !== family) return malformed;
  const transport = family === 4 ? ((packet[0] ?? 0) & 15) * 4 : 40;
  const total = family === 4 ? big16(packet, 2) : 40 + big16(packet, 4);
  if (transport < 20 || transport > total || total > packet.length) return malformed;
  if (family === 4 && (big16(packet, 6) & 0x3fff) !== 0) return other;
  const protocol = packet[family === 4 ? 9 : 6] ?? 0;
  const rest = total - transport;
  const width = family === 4 ? 4 : 16;
  const addresses = family === 4 ? 12 : 8;
  let sourcePort = 0;
  let destinationPort = 0;
  let checksum = 2;
  let echoReply = false;
  if (protocol === 6) {
    const header = ((packet[transport + 12] ?? 0) >> 4) * 4;
    if (rest < 20 || header < 20 || header > rest) return malformed;
    checksum = 16;
  } else if (protocol === 17) {
    if (rest < 8) return malformed;
    const length = big16(packet, transport + 4);
    if (length < 8 || length > rest) return malformed;
    checksum = 6;
  } else if (protocol === (family === 4 ? 1 : 58)) {
    if (rest < 8) return malformed;
    echoReply = packet[transport] === (family === 4 ? 0 : 129);
    if (!echoReply && packet[transport] !== (family === 4 ? 8 : 128)) return other;
    if (packet[transport + 1] !== 0) return malformed;
    if (echoReply) destinationPort = big16(packet, transport + 4);
    else sourcePort = big16(packet, transport + 4);
  } else {
    return other;
  }
  if (protocol === 6 || protocol === 17) {
    sourcePort = big16(packet, transport);
    destinationPort = big16(packet, transport + 2);
  }
  return {
    key: {
      protocol: protocolName(protocol),
      source: packet.slice(addresses, addresses + width),
      sourcePort,
      destination: packet.slice(addresses + width, addresses + 2 * width),
      destinationPort,
    },
    protocol,
    tcpFlags: protocol === 6 ? (packet[transport + 13] ?? 0) : 0,
    transport,
    checksum: transport + checksum,
    echoReply,
  };
}

/** Sum of 16-bit words. */
const words = (...parts: readonly Uint8Array[]): number =>
  parts.reduce((sum, part) => {
    for (let at = 0; at < part.length; at += 2) sum += big16(part, at);
    return sum;
  }, 0);

/** RFC 1624 eqn. 3. */
function adjust(checksum: number, added: number, taken: number): number {
  let sum = (~checksum & 0xffff) + added + 0xffff * 32 - taken;
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

/** Puts `to` in the place of the packet's own key. */
export function rewritePacket(packet: Uint8Array, read: ReferencePacket, to: FlowKey, family: 4 | 6): void {
  const { key, transport, checksum, protocol, echoReply } = read;
  const addresses = family === 4 ? 12 : 8;
  const width = key.source.length;
  const addedAddresses = words(to.source, to.destination);
  const takenAddresses = words(key.source, key.destination);
  let added = to.sourcePort + to.destinationPort;
  let taken = key.sourcePort + key.destinationPort;
  packet.set(to.source, addresses);
  packet.set(to.destination, addresses + width);
  if (family === 4) put16(packet, 10, adjust(big16(packet, 10), addedAddresses, takenAddresses));
  if (protocol !== 1) {
    added += addedAddresses;
    taken += takenAddresses;
  }
  const before = big16(packet, checksum);
  const after = adjust(before, added, taken);
  if (protocol === 17) {
    if (before !== 0) put16(packet, checksum, after === 0 ? 0xffff : after);
  } else {
    put16(packet, checksum, after);
  }
  if (protocol === 6 || protocol === 17) {
    put16(packet, transport, to.sourcePort);
    put16(packet, transport + 2, to.destinationPort);
  } else {
    put16(packet, transport + 4, echoReply ? to.destinationPort : to.sourcePort);
  }
}
