import {
  PACKET_BYTES,
  PACKET_EMBEDDED_START,
  PACKET_ERROR_FRAGMENT,
  PACKET_ERROR_PROTOCOL,
  PACKET_ERROR_ROOM,
  PACKET_ERROR_ROUTED,
  PACKET_FLAG_FRAGMENT_FIRST,
  PACKET_FLAG_FRAGMENT_OTHER,
  PACKET_FLAG_ROUTED,
  PACKET_ICMP,
  PACKET_OFFSET,
  PACKET_START,
  PACKET_TCP_FLAGS,
} from '../../layout.gen.ts';
import { CheckedPacketBuffer } from '../../packets/checked-packet-buffer.ts';
import type { PacketBufferOptions } from '../../packets/packet-buffer-face.ts';
import type { PacketChange, PacketEngine } from '../../packets/packet-engine.ts';
import { pseudoSum, reset, tooBig, unreachable } from './reference-build.ts';
import { onesSum } from './reference-checksum.ts';
import { PROTOCOLS, isIcmp, parsePacket } from './reference-parse.ts';
import type { Headers, Parsed } from './reference-parse.ts';
import { clampMss, rewritePacket } from './reference-rewrite.ts';

const WORD = 4;

/** `PacketBuffer` in plain TypeScript: the oracle of the tests, and what to use where WebAssembly SIMD is missing. */
export class ReferencePacketBuffer extends CheckedPacketBuffer {
  /** Throws `CW_CORE_RANGE`. */
  constructor(options: PacketBufferOptions = {}) {
    super(options, (packets, bytes) => new ReferencePacketEngine(packets, bytes));
  }
}

class ReferencePacketEngine implements PacketEngine {
  readonly data: Uint8Array;
  readonly descriptors: Uint32Array;
  readonly #parsed: Parsed[] = [];

  constructor(packets: number, bytes: number) {
    this.data = new Uint8Array(bytes);
    this.descriptors = new Uint32Array((packets * PACKET_BYTES) / WORD);
  }

  parse(offset: number, length: number, index: number): number {
    const parsed = parsePacket(this.data.subarray(offset, offset + length));
    if (typeof parsed === 'number') return parsed;
    this.#parsed[index] = parsed;
    const at = (index * PACKET_BYTES) / WORD;
    this.descriptors.fill(0, at, at + PACKET_BYTES / WORD);
    this.descriptors[at + PACKET_OFFSET / WORD] = offset;
    this.descriptors[at + PACKET_TCP_FLAGS / WORD] = parsed.tcpFlags;
    this.descriptors[at + PACKET_ICMP / WORD] = parsed.icmp;
    this.#describe(index);
    return 0;
  }

  rewrite(index: number, change: PacketChange): number {
    const code = rewritePacket(this.#bytes(index), this.#packet(index), change);
    if (code === 0) this.#describe(index);
    return code;
  }

  clampMss(index: number, mss: number): number {
    return clampMss(this.#bytes(index), this.#packet(index), mss);
  }

  verify(index: number): number {
    const { headers } = this.#packet(index);
    const { flags, family, protocol, src, l4, payload, payloadLength } = headers;
    if (flags & PACKET_FLAG_ROUTED) return PACKET_ERROR_ROUTED;
    if (flags & (PACKET_FLAG_FRAGMENT_FIRST | PACKET_FLAG_FRAGMENT_OTHER)) return PACKET_ERROR_FRAGMENT;
    if (protocol !== PROTOCOLS.tcp && protocol !== PROTOCOLS.udp && !isIcmp(headers)) return PACKET_ERROR_PROTOCOL;
    const bytes = this.#bytes(index);
    if (protocol === PROTOCOLS.udp && bytes[l4 + 6] === 0 && bytes[l4 + 7] === 0) return 1;
    const length = payload + payloadLength - l4;
    const pseudo = protocol === PROTOCOLS.icmp ? 0 : pseudoSum(bytes, src, family, protocol, length);
    return onesSum(bytes, l4, length, pseudo) === 0xffff ? 1 : 0;
  }

  unreachable(index: number, to: number, room: number, from: Uint8Array | undefined, code: number): number {
    return this.#put(unreachable(this.#bytes(index), this.#packet(index), from, code), to, room);
  }

  tooBig(index: number, to: number, room: number, from: Uint8Array | undefined, mtu: number): number {
    return this.#put(tooBig(this.#bytes(index), this.#packet(index), from, mtu), to, room);
  }

  reset(index: number, to: number, room: number): number {
    return this.#put(reset(this.#bytes(index), this.#packet(index)), to, room);
  }

  checksumAt(offset: number, length: number): number {
    return ~onesSum(this.data, offset, length) & 0xffff;
  }

  checksum(bytes: Uint8Array): number {
    return ~onesSum(bytes, 0, bytes.length) & 0xffff;
  }

  #put(answer: Uint8Array | number, to: number, room: number): number {
    if (typeof answer === 'number') return answer;
    if (answer.length > room) return PACKET_ERROR_ROOM;
    this.data.set(answer, to);
    return answer.length;
  }

  #packet(index: number): Parsed {
    const parsed = this.#parsed[index];
    if (parsed === undefined) throw new RangeError(`no packet ${index}`);
    return parsed;
  }

  #bytes(index: number): Uint8Array {
    const offset = this.descriptors[(index * PACKET_BYTES + PACKET_OFFSET) / WORD] ?? 0;
    return this.data.subarray(offset, offset + this.#packet(index).headers.length);
  }

  #describe(index: number): void {
    const { headers, embedded } = this.#packet(index);
    const at = (index * PACKET_BYTES) / WORD;
    this.descriptors.set(fieldsOf(headers), at + PACKET_START / WORD);
    if (embedded !== null) this.descriptors.set(fieldsOf(embedded), at + PACKET_EMBEDDED_START / WORD);
  }
}

/** In the order of the layout. */
function fieldsOf(h: Headers): number[] {
  const { start, length, family, protocol, flags, src, dst } = h;
  return [start, length, family, protocol, flags, src, dst, h.l4, h.payload, h.payloadLength, h.srcPort, h.dstPort];
}
