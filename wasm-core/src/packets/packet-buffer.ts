import { instantiateCore } from '../core-instance.ts';
import type { CoreExports } from '../core-instance.ts';
import { CoreError } from '../errors.ts';
import {
  PACKET_BYTES,
  PACKET_ERROR_FAMILY,
  PACKET_ERROR_FULL,
  PACKET_FAMILY,
  PACKET_LENGTH,
  PACKET_OFFSET,
} from '../layout.gen.ts';
import type { PacketChange, PacketEngine } from './packet-engine.ts';
import { WasmPacketEngine } from './wasm-packet-engine.ts';

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

export interface PacketBufferOptions {
  /** Descriptors, 1 to 65,536; 256 unless given. */
  readonly packets?: number;
  /** Size of `data`, 1 to 2^28; 2048 for each packet unless given. */
  readonly bytes?: number;
}

/**
 * A fixed area that packets are put into, and descriptors of those that were parsed. Packets are bare IP, as a TUN
 * device gives them. What a packet is guilty of is answered by a number below zero (`PACKET_ERRORS` says it in words)
 * and leaves every byte as it was; what the caller is guilty of throws `CW_CORE_RANGE`, `CW_CORE_ARGUMENT` or
 * `CW_CORE_ADDRESS`. A parsed packet may be changed by these functions only; after any other change parse it again.
 */
export class PacketBuffer {
  /** How many packets it holds descriptors for. */
  readonly capacity: number;
  readonly #engine: PacketEngine;
  readonly #bytes: number;
  #count = 0;

  /** In an instance of its own, unless given one to share. Throws `CW_CORE_MEMORY`. */
  constructor(options: PacketBufferOptions = {}, core?: CoreExports) {
    const { packets = 256, bytes = packets * 2048 } = options;
    if (!isWithin(packets, 1, MAX_PACKETS)) throw new CoreError('CW_CORE_RANGE', `1 to ${MAX_PACKETS} packets`);
    if (!isWithin(bytes, 1, MAX_BYTES)) throw new CoreError('CW_CORE_RANGE', `1 to ${MAX_BYTES} bytes`);
    this.capacity = packets;
    this.#bytes = bytes;
    this.#engine = this.createEngine(packets, bytes, core);
  }

  /** The one thing in which the plain twin differs. */
  protected createEngine(packets: number, bytes: number, core: CoreExports | undefined): PacketEngine {
    return new WasmPacketEngine(core ?? instantiateCore(), packets, bytes);
  }

  /** Where packets are put. Take it anew after anything else of a shared instance was created. */
  get data(): Uint8Array {
    return this.#engine.data;
  }

  /** Descriptors as u32: field F of packet i at `(i * PACKET_BYTES + PACKET_F) / 4`. To be read only. */
  get descriptors(): Uint32Array {
    return this.#engine.descriptors;
  }

  /** Packets parsed since the last `clear`. */
  get count(): number {
    return this.#count;
  }

  /** Forgets all packets. */
  clear(): void {
    this.#count = 0;
  }

  /** One u32 of a descriptor, `field` being a PACKET_* of the layout. */
  field(index: number, field: number): number {
    this.#checkIndex(index);
    if (!isWithin(field, 0, PACKET_BYTES - WORD) || field % WORD !== 0) throw new CoreError('CW_CORE_RANGE');
    return this.#field(index, field);
  }

  /**
   * Checks `length` bytes at `offset` of `data` as one packet; what follows the IP length is ignored.
   * @returns the descriptor's index, or a PACKET_ERROR.
   */
  parse(offset: number, length: number): number {
    if (!isWithin(offset, 0, this.#bytes) || !isWithin(length, 0, this.#bytes - offset)) {
      throw new CoreError('CW_CORE_RANGE', `no ${length} bytes at ${offset} of ${this.#bytes}`);
    }
    if (this.#count === this.capacity) return PACKET_ERROR_FULL;
    const code = this.#engine.parse(offset, length, this.#count);
    if (code < 0) return code;
    return this.#count++;
  }

  /**
   * Changes addresses and ports of TCP, UDP and ICMP and brings all checksums that cover them up to date; a wrong
   * checksum stays as wrong as it was. A fragment that is not the first has no ports, and only its addresses change.
   * In an ICMP error the change names the flow in the error's direction: the embedded packet is changed the other way
   * round, and the error's source only where it is the embedded destination.
   * @returns 0, or a PACKET_ERROR.
   */
  rewrite(index: number, change: PacketChange): number {
    this.#checkIndex(index);
    const { src, srcPort, dst, dstPort } = change;
    if (!isPort(srcPort) || !isPort(dstPort)) throw new CoreError('CW_CORE_ARGUMENT', 'a port is 0 to 65535');
    if (!this.#fits(index, src) || !this.#fits(index, dst)) return PACKET_ERROR_FAMILY;
    return this.#engine.rewrite(index, change);
  }

  /**
   * Lowers the maximum segment size in a SYN to `mss`, 1 to 65,535.
   * @returns 1 where it did, 0 where there was nothing to lower, or a PACKET_ERROR.
   */
  clampMss(index: number, mss: number): number {
    this.#checkIndex(index);
    if (!isWithin(mss, 1, MAX_PORT)) throw new CoreError('CW_CORE_ARGUMENT', 'a segment size is 1 to 65535');
    return this.#engine.clampMss(index, mss);
  }

  /** @returns 1 where the TCP, UDP or ICMP checksum holds or UDP has none, 0 where not, or a PACKET_ERROR. */
  verify(index: number): number {
    this.#checkIndex(index);
    return this.#engine.verify(index);
  }

  /**
   * Writes the ICMP destination unreachable with `code` that answers a packet to `to`, which is not in the packet:
   * 576 bytes at most, 1280 in IPv6. It comes from `from`, or from whom the packet was for.
   * @returns bytes written, or a PACKET_ERROR where none may be sent (RFC 1122 §3.2.2, RFC 4443 §2.4) or fits.
   */
  buildUnreachable(index: number, to: number, code: number, from?: Uint8Array): number {
    this.#checkIndex(index);
    const v4 = this.#field(index, PACKET_FAMILY) === 4;
    if (!isWithin(code, 0, v4 ? MAX_CODE_4 : MAX_CODE_6) || (v4 && code === TOO_BIG_CODE_4)) {
      throw new CoreError('CW_CORE_ARGUMENT', `unreachable has no code ${code}`);
    }
    const room = this.#room(index, to);
    return this.#fits(index, from) ? this.#engine.unreachable(index, to, room, from, code) : PACKET_ERROR_FAMILY;
  }

  /**
   * The same for "packet too big" and, in IPv4, "fragmentation needed", which answers only what must not be fragmented.
   * `mtu` is in bytes, from 68, in IPv6 from 1280, to 65,535. Only this, and only with `from`, answers IPv6 multicast.
   */
  buildPacketTooBig(index: number, to: number, mtu: number, from?: Uint8Array): number {
    this.#checkIndex(index);
    const least = this.#field(index, PACKET_FAMILY) === 4 ? MIN_MTU_4 : MIN_MTU_6;
    if (!isWithin(mtu, least, MAX_MTU)) throw new CoreError('CW_CORE_ARGUMENT', `an MTU is ${least} to ${MAX_MTU}`);
    const room = this.#room(index, to);
    return this.#fits(index, from) ? this.#engine.tooBig(index, to, room, from, mtu) : PACKET_ERROR_FAMILY;
  }

  /** Writes the RST that says that no connection is there (RFC 9293 §3.5.2) to `to`: 40 bytes, 60 in IPv6. */
  buildReset(index: number, to: number): number {
    this.#checkIndex(index);
    return this.#engine.reset(index, to, this.#room(index, to));
  }

  /** The Internet checksum (RFC 1071) of a part of `data`, as a number. */
  checksumAt(offset: number, length: number): number {
    if (!isWithin(offset, 0, this.#bytes) || !isWithin(length, 0, this.#bytes - offset)) {
      throw new CoreError('CW_CORE_RANGE', `no ${length} bytes at ${offset} of ${this.#bytes}`);
    }
    return this.#engine.checksumAt(offset, length);
  }

  /** The Internet checksum of any bytes; they are copied, so what can lie in `data` is faster there. */
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
    if (!isWithin(to, 0, this.#bytes) || (to >= start && to < end)) {
      throw new CoreError('CW_CORE_RANGE', `an answer cannot be written to ${to}`);
    }
    return (to < start ? start : this.#bytes) - to;
  }
}

function isWithin(value: number, from: number, to: number): boolean {
  return Number.isInteger(value) && value >= from && value <= to;
}

function isPort(port: number | undefined): boolean {
  return port === undefined || isWithin(port, 0, MAX_PORT);
}
