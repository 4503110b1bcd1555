import type { CoreExports } from '../core-instance.ts';
import { CoreError } from '../errors.ts';
import {
  PACKET_BYTES,
  PACKET_OFFSET,
  REWRITE_BYTES,
  REWRITE_DST,
  REWRITE_DST_PORT,
  REWRITE_PART_DST,
  REWRITE_PART_DST_PORT,
  REWRITE_PART_SRC,
  REWRITE_PART_SRC_PORT,
  REWRITE_SRC,
  REWRITE_SRC_PORT,
  REWRITE_WHAT,
} from '../layout.gen.ts';
import type { PacketChange, PacketEngine } from './packet-engine.ts';

const WORD = 4;
const ADDRESS_BYTES = 16;
/** Bytes that are not in the area are summed through a place of this size; even, so that words stay words. */
const COPY_BYTES = 65_536;
/** Between the regions, never written: what runs over is seen by the tests. */
const GAP_BYTES = 64;

/**
 * The memory of a buffer, 16-byte aligned:
 *
 *     | descriptors, 112 × packets | change, 48 | from, 16 | copy, 65536 | gap | data, bytes | gap |
 */
export class WasmPacketEngine implements PacketEngine {
  readonly #core: CoreExports;
  readonly #base: number;
  readonly #packets: number;
  readonly #bytes: number;
  readonly #change: number;
  readonly #from: number;
  readonly #copy: number;
  readonly #area: number;
  #data = new Uint8Array(0);
  #descriptors = new Uint32Array(0);
  #changeWords = new Uint32Array(0);
  #changeSrc = new Uint8Array(0);
  #changeDst = new Uint8Array(0);

  /** Throws `CW_CORE_MEMORY`. */
  constructor(core: CoreExports, packets: number, bytes: number) {
    this.#core = core;
    this.#packets = packets;
    this.#bytes = bytes;
    const ahead = packets * PACKET_BYTES + REWRITE_BYTES + ADDRESS_BYTES + COPY_BYTES + GAP_BYTES;
    this.#base = core.reserve(ahead + bytes + GAP_BYTES) >>> 0;
    if (this.#base === 0) throw new CoreError('CW_CORE_MEMORY');
    this.#change = this.#base + packets * PACKET_BYTES;
    this.#from = this.#change + REWRITE_BYTES;
    this.#copy = this.#from + ADDRESS_BYTES;
    this.#area = this.#base + ahead;
    this.#view();
  }

  get data(): Uint8Array {
    this.#view();
    return this.#data;
  }

  get descriptors(): Uint32Array {
    this.#view();
    return this.#descriptors;
  }

  parse(offset: number, length: number, index: number): number {
    return this.#core.packetParse(this.#area, offset, length, this.#descriptor(index));
  }

  rewrite(index: number, change: PacketChange): number {
    this.#view();
    const { src, srcPort, dst, dstPort } = change;
    let what = 0;
    if (src !== undefined) {
      what |= REWRITE_PART_SRC;
      this.#changeSrc.set(src);
    }
    if (dst !== undefined) {
      what |= REWRITE_PART_DST;
      this.#changeDst.set(dst);
    }
    if (srcPort !== undefined) {
      what |= REWRITE_PART_SRC_PORT;
      this.#changeWords[REWRITE_SRC_PORT / WORD] = srcPort;
    }
    if (dstPort !== undefined) {
      what |= REWRITE_PART_DST_PORT;
      this.#changeWords[REWRITE_DST_PORT / WORD] = dstPort;
    }
    this.#changeWords[REWRITE_WHAT / WORD] = what;
    return this.#core.packetRewrite(this.#packet(index), this.#descriptor(index), this.#change);
  }

  clampMss(index: number, mss: number): number {
    return this.#core.packetClampMss(this.#packet(index), this.#descriptor(index), mss);
  }

  verify(index: number): number {
    return this.#core.packetVerify(this.#packet(index), this.#descriptor(index));
  }

  unreachable(index: number, to: number, room: number, from: Uint8Array | undefined, code: number): number {
    const source = this.#source(from);
    const at = this.#area + to;
    return this.#core.packetUnreachable(this.#packet(index), this.#descriptor(index), at, room, source, code);
  }

  tooBig(index: number, to: number, room: number, from: Uint8Array | undefined, mtu: number): number {
    const source = this.#source(from);
    const at = this.#area + to;
    return this.#core.packetTooBig(this.#packet(index), this.#descriptor(index), at, room, source, mtu);
  }

  reset(index: number, to: number, room: number): number {
    return this.#core.packetReset(this.#packet(index), this.#descriptor(index), this.#area + to, room);
  }

  checksumAt(offset: number, length: number): number {
    return this.#core.checksum(this.#area + offset, length);
  }

  checksum(bytes: Uint8Array): number {
    const copy = new Uint8Array(this.#core.memory.buffer, this.#copy, COPY_BYTES);
    let sum = 0;
    for (let at = 0; at < bytes.length; at += COPY_BYTES) {
      const part = bytes.length <= COPY_BYTES ? bytes : bytes.subarray(at, at + COPY_BYTES);
      copy.set(part);
      sum = this.#core.checksumAdd(this.#copy, part.length, sum);
    }
    return this.#core.checksumEnd(sum);
  }

  #descriptor(index: number): number {
    return this.#base + index * PACKET_BYTES;
  }

  #packet(index: number): number {
    return this.#area + (this.descriptors[(index * PACKET_BYTES + PACKET_OFFSET) / WORD] ?? 0);
  }

  /** Where a source address has been put, 0 for none. */
  #source(from: Uint8Array | undefined): number {
    if (from === undefined) return 0;
    new Uint8Array(this.#core.memory.buffer, this.#from, ADDRESS_BYTES).set(from);
    return this.#from;
  }

  /** A view whose memory has grown is detached, and has no bytes. */
  #view(): void {
    if (this.#data.length > 0) return;
    const { buffer } = this.#core.memory;
    this.#data = new Uint8Array(buffer, this.#area, this.#bytes);
    this.#descriptors = new Uint32Array(buffer, this.#base, (this.#packets * PACKET_BYTES) / WORD);
    this.#changeWords = new Uint32Array(buffer, this.#change, REWRITE_BYTES / WORD);
    this.#changeSrc = new Uint8Array(buffer, this.#change + REWRITE_SRC, ADDRESS_BYTES);
    this.#changeDst = new Uint8Array(buffer, this.#change + REWRITE_DST, ADDRESS_BYTES);
  }
}
