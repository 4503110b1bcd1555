import type { PacketChange } from './packet-engine.ts';

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
export interface PacketBufferFace {
  /** How many packets it holds descriptors for. */
  readonly capacity: number;
  /** Packets parsed since the last `clear`. */
  readonly count: number;
  /** Where packets are put; the same view for the life of the buffer. */
  readonly data: Uint8Array;
  /** Descriptors as u32, 28 to a packet: field F of packet i at `i * 28 + PACKET_FIELDS.F / 4`. To be read only. */
  readonly descriptors: Uint32Array;
  /** Forgets all packets. */
  clear(): void;
  /** One u32 of a descriptor, `field` being one of PACKET_FIELDS. */
  field(index: number, field: number): number;
  /**
   * Checks `length` bytes at `offset` of `data` as one packet; what follows the IP length is ignored.
   * @returns the descriptor's index, or a PACKET_ERROR.
   */
  parse(offset: number, length: number): number;
  /**
   * Changes addresses and ports of TCP, UDP and ICMP and brings all checksums that cover them up to date; a wrong
   * checksum stays as wrong as it was. A fragment that is not the first has no ports, and only its addresses change.
   * In an ICMP error the change names the flow in the error's direction: the embedded packet is changed the other way
   * round, and the error's source only where it is the embedded destination.
   * @returns 0, or a PACKET_ERROR.
   */
  rewrite(index: number, change: PacketChange): number;
  /**
   * Lowers the maximum segment size in a SYN to `mss`, 1 to 65,535.
   * @returns 1 where it did, 0 where there was nothing to lower, or a PACKET_ERROR.
   */
  clampMss(index: number, mss: number): number;
  /** @returns 1 where the TCP, UDP or ICMP checksum holds or UDP has none, 0 where not, or a PACKET_ERROR. */
  verify(index: number): number;
  /**
   * Writes the ICMP destination unreachable with `code` that answers a packet to `to`, which is not in the packet:
   * 576 bytes at most, 1280 in IPv6. It comes from `from`, or from whom the packet was for.
   * @returns bytes written, or a PACKET_ERROR where none may be sent (RFC 1122 §3.2.2, RFC 4443 §2.4) or fits.
   */
  buildUnreachable(index: number, to: number, code: number, from?: Uint8Array): number;
  /**
   * The same for "packet too big" and, in IPv4, "fragmentation needed", which answers only what must not be fragmented.
   * `mtu` is in bytes, from 68, in IPv6 from 1280, to 65,535. Only this, and only with `from`, answers IPv6 multicast.
   */
  buildPacketTooBig(index: number, to: number, mtu: number, from?: Uint8Array): number;
  /** Writes the RST that says that no connection is there (RFC 9293 §3.5.2) to `to`: 40 bytes, 60 in IPv6. */
  buildReset(index: number, to: number): number;
  /** The Internet checksum (RFC 1071) of a part of `data`, as a number. */
  checksumAt(offset: number, length: number): number;
  /** The Internet checksum of any bytes; they are copied, so what can lie in `data` is faster there. */
  checksum(bytes: Uint8Array): number;
}
