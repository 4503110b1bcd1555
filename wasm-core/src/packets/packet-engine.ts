/**
 * What does the work of a `PacketBuffer`, in WebAssembly or in plain TypeScript. Arguments have been checked: offsets
 * and lengths lie in `data`, indexes are of parsed packets, addresses fit the packet's family. Results below zero are
 * PACKET_ERROR_* of the layout, and then no byte has changed.
 */
export interface PacketEngine {
  readonly data: Uint8Array;
  /** The records one after the other, PACKET_BYTES each. */
  readonly descriptors: Uint32Array;
  parse(offset: number, length: number, index: number): number;
  rewrite(index: number, change: PacketChange): number;
  clampMss(index: number, mss: number): number;
  verify(index: number): number;
  /** Builders write `room` bytes at most to `to`, where no byte of the packet is, and return how many. */
  unreachable(index: number, to: number, room: number, from: Uint8Array | undefined, code: number): number;
  tooBig(index: number, to: number, room: number, from: Uint8Array | undefined, mtu: number): number;
  reset(index: number, to: number, room: number): number;
  /** The checksum, as a number, of a part of `data`. */
  checksumAt(offset: number, length: number): number;
  checksum(bytes: Uint8Array): number;
}

/** What to change in a packet; what is absent stays. */
export interface PacketChange {
  /** 4 or 16 bytes, as the packet has. */
  readonly src?: Uint8Array | undefined;
  /** 0 to 65535; of an echo request its identifier. */
  readonly srcPort?: number | undefined;
  readonly dst?: Uint8Array | undefined;
  /** 0 to 65535; of an echo reply its identifier. */
  readonly dstPort?: number | undefined;
}
