import {
  NAT_FULL,
  NAT_LIMIT_BATCH,
  NAT_LIMIT_FLOWS,
  NAT_LIMIT_PACKET_BYTES,
  NAT_LIMIT_SWEEP,
  NAT_MALFORMED,
  NAT_NONE,
  NAT_NO_PORT,
  NAT_OTHER,
  NAT_TAKEN,
} from '../layout.gen.ts';

/** What a flow table answers instead of a flow or a reference; all are negative. */
export const FLOW_CODES = {
  /** No open flow has this key. */
  none: NAT_NONE,
  /** An open flow has one of the two keys, or they are the same. */
  taken: NAT_TAKEN,
  /** As many flows as the table holds are open, or have ended and wait for a sweep. */
  full: NAT_FULL,
  /** None of the ports tried is free. */
  noPort: NAT_NO_PORT,
  /** A fragment, extension header, other protocol, or ICMP that is not echo; untouched. */
  other: NAT_OTHER,
  /** Truncated or contradicting itself; untouched. */
  malformed: NAT_MALFORMED,
} as const;

/** The most of a table, of a batch of keys or packets, of one sweep; bytes of the packet area. */
export const FLOW_LIMITS = {
  flows: NAT_LIMIT_FLOWS,
  batch: NAT_LIMIT_BATCH,
  sweep: NAT_LIMIT_SWEEP,
  packetBytes: NAT_LIMIT_PACKET_BYTES,
} as const;

export type FlowProtocol = 'tcp' | 'udp' | 'icmp';

/**
 * A 5-tuple as the packets of one direction carry it. Addresses are 4 or 16 bytes in network order, by the family of
 * the table. In ICMP echo the identifier is the port of the side that asks, and the other port is 0;
 * a pair of keys that contradicts this is refused.
 */
export interface FlowKey {
  readonly protocol: FlowProtocol;
  readonly source: Uint8Array;
  readonly sourcePort: number;
  readonly destination: Uint8Array;
  readonly destinationPort: number;
}

/** Inclusive, 1 to 65535. */
export interface PortRange {
  readonly from: number;
  readonly to: number;
  /** Where to begin, by its remainder: a random u32 of the caller's, so that ports cannot be guessed. */
  readonly start: number;
  /** How many ports to try at most; default 64. */
  readonly tries?: number;
}

export type FlowState = 'opening' | 'answered' | 'established' | 'closing' | 'closed';

export interface FlowRecord {
  readonly flow: number;
  readonly state: FlowState;
  /** As packets from inside arrive. */
  readonly outward: FlowKey;
  /** As the answers arrive. */
  readonly inward: FlowKey;
  /** Seconds of the caller's clock. */
  readonly opened: number;
  readonly expires: number;
  /** Packets modulo 2^32. */
  readonly packetsOut: number;
  readonly packetsIn: number;
  readonly bytesOut: number;
  readonly bytesIn: number;
}

/** Idle seconds, 1 to 2^31 - 1. */
export interface FlowTimeouts {
  readonly tcpOpening: number;
  readonly tcpEstablished: number;
  readonly tcpClosing: number;
  /** From the last FIN or a RST on, whatever else arrives. */
  readonly tcpClosed: number;
  readonly udpOpening: number;
  readonly udpEstablished: number;
  readonly icmp: number;
}

/** RFC 5382 REQ-5, RFC 4787 REQ-5, RFC 5508 REQ-2. */
export const FLOW_TIMEOUTS: FlowTimeouts = {
  tcpOpening: 240,
  tcpEstablished: 7440,
  tcpClosing: 240,
  tcpClosed: 240,
  udpOpening: 120,
  udpEstablished: 300,
  icmp: 60,
};

export interface FlowTableOptions {
  readonly family: 4 | 6;
  /** Flows at most, 1 to 1,048,576. 80 bytes each for IPv4, 128 for IPv6 at a power of two, all taken at once. */
  readonly capacity: number;
  /** Secret and random, 64 bits: keeps outsiders from choosing ports that collide in the index. */
  readonly seed: bigint;
  readonly timeouts?: Partial<FlowTimeouts>;
}

export interface FlowCounters {
  readonly flows: number;
  readonly opened: number;
  /** Ended by time and reported by a sweep. */
  readonly expired: number;
  readonly closed: number;
  readonly refusedFull: number;
  readonly refusedPort: number;
  readonly found: number;
  readonly missed: number;
}

/**
 * Flows ↔ 5-tuples in both directions. `now` is the caller's clock everywhere: whole seconds, 0 to 2^32 - 1. A flow is
 * open until `expires <= now`; no later call finds it, but its place is only free when a sweep has reported it.
 *
 * A *reference* is what lookups answer: `flow * 2` for its outward packets, `flow * 2 + 1` for its inward ones. Numbers
 * of flows are used again. Every method throws `CW_CORE_NAT` for an argument out of its range, and has then done nothing.
 */
export interface FlowTableFace {
  readonly family: 4 | 6;
  readonly capacity: number;
  /** References or codes after `lookupBatch` and `translate`, one per key or packet. */
  readonly answers: Int32Array;
  /** Where packets lie for `translate`. */
  readonly packets: Uint8Array;
  /** Per packet two numbers: its offset in `packets` and its length, from the IP header on. */
  readonly descriptors: Uint32Array;
  /** The flow, or `taken` or `full`. */
  open(outward: FlowKey, inward: FlowKey, now: number): number;
  /** `open` with the destination port of `inward` chosen from the range; also `noPort`. */
  openWithPort(outward: FlowKey, inward: FlowKey, ports: PortRange, now: number): number;
  /** The reference, or `none`. */
  lookup(key: FlowKey, now: number): number;
  /** Puts a key at place `index` (0 to 255) of the next batch. */
  setKey(index: number, key: FlowKey): void;
  /** Looks the first `count` keys up; how many were found. */
  lookupBatch(count: number, now: number): number;
  /**
   * Rewrites the first `count` packets in place to what the flow's other side expects, with checksums, and accounts
   * for them. How many were rewritten; `answers` has the references or `none`, `other`, `malformed`, these untouched.
   */
  translate(count: number, now: number): number;
  /** Accounts for a packet that was rewritten elsewhere. False where the flow is not open. */
  touch(reference: number, tcpFlags: number, bytes: number, now: number): boolean;
  /** Undefined where no flow of this number is held. */
  describe(flow: number): FlowRecord | undefined;
  /** False where it is not open. */
  close(flow: number, now: number): boolean;
  /** Looks at up to `budget` entries (1 to 1024), going round from call to call; those that have ended, now forgotten. */
  sweep(now: number, budget: number): FlowRecord[];
  counters(): FlowCounters;
}
