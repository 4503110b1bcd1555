import {
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
} from '../../layout.gen.ts';
import { onesSum } from './reference-checksum.ts';

export const PROTOCOLS = { icmp: 1, tcp: 6, udp: 17, icmp6: 58 } as const;
const AH = 51;
/** Hop-by-hop, routing, fragment, AH, destination options. */
const EXTENSIONS = new Set([0, 43, 44, AH, 60]);
const MAX_EXTENSIONS = 8;

/** The fields of a descriptor, in its order. */
export interface Headers {
  start: number;
  length: number;
  family: number;
  protocol: number;
  flags: number;
  src: number;
  dst: number;
  l4: number;
  payload: number;
  payloadLength: number;
  srcPort: number;
  dstPort: number;
}

export interface Parsed {
  headers: Headers;
  embedded: Headers | null;
  tcpFlags: number;
  icmp: number;
}

const NO_PORTS = { l4: 0, payload: 0, payloadLength: 0, srcPort: 0, dstPort: 0 };

class Refused extends Error {
  readonly code: number;
  constructor(code: number) {
    super();
    this.code = code;
  }
}

function refuseIf(condition: boolean, code: number): void {
  if (condition) throw new Refused(code);
}

/**
 * One packet at the start of `bytes`, or the PACKET_ERROR why it is none. Written a second time on purpose, beside
 * `assembly/packet-parse.ts`: it is the other engine, and what tests hold the first one against.
 */
export function parsePacket(bytes: Uint8Array): Parsed | number {
  try {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const { headers, end } = readNetwork(view, 0, false);
    const parsed: Parsed = { headers, embedded: null, tcpFlags: 0, icmp: 0 };
    readTransport(view, headers, end, false);
    if (headers.l4 === 0) return parsed;
    if (headers.protocol === PROTOCOLS.tcp) parsed.tcpFlags = view.getUint8(headers.l4 + 13);
    if (isIcmp(headers)) {
      parsed.icmp = view.getUint16(headers.l4);
      if (carriesPacket(headers.family, parsed.icmp >> 8)) parsed.embedded = readEmbedded(view, headers, end);
    }
    return parsed;
  } catch (error) {
    if (error instanceof Refused) return error.code;
    throw error;
  }
}

export function isIcmp({ family, protocol }: Headers): boolean {
  return protocol === (family === 4 ? PROTOCOLS.icmp : PROTOCOLS.icmp6);
}

function carriesPacket(family: number, type: number): boolean {
  return (family === 4 ? [3, 4, 5, 11, 12] : [1, 2, 3, 4]).includes(type);
}

function readEmbedded(view: DataView, outer: Headers, end: number): Headers {
  try {
    const inside = new DataView(view.buffer, view.byteOffset, end);
    const { headers, end: innerEnd } = readNetwork(inside, outer.l4 + 8, true);
    refuseIf(headers.family !== outer.family, PACKET_ERROR_EMBEDDED);
    readTransport(inside, headers, innerEnd, true);
    return headers;
  } catch (error) {
    throw error instanceof Refused ? new Refused(PACKET_ERROR_EMBEDDED) : error;
  }
}

function readNetwork(view: DataView, start: number, embedded: boolean): { headers: Headers; end: number } {
  const given = view.byteLength - start;
  refuseIf(given < 20, PACKET_ERROR_TRUNCATED);
  const version = view.getUint8(start) >> 4;
  refuseIf(version !== 4 && version !== 6, PACKET_ERROR_VERSION);
  return version === 4 ? readIPv4(view, start, given, embedded) : readIPv6(view, start, given, embedded);
}

function readIPv4(view: DataView, start: number, given: number, embedded: boolean): { headers: Headers; end: number } {
  const header = (view.getUint8(start) & 15) * 4;
  refuseIf(header < 20, PACKET_ERROR_HEADER);
  refuseIf(header > given, PACKET_ERROR_TRUNCATED);
  const length = view.getUint16(start + 2);
  refuseIf(length < header, PACKET_ERROR_LENGTH);
  const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  refuseIf(!embedded && length > given, PACKET_ERROR_TRUNCATED);
  refuseIf(!embedded && onesSum(bytes, start, header) !== 0xffff, PACKET_ERROR_CHECKSUM);
  let flags = header > 20 ? PACKET_FLAG_OPTIONS | sourceRoute(bytes.subarray(start + 20, start + header)) : 0;
  const word = view.getUint16(start + 6);
  if (word & 0x4000) flags |= PACKET_FLAG_DONT_FRAGMENT;
  let protocol = view.getUint8(start + 9);
  flags |= fragmentFlags((word & 0x1fff) * 8, (word & 0x2000) !== 0, length - header, header, protocol);
  const end = start + Math.min(length, given);
  let payload = start + header;
  if (protocol === AH && !(flags & PACKET_FLAG_FRAGMENT_OTHER)) {
    const size = authenticationSize(view, payload, end);
    protocol = view.getUint8(payload);
    payload += size;
    flags |= PACKET_FLAG_AUTHENTICATED;
  }
  const addresses = { src: start + 12, dst: start + 16 };
  return { headers: { start, length, family: 4, protocol, flags, ...addresses, ...NO_PORTS, payload }, end };
}

/** PACKET_FLAG_ROUTED where a source route is not used up. */
function sourceRoute(options: Uint8Array): number {
  let flag = 0;
  for (let i = 0; i < options.length;) {
    const kind = options[i] ?? 0;
    if (kind === 0) break;
    const size = kind === 1 ? 1 : (options[i + 1] ?? 0);
    const isRoute = kind === 131 || kind === 137;
    refuseIf(kind !== 1 && (size < (isRoute ? 3 : 2) || i + size > options.length), PACKET_ERROR_OPTIONS);
    if (isRoute && (options[i + 2] ?? 0) <= size) flag = PACKET_FLAG_ROUTED;
    i += size;
  }
  return flag;
}

function fragmentFlags(offset: number, more: boolean, body: number, header: number, protocol: number): number {
  if (offset === 0 && !more) return 0;
  refuseIf(body === 0 || (more && body % 8 !== 0) || offset + body + header > 0xffff, PACKET_ERROR_FRAGMENT);
  refuseIf(protocol === PROTOCOLS.tcp && offset === 8, PACKET_ERROR_FRAGMENT);
  return (
    (offset === 0 ? PACKET_FLAG_FRAGMENT_FIRST : PACKET_FLAG_FRAGMENT_OTHER) | (more ? PACKET_FLAG_FRAGMENT_MORE : 0)
  );
}

function authenticationSize(view: DataView, at: number, end: number): number {
  refuseIf(end - at < 12, PACKET_ERROR_EXTENSION);
  const size = (view.getUint8(at + 1) + 2) * 4;
  refuseIf(size < 12 || size > end - at, PACKET_ERROR_EXTENSION);
  return size;
}

function readIPv6(view: DataView, start: number, given: number, embedded: boolean): { headers: Headers; end: number } {
  refuseIf(given < 40, PACKET_ERROR_TRUNCATED);
  const length = 40 + view.getUint16(start + 4);
  refuseIf(!embedded && length > given, PACKET_ERROR_TRUNCATED);
  const end = start + Math.min(length, given);
  let protocol = view.getUint8(start + 6);
  let payload = start + 40;
  let flags = 0;
  for (let count = 0; EXTENSIONS.has(protocol) && !(flags & PACKET_FLAG_FRAGMENT_OTHER); count++) {
    refuseIf(count === MAX_EXTENSIONS || end - payload < 8, PACKET_ERROR_EXTENSION);
    let size = (view.getUint8(payload + 1) + 1) * 8;
    if (protocol === 44) {
      refuseIf((flags & PACKET_FLAG_FRAGMENT_FIRST) !== 0, PACKET_ERROR_EXTENSION);
      size = 8;
      const word = view.getUint16(payload + 2);
      const body = start + length - payload - 8;
      flags |= fragmentFlags(word & 0xfff8, (word & 1) !== 0, body, 0, view.getUint8(payload));
    } else if (protocol === AH) {
      size = authenticationSize(view, payload, end);
      refuseIf(size % 8 !== 0, PACKET_ERROR_EXTENSION);
      flags |= PACKET_FLAG_AUTHENTICATED;
    } else if (protocol === 43) {
      refuseIf(size > end - payload, PACKET_ERROR_EXTENSION);
      const left = view.getUint8(payload + 3);
      refuseIf(left !== 0 && view.getUint8(payload + 2) === 0, PACKET_ERROR_EXTENSION);
      if (left !== 0) flags |= PACKET_FLAG_ROUTED;
    } else {
      refuseIf(size > end - payload || (protocol === 0 && count !== 0), PACKET_ERROR_EXTENSION);
      checkOptions(new Uint8Array(view.buffer, view.byteOffset + payload + 2, size - 2));
    }
    flags |= PACKET_FLAG_OPTIONS;
    protocol = view.getUint8(payload);
    payload += size;
  }
  const addresses = { src: start + 8, dst: start + 24 };
  return { headers: { start, length, family: 6, protocol, flags, ...addresses, ...NO_PORTS, payload }, end };
}

function checkOptions(options: Uint8Array): void {
  let i = 0;
  while (i < options.length) {
    refuseIf(options[i] !== 0 && i + 1 === options.length, PACKET_ERROR_EXTENSION);
    i += options[i] === 0 ? 1 : (options[i + 1] ?? 0) + 2;
  }
  refuseIf(i !== options.length, PACKET_ERROR_EXTENSION);
}

/** Fills in what stands behind the network headers, which end at `headers.payload`. */
function readTransport(view: DataView, headers: Headers, end: number, embedded: boolean): void {
  const at = headers.payload;
  const room = end - at;
  headers.payloadLength = room;
  if (headers.flags & PACKET_FLAG_FRAGMENT_OTHER) return;
  headers.l4 = at;
  const { protocol } = headers;
  const isPair = protocol === PROTOCOLS.tcp || protocol === PROTOCOLS.udp;
  if (!isPair && !isIcmp(headers)) return;
  refuseIf(room < 8, PACKET_ERROR_TRANSPORT);
  let size = 8;
  let length = room;
  if (protocol === PROTOCOLS.tcp && !embedded) {
    refuseIf(room < 20, PACKET_ERROR_TRANSPORT);
    size = (view.getUint8(at + 12) >> 4) * 4;
    refuseIf(size < 20 || size > room, PACKET_ERROR_TRANSPORT);
  }
  if (protocol === PROTOCOLS.udp) {
    length = view.getUint16(at + 4);
    const whole = !embedded && !(headers.flags & PACKET_FLAG_FRAGMENT_FIRST);
    refuseIf(length < 8 || (whole && length > room), PACKET_ERROR_TRANSPORT);
    refuseIf(headers.family === 6 && !embedded && view.getUint16(at + 6) === 0, PACKET_ERROR_TRANSPORT);
    length = Math.min(length, room);
  }
  headers.payload = at + size;
  headers.payloadLength = length - size;
  if (isPair) {
    headers.srcPort = view.getUint16(at);
    headers.dstPort = view.getUint16(at + 2);
    return;
  }
  const type = view.getUint8(at);
  const v4 = headers.family === 4;
  if ((v4 ? [8, 13] : [128]).includes(type)) {
    headers.flags |= PACKET_FLAG_ECHO_REQUEST;
    headers.srcPort = view.getUint16(at + 4);
  } else if ((v4 ? [0, 14] : [129]).includes(type)) {
    headers.flags |= PACKET_FLAG_ECHO_REPLY;
    headers.dstPort = view.getUint16(at + 4);
  }
  if (v4 ? carriesPacket(4, type) : type < 128 || type === 137) headers.flags |= PACKET_FLAG_ICMP_ERROR;
}
