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
 *     | descriptors, 112 × packets | gap | change, 48 | from, 16 | copy, 65536 | gap | data, bytes | gap |
 *
 * WebAssembly writes to descriptors and data alone; the three between are written here, for it to read.
 */
export class WasmPacketEngine implements PacketEngine {
  readonly data: Uint8Array;
  readonly descriptors: Uint32Array;
  readonly #core: CoreExports;
  readonly #base: number;
  readonly #change: number;
  readonly #from: number;
  readonly #copy: number;
  readonly #area: number;
  readonly #changeWords: Uint32Array;
  readonly #changeSrc: Uint8Array;
  readonly #changeDst: Uint8Array;
  readonly #fromBytes: Uint8Array;
  readonly #copyBytes: Uint8Array;

  /** In an instance that nobody else uses, so that views stay: its memory never grows again. Throws `CW_CORE_MEMORY`. */
  constructor(core: CoreExports, packets: number, bytes: number) {
    this.#core = core;
    const ahead = packets * PACKET_BYTES + GAP_BYTES + REWRITE_BYTES + ADDRESS_BYTES + COPY_BYTES + GAP_BYTES;
    this.#base = core.reserve(ahead + bytes + GAP_BYTES) >>> 0;
    if (this.#base === 0) throw new CoreError('CW_CORE_MEMORY');
    this.#change = this.#base + packets * PACKET_BYTES + GAP_BYTES;
    this.#from = this.#change + REWRITE_BYTES;
    this.#copy = this.#from + ADDRESS_BYTES;
    this.#area = this.#base + ahead;
    const { buffer } = core.memory;
    this.data = new Uint8Array(buffer, this.#area, bytes);
    this.descriptors = new Uint32Array(buffer, this.#base, (packets * PACKET_BYTES) / WORD);
    this.#changeWords = new Uint32Array(buffer, this.#change, REWRITE_BYTES / WORD);
    this.#changeSrc = new Uint8Array(buffer, this.#change + REWRITE_SRC, ADDRESS_BYTES);
    this.#changeDst = new Uint8Array(buffer, this.#change + REWRITE_DST, ADDRESS_BYTES);
    this.#fromBytes = new Uint8Array(buffer, this.#from, ADDRESS_BYTES);
    this.#copyBytes = new Uint8Array(buffer, this.#copy, COPY_BYTES);
  }

  parse(offset: number, length: number, index: number): number {
    return this.#core.packetParse(this.#area, offset, length, this.#descriptor(index));
  }

  rewrite(index: number, change: PacketChange): number {
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
    let sum = 0;
    for (let at = 0; at < bytes.length; at += COPY_BYTES) {
      const part = bytes.length <= COPY_BYTES ? bytes : bytes.subarray(at, at + COPY_BYTES);
      this.#copyBytes.set(part);
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
    this.#fromBytes.set(from);
    return this.#from;
  }
}
