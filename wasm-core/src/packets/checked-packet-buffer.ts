import { CoreError } from '../errors.ts';
import {
  PACKET_BYTES,
  PACKET_ERROR_FAMILY,
  PACKET_ERROR_FULL,
  PACKET_FAMILY,
  PACKET_LENGTH,
  PACKET_OFFSET,
} from '../layout.gen.ts';
import type { PacketBufferFace, PacketBufferOptions } from './packet-buffer-face.ts';
import type { PacketChange, PacketEngine } from './packet-engine.ts';

const WORD = 4;
const MAX_PACKETS = 65_536;
const MAX_BYTES = 256 * 1024 * 1024;
const MAX_PORT = 65_535;
const MAX_MTU = 65_535;
/** What every link carries (RFC 791, RFC 8200 §5). */
const MIN_MTU_4 = 68;
const MIN_MTU_6 = 1280;
const TOO_BIG_CODE_4 = 4;
const MAX_CODE_4 = 15;
const MAX_CODE_6 = 8;

/** What both engines share: every argument is checked here, once, before an engine sees it. */
export abstract class CheckedPacketBuffer implements PacketBufferFace {
  readonly capacity: number;
  readonly data: Uint8Array;
  readonly descriptors: Uint32Array;
  readonly #engine: PacketEngine;
  #count = 0;

  protected constructor(options: PacketBufferOptions, createEngine: (packets: number, bytes: number) => PacketEngine) {
    const { packets = 256, bytes = packets * 2048 } = options;
    if (!isWithin(packets, 1, MAX_PACKETS)) throw new CoreError('CW_CORE_RANGE', `1 to ${MAX_PACKETS} packets`);
    if (!isWithin(bytes, 1, MAX_BYTES)) throw new CoreError('CW_CORE_RANGE', `1 to ${MAX_BYTES} bytes`);
    this.capacity = packets;
    this.#engine = createEngine(packets, bytes);
    this.data = this.#engine.data;
    this.descriptors = this.#engine.descriptors;
  }

  get count(): number {
    return this.#count;
  }

  clear(): void {
    this.#count = 0;
  }

  field(index: number, field: number): number {
    this.#checkIndex(index);
    if (!isWithin(field, 0, PACKET_BYTES - WORD) || field % WORD !== 0) throw new CoreError('CW_CORE_RANGE');
    return this.#field(index, field);
  }

  parse(offset: number, length: number): number {
    if (!isWithin(offset, 0, this.data.length) || !isWithin(length, 0, this.data.length - offset)) {
      throw new CoreError('CW_CORE_RANGE', `no ${length} bytes at ${offset} of ${this.data.length}`);
    }
    if (this.#count === this.capacity) return PACKET_ERROR_FULL;
    const code = this.#engine.parse(offset, length, this.#count);
    if (code < 0) return code;
    return this.#count++;
  }

  rewrite(index: number, change: PacketChange): number {
    this.#checkIndex(index);
    const { src, srcPort, dst, dstPort } = change;
    if (!isPort(srcPort) || !isPort(dstPort)) throw new CoreError('CW_CORE_ARGUMENT', 'a port is 0 to 65535');
    if (!this.#fits(index, src) || !this.#fits(index, dst)) return PACKET_ERROR_FAMILY;
    return this.#engine.rewrite(index, change);
  }

  clampMss(index: number, mss: number): number {
    this.#checkIndex(index);
    if (!isWithin(mss, 1, MAX_PORT)) throw new CoreError('CW_CORE_ARGUMENT', 'a segment size is 1 to 65535');
    return this.#engine.clampMss(index, mss);
  }

  verify(index: number): number {
    this.#checkIndex(index);
    return this.#engine.verify(index);
  }

  buildUnreachable(index: number, to: number, code: number, from?: Uint8Array): number {
    this.#checkIndex(index);
    const v4 = this.#field(index, PACKET_FAMILY) === 4;
    if (!isWithin(code, 0, v4 ? MAX_CODE_4 : MAX_CODE_6) || (v4 && code === TOO_BIG_CODE_4)) {
      throw new CoreError('CW_CORE_ARGUMENT', `unreachable has no code ${code}`);
    }
    const room = this.#room(index, to);
    return this.#fits(index, from) ? this.#engine.unreachable(index, to, room, from, code) : PACKET_ERROR_FAMILY;
  }

  buildPacketTooBig(index: number, to: number, mtu: number, from?: Uint8Array): number {
    this.#checkIndex(index);
    const least = this.#field(index, PACKET_FAMILY) === 4 ? MIN_MTU_4 : MIN_MTU_6;
    if (!isWithin(mtu, least, MAX_MTU)) throw new CoreError('CW_CORE_ARGUMENT', `an MTU is ${least} to ${MAX_MTU}`);
    const room = this.#room(index, to);
    return this.#fits(index, from) ? this.#engine.tooBig(index, to, room, from, mtu) : PACKET_ERROR_FAMILY;
  }

  buildReset(index: number, to: number): number {
    this.#checkIndex(index);
    return this.#engine.reset(index, to, this.#room(index, to));
  }

  checksumAt(offset: number, length: number): number {
    if (!isWithin(offset, 0, this.data.length) || !isWithin(length, 0, this.data.length - offset)) {
      throw new CoreError('CW_CORE_RANGE', `no ${length} bytes at ${offset} of ${this.data.length}`);
    }
    return this.#engine.checksumAt(offset, length);
  }

  checksum(bytes: Uint8Array): number {
    return this.#engine.checksum(bytes);
  }

  #field(index: number, field: number): number {
    return this.descriptors[(index * PACKET_BYTES + field) / WORD] ?? 0;
  }

  #checkIndex(index: number): void {
    if (!isWithin(index, 0, this.#count - 1)) throw new CoreError('CW_CORE_RANGE', `no packet ${index}`);
  }

  /** Whether the address, where one is given, is of the packet's family. */
  #fits(index: number, address: Uint8Array | undefined): boolean {
    if (address === undefined) return true;
    if (address.length !== 4 && address.length !== 16) {
      throw new CoreError('CW_CORE_ADDRESS', `an address has 4 or 16 bytes, not ${address.length}`);
    }
    return (address.length === 4) === (this.#field(index, PACKET_FAMILY) === 4);
  }

  /** Bytes from `to` to the packet or the end. */
  #room(index: number, to: number): number {
    const start = this.#field(index, PACKET_OFFSET);
    const end = start + this.#field(index, PACKET_LENGTH);
    if (!isWithin(to, 0, this.data.length) || (to >= start && to < end)) {
      throw new CoreError('CW_CORE_RANGE', `an answer cannot be written to ${to}`);
    }
    return (to < start ? start : this.data.length) - to;
  }
}

function isWithin(value: number, from: number, to: number): boolean {
  return Number.isInteger(value) && value >= from && value <= to;
}

function isPort(port: number | undefined): boolean {
  return port === undefined || isWithin(port, 0, MAX_PORT);
}
