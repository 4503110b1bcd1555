import {
  PACKET_ERROR_AUTHENTICATED,
  PACKET_ERROR_MISMATCH,
  PACKET_ERROR_OPTIONS,
  PACKET_ERROR_PROTOCOL,
  PACKET_ERROR_ROUTED,
  PACKET_FLAG_AUTHENTICATED,
  PACKET_FLAG_ECHO_REPLY,
  PACKET_FLAG_ECHO_REQUEST,
  PACKET_FLAG_ROUTED,
} from '../../layout.gen.ts';
import type { PacketChange } from '../../packets/packet-engine.ts';
import { onesAdd } from './reference-checksum.ts';
import { PROTOCOLS, isIcmp } from './reference-parse.ts';
import type { Headers, Parsed } from './reference-parse.ts';

const SYN = 2;
const hex = (bytes: Uint8Array): string => bytes.join();

/** Writes 16-bit words and keeps what that does to a one's-complement sum (RFC 1624). */
class Ledger {
  sum = 0;
  readonly #view: DataView;

  constructor(view: DataView) {
    this.#view = view;
  }

  put(at: number, word: number): void {
    this.sum = onesAdd(this.sum, onesAdd(~this.#view.getUint16(at) & 0xffff, word));
    this.#view.setUint16(at, word);
  }

  putAddress(at: number, address: Uint8Array | undefined): void {
    const words = address === undefined ? 0 : address.length / 2;
    for (let i = 0; i < words; i++) this.put(at + 2 * i, ((address?.[2 * i] ?? 0) << 8) | (address?.[2 * i + 1] ?? 0));
  }

  /** Corrects the checksum at `at` by the sum `by`, which is itself a change to a checksum around it. */
  correct(at: number, by: number, zeroIsNone = false): void {
    const checksum = ~onesAdd(~this.#view.getUint16(at) & 0xffff, by) & 0xffff;
    this.put(at, zeroIsNone && checksum === 0 ? 0xffff : checksum);
  }
}

function refusal(headers: Headers): number {
  if (headers.flags & PACKET_FLAG_AUTHENTICATED) return PACKET_ERROR_AUTHENTICATED;
  if (headers.flags & PACKET_FLAG_ROUTED) return PACKET_ERROR_ROUTED;
  const known = headers.protocol === PROTOCOLS.tcp || headers.protocol === PROTOCOLS.udp || isIcmp(headers);
  return known ? 0 : PACKET_ERROR_PROTOCOL;
}

export function rewritePacket(packet: Uint8Array, parsed: Parsed, change: PacketChange): number {
  const { headers, embedded } = parsed;
  const code = refusal(headers) || (embedded === null ? 0 : refusal(embedded));
  if (code !== 0) return code;
  const size = headers.family === 4 ? 4 : 16;
  const address = (at: number): string => hex(packet.subarray(at, at + size));
  const view = new DataView(packet.buffer, packet.byteOffset, packet.byteLength);
  let { src } = change;
  let inner = 0;
  if (embedded !== null) {
    if (address(headers.dst) !== address(embedded.src)) return PACKET_ERROR_MISMATCH;
    if (address(headers.src) !== address(embedded.dst)) src = undefined;
    const back = { src: change.dst, srcPort: change.dstPort, dst: change.src, dstPort: change.srcPort };
    inner = apply(view, embedded, back, Math.min(headers.length, embedded.start + embedded.length), 0);
  }
  apply(view, headers, { ...change, src }, packet.length, inner);
  return 0;
}

/** Changes what is before `end`. @returns what that adds to the sum of an ICMP message around it. */
function apply(view: DataView, headers: Headers, change: PacketChange, end: number, inner: number): number {
  const addresses = new Ledger(view);
  addresses.putAddress(headers.src, change.src);
  addresses.putAddress(headers.dst, change.dst);
  const ports = new Ledger(view);
  ports.sum = inner;
  const { l4, protocol, flags } = headers;
  const isPair = protocol === PROTOCOLS.tcp || protocol === PROTOCOLS.udp;
  if (l4 !== 0 && change.srcPort !== undefined && (isPair || flags & PACKET_FLAG_ECHO_REQUEST)) {
    ports.put(isPair ? l4 : l4 + 4, change.srcPort);
    headers.srcPort = change.srcPort;
  }
  if (l4 !== 0 && change.dstPort !== undefined && (isPair || flags & PACKET_FLAG_ECHO_REPLY)) {
    ports.put(isPair ? l4 + 2 : l4 + 4, change.dstPort);
    headers.dstPort = change.dstPort;
  }
  const checksums = new Ledger(view);
  if (headers.family === 4) checksums.correct(headers.start + 10, addresses.sum);
  const field = l4 + (protocol === PROTOCOLS.tcp ? 16 : protocol === PROTOCOLS.udp ? 6 : 2);
  const udp = protocol === PROTOCOLS.udp;
  if (l4 !== 0 && field + 2 <= end && !(udp && view.getUint16(field) === 0)) {
    const covered = protocol === PROTOCOLS.icmp ? ports.sum : onesAdd(addresses.sum, ports.sum);
    checksums.correct(field, covered, udp);
  }
  return onesAdd(checksums.sum, onesAdd(addresses.sum, ports.sum));
}

export function clampMss(packet: Uint8Array, parsed: Parsed, mss: number): number {
  const { protocol, l4, flags, payload } = parsed.headers;
  if (protocol !== PROTOCOLS.tcp || l4 === 0) return PACKET_ERROR_PROTOCOL;
  if (flags & PACKET_FLAG_AUTHENTICATED) return PACKET_ERROR_AUTHENTICATED;
  if (!(parsed.tcpFlags & SYN)) return 0;
  const view = new DataView(packet.buffer, packet.byteOffset, packet.byteLength);
  let found = 0;
  for (let at = l4 + 20; at < payload && packet[at] !== 0;) {
    const kind = packet[at];
    const size = kind === 1 ? 1 : at + 1 < payload ? (packet[at + 1] ?? 0) : 0;
    if (kind !== 1 && (size < 2 || at + size > payload || (kind === 2 && size !== 4))) return PACKET_ERROR_OPTIONS;
    if (kind === 2 && found === 0) found = at + 2;
    at += size;
  }
  if (found === 0 || view.getUint16(found) <= mss) return 0;
  // Whole words, so that it does not matter where the option stands.
  const first = found - ((found - l4) % 2);
  const last = found + 1 - ((found + 1 - l4) % 2);
  const words = first === last ? [first] : [first, last];
  const before = words.map((at) => view.getUint16(at));
  view.setUint16(found, mss);
  const ledger = new Ledger(view);
  for (const [i, at] of words.entries()) {
    const after = view.getUint16(at);
    view.setUint16(at, before[i] ?? 0);
    ledger.put(at, after);
  }
  new Ledger(view).correct(l4 + 16, ledger.sum);
  return 1;
}
