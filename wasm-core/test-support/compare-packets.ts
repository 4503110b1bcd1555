import { PACKET_BYTES, PACKET_FAMILY, PACKET_OFFSET } from '../src/layout.gen.ts';
import type { PacketBufferFace } from '../src/packets/packet-buffer-face.ts';
import { PacketBuffer } from '../src/packets/packet-buffer.ts';
import type { PacketChange } from '../src/packets/packet-engine.ts';
import { ReferencePacketBuffer } from '../src/reference/packets/reference-packet-buffer.ts';
import { Random, randomPacket } from './random-packet.ts';

const BYTES = 4096;
const AT = 256;
const ANSWER = 2560;
const CANARY = 0xa5;
const GAP = 64;
const NOTHING = Buffer.alloc(GAP);

const bytesOf = (words: Uint32Array): Buffer => Buffer.from(words.buffer, words.byteOffset, words.byteLength);

export interface PacketCounts {
  /** Calls that both have answered. */
  operations: number;
  parsed: number;
  rewritten: number;
  clamped: number;
  answered: number;
}

/** Two packet buffers, the WebAssembly one and the plain one, doing the same to random and damaged packets. */
export class PacketComparison {
  readonly counts: PacketCounts = { operations: 0, parsed: 0, rewritten: 0, clamped: 0, answered: 0 };
  readonly #random: Random;
  readonly #wasm = new PacketBuffer({ packets: 2, bytes: BYTES });
  readonly #plain = new ReferencePacketBuffer({ packets: 2, bytes: BYTES });

  /** What WebAssembly has no business with: all below the descriptors, and from their end to the data. */
  readonly #foreign: { readonly at: number; readonly before: Buffer }[] = [];

  constructor(seed: number) {
    this.#random = new Random(seed);
  }

  /** Throws where they differ, a byte outside of its place changes, or a checksum that held does not any more. */
  round(): void {
    const packet = randomPacket(this.#random);
    this.#keepForeign();
    this.#compare(packet);
    for (const { at, before } of this.#foreign) {
      const now = Buffer.from(this.#wasm.data.buffer, at, before.length);
      this.#assert(before.equals(now), packet, 'wrote to memory of others');
    }
  }

  #compare(packet: Uint8Array): void {
    const offset = AT + this.#random.below(16);
    for (const buffer of [this.#wasm, this.#plain]) {
      buffer.clear();
      buffer.data.fill(CANARY, AT - GAP, BYTES);
      buffer.data.set(packet, offset);
    }
    const index = this.#both((buffer) => buffer.parse(offset, packet.length), packet);
    if (index < 0) {
      this.#assert(Buffer.compare(this.#wasm.data.subarray(offset, offset + packet.length), packet) === 0, packet);
      return;
    }
    this.counts.parsed++;
    const held = this.#both((buffer) => buffer.verify(0), packet);
    for (let step = 0; step < 6; step++) this.#change(packet, held);
    for (let step = 0; step < 3; step++) this.#answer(packet);
  }

  /**
   * Filled with canaries where nothing else puts anything; once, as nothing may change them. The change and the address
   * are put by the caller's side: 64 bytes behind the first gap.
   */
  #keepForeign(): void {
    if (this.#foreign.length > 0) return;
    const { buffer } = this.#wasm.data;
    const { byteOffset, byteLength } = this.#wasm.descriptors;
    const change = byteOffset + byteLength + GAP;
    const parts: [number, number][] = [
      [0, byteOffset],
      [change - GAP, change],
      [change + 64, this.#wasm.data.byteOffset],
      [this.#wasm.data.byteOffset + BYTES, buffer.byteLength],
    ];
    for (const [from, to] of parts) {
      if (from > 0) Buffer.from(buffer, from, to - from).fill(CANARY);
      this.#foreign.push({ at: from, before: Buffer.from(buffer.slice(from, to)) });
    }
  }

  #change(packet: Uint8Array, held: number): void {
    const before = this.#wasm.data.slice();
    const change = this.#randomChange();
    const mss = 536 + this.#random.below(1000);
    const clamp = this.#random.once(3);
    const code = this.#both((buffer) => (clamp ? buffer.clampMss(0, mss) : buffer.rewrite(0, change)), packet);
    if (code < 0) this.#assert(Buffer.compare(before, this.#wasm.data) === 0, packet);
    else if (clamp) this.counts.clamped += code;
    else this.counts.rewritten++;
    this.#assert(this.#both((buffer) => buffer.verify(0), packet) === held, packet);
    const offset = this.#wasm.field(0, PACKET_OFFSET);
    // Also says that the IPv4 header checksum holds still, and that the descriptor has kept up with the bytes.
    const again = this.#both((buffer) => buffer.parse(offset, packet.length), packet);
    const records = bytesOf(this.#wasm.descriptors);
    const same = records.compare(records, 0, PACKET_BYTES, PACKET_BYTES, 2 * PACKET_BYTES) === 0;
    this.#assert(again === 1 && same, packet, 'the descriptor is not what the bytes say');
    for (const buffer of [this.#wasm, this.#plain]) {
      buffer.clear();
      buffer.parse(offset, packet.length);
    }
  }

  #randomChange(): PacketChange {
    const random = this.#random;
    const length = random.once(20) ? random.pick([4, 16]) : this.#wasm.field(0, PACKET_FAMILY) === 4 ? 4 : 16;
    const address = (): Uint8Array | undefined => (random.once(3) ? undefined : Uint8Array.from(random.bytes(length)));
    const port = (): number | undefined => (random.once(3) ? undefined : random.below(65536));
    return { src: address(), srcPort: port(), dst: address(), dstPort: port() };
  }

  #answer(packet: Uint8Array): void {
    const random = this.#random;
    const v4 = this.#wasm.field(0, PACKET_FAMILY) === 4;
    const from = random.once(2) ? undefined : Uint8Array.from([0x20, ...random.bytes(v4 ? 3 : 15)]);
    const to = random.once(20) ? BYTES - 60 : ANSWER;
    const kind = random.below(3);
    const code = random.below(4);
    const mtu = 1280 + random.below(300);
    const written = this.#both((buffer) => {
      if (kind === 0) return buffer.buildUnreachable(0, to, code, from);
      return kind === 1 ? buffer.buildPacketTooBig(0, to, mtu, from) : buffer.buildReset(0, to);
    }, packet);
    if (written < 0) return;
    this.counts.answered++;
    const index = this.#both((buffer) => buffer.parse(to, written), packet);
    // What carries a packet with a wrong checksum is right itself.
    if (index >= 0) this.#assert(this.#both((buffer) => buffer.verify(index), packet) === 1, packet);
  }

  #both(operation: (buffer: PacketBufferFace) => number, packet: Uint8Array): number {
    this.counts.operations++;
    const wasm = operation(this.#wasm);
    const plain = operation(this.#plain);
    this.#assert(wasm === plain, packet, `${wasm} and ${plain}`);
    this.#assert(Buffer.compare(this.#wasm.data, this.#plain.data) === 0, packet, 'bytes differ');
    const [records, expected] = [this.#wasm, this.#plain].map((buffer) => bytesOf(buffer.descriptors));
    const used = this.#wasm.count * PACKET_BYTES;
    this.#assert(records?.compare(expected ?? NOTHING, 0, used, 0, used) === 0, packet, 'descriptors differ');
    return wasm;
  }

  #assert(condition: boolean, packet: Uint8Array, what = 'changed what it may not'): void {
    if (!condition) throw new Error(`${what}: ${Buffer.from(packet).toString('hex')}`);
  }
}
