import {
  checkBudget,
  checkCount,
  checkFlow,
  checkIndex,
  checkKey,
  checkNow,
  checkOptions,
  checkPair,
  checkRange,
  checkTouch,
  protocolNumber,
} from '../nat/flow-key.ts';
import { FLOW_CODES, FLOW_LIMITS } from '../nat/flow.ts';
import type {
  FlowCounters,
  FlowKey,
  FlowRecord,
  FlowTableFace,
  FlowTableOptions,
  FlowTimeouts,
  PortRange,
} from '../nat/flow.ts';
import { readPacket, rewritePacket } from './reference-flow-packet.ts';
import { nextState, timeoutOf } from './reference-flow-state.ts';
import type { ReferenceFlowState } from './reference-flow-state.ts';

interface Entry extends ReferenceFlowState {
  readonly flow: number;
  readonly outward: FlowKey;
  readonly inward: FlowKey;
  readonly opened: number;
  expires: number;
  packetsOut: number;
  packetsIn: number;
  bytesOut: number;
  bytesIn: number;
}

/** Addresses as Latin-1 text: of one length each, so that nothing runs together. */
const nameOf = (key: FlowKey): string =>
  `${key.protocol} ${key.sourcePort} ${key.destinationPort} ${String.fromCharCode(...key.source, ...key.destination)}`;

const copyOf = (key: FlowKey): FlowKey => ({
  ...key,
  source: key.source.slice(),
  destination: key.destination.slice(),
});

const mirror = (key: FlowKey): FlowKey => ({
  protocol: key.protocol,
  source: key.destination,
  sourcePort: key.destinationPort,
  destination: key.source,
  destinationPort: key.sourcePort,
});

/** The flow table as a `Map` from the text of a key; same face, same numbers of flows. The oracle, and the fallback. */
export class ReferenceFlowTable implements FlowTableFace {
  readonly family: 4 | 6;
  readonly capacity: number;
  readonly answers = new Int32Array(FLOW_LIMITS.batch);
  readonly packets = new Uint8Array(FLOW_LIMITS.packetBytes);
  readonly descriptors = new Uint32Array(FLOW_LIMITS.batch * 2);
  readonly #timeouts: FlowTimeouts;
  /** From a key to its reference. */
  readonly #index = new Map<string, number>();
  /** By number; those that are free are undefined. */
  readonly #entries: (Entry | undefined)[] = [];
  readonly #free: number[] = [];
  /** Expired, out of the index, not yet reported. */
  readonly #retired: Entry[] = [];
  readonly #keys: (FlowKey | undefined)[] = [];
  readonly #counters = { opened: 0, expired: 0, closed: 0, refusedFull: 0, refusedPort: 0, found: 0, missed: 0 };
  #cursor = 0;

  constructor(options: FlowTableOptions) {
    this.#timeouts = checkOptions(options);
    this.family = options.family;
    this.capacity = options.capacity;
  }

  open(outward: FlowKey, inward: FlowKey, now: number): number {
    checkPair(outward, inward, this.family, false);
    checkNow(now);
    if (nameOf(outward) === nameOf(inward) || this.#isTaken(outward, now) || this.#isTaken(inward, now))
      return FLOW_CODES.taken;
    return this.#hasRoom() ? this.#add(outward, inward, now) : FLOW_CODES.full;
  }

  openWithPort(outward: FlowKey, inward: FlowKey, ports: PortRange, now: number): number {
    checkPair(outward, inward, this.family, true);
    const { first, tries } = checkRange(ports);
    checkNow(now);
    if (this.#isTaken(outward, now)) return FLOW_CODES.taken;
    if (!this.#hasRoom()) return FLOW_CODES.full;
    let destinationPort = first;
    for (let i = 0; i < tries; i++) {
      const candidate = { ...inward, destinationPort };
      if (nameOf(outward) !== nameOf(candidate) && !this.#isTaken(candidate, now))
        return this.#add(outward, candidate, now);
      destinationPort = destinationPort === ports.to ? ports.from : destinationPort + 1;
    }
    this.#counters.refusedPort++;
    return FLOW_CODES.noPort;
  }

  lookup(key: FlowKey, now: number): number {
    this.setKey(0, key);
    this.lookupBatch(1, now);
    return this.answers[0] ?? -1;
  }

  setKey(index: number, key: FlowKey): void {
    checkIndex(index);
    checkKey(key, this.family);
    this.#keys[index] = copyOf(key);
  }

  lookupBatch(count: number, now: number): number {
    checkCount(count);
    checkNow(now);
    let found = 0;
    for (let i = 0; i < count; i++) {
      const key = this.#keys[i];
      const reference = key === undefined ? FLOW_CODES.none : this.#find(key, now);
      this.answers[i] = reference;
      if (reference >= 0) found++;
    }
    this.#counters.found += found;
    this.#counters.missed += count - found;
    return found;
  }

  translate(count: number, now: number): number {
    checkCount(count);
    checkNow(now);
    let done = 0;
    for (let i = 0; i < count; i++) {
      const offset = this.descriptors[i * 2] ?? 0;
      const length = this.descriptors[i * 2 + 1] ?? 0;
      this.answers[i] =
        offset + length > this.packets.length
          ? FLOW_CODES.malformed
          : this.#translateOne(this.packets.subarray(offset, offset + length), now);
      if ((this.answers[i] ?? -1) >= 0) done++;
    }
    return done;
  }

  touch(reference: number, tcpFlags: number, bytes: number, now: number): boolean {
    checkTouch(reference, tcpFlags, bytes);
    checkNow(now);
    const entry = this.#live(reference >> 1, now);
    if (entry === undefined) return false;
    const inward = (reference & 1) === 1;
    if (inward) {
      entry.packetsIn = (entry.packetsIn + 1) >>> 0;
      entry.bytesIn += bytes;
    } else {
      entry.packetsOut = (entry.packetsOut + 1) >>> 0;
      entry.bytesOut += bytes;
    }
    const before = entry.state;
    entry.state = nextState(entry, inward, tcpFlags);
    if (before !== 'closed' || entry.state !== 'closed') this.#extend(entry, now);
    return true;
  }

  describe(flow: number): FlowRecord | undefined {
    checkFlow(flow);
    const entry = this.#entries[flow];
    return entry === undefined ? undefined : recordOf(entry);
  }

  close(flow: number, now: number): boolean {
    checkFlow(flow);
    checkNow(now);
    const entry = this.#live(flow, now);
    if (entry === undefined) return false;
    this.#unlink(entry);
    this.#release(entry);
    this.#counters.closed++;
    return true;
  }

  sweep(now: number, budget: number): FlowRecord[] {
    checkNow(now);
    checkBudget(budget);
    const ended = this.#retired.splice(0, budget);
    for (const entry of ended) this.#release(entry);
    const looks = Math.min(budget - ended.length, this.#entries.length);
    for (let i = 0; i < looks; i++) {
      if (this.#cursor >= this.#entries.length) this.#cursor = 0;
      const entry = this.#entries[this.#cursor++];
      if (entry === undefined || now < entry.expires || this.#retired.includes(entry)) continue;
      this.#unlink(entry);
      this.#release(entry);
      ended.push(entry);
    }
    this.#counters.expired += ended.length;
    return ended.map(recordOf);
  }

  counters(): FlowCounters {
    return { flows: this.#index.size / 2, ...this.#counters };
  }

  #translateOne(packet: Uint8Array, now: number): number {
    const read = readPacket(packet, this.family);
    if (typeof read === 'number') return read;
    const reference = this.#find(read.key, now);
    const entry = this.#entries[reference >> 1];
    if (reference < 0 || entry === undefined) {
      this.#counters.missed++;
      return FLOW_CODES.none;
    }
    this.#counters.found++;
    rewritePacket(packet, read, mirror(reference & 1 ? entry.outward : entry.inward), this.family);
    this.touch(reference, read.tcpFlags, packet.length, now);
    return reference;
  }

  #hasRoom(): boolean {
    if (this.#free.length > 0 || this.#entries.length < this.capacity) return true;
    this.#counters.refusedFull++;
    return false;
  }

  #find(key: FlowKey, now: number): number {
    const reference = this.#index.get(nameOf(key)) ?? FLOW_CODES.none;
    return this.#live(reference >> 1, now) === undefined ? FLOW_CODES.none : reference;
  }

  #isTaken(key: FlowKey, now: number): boolean {
    return this.#find(key, now) >= 0;
  }

  /** Retired ones have expired, so they are none of these. */
  #live(flow: number, now: number): Entry | undefined {
    const entry = this.#entries[flow];
    if (entry === undefined || now >= entry.expires) return undefined;
    return this.#index.get(nameOf(entry.outward)) === flow * 2 ? entry : undefined;
  }

  #add(outward: FlowKey, inward: FlowKey, now: number): number {
    for (const key of [outward, inward]) {
      const reference = this.#index.get(nameOf(key));
      const expired = reference === undefined ? undefined : this.#entries[reference >> 1];
      if (expired === undefined) continue;
      this.#unlink(expired);
      this.#retired.push(expired);
    }
    const flow = this.#free.pop() ?? this.#entries.length;
    const entry: Entry = {
      flow,
      protocol: protocolNumber(outward.protocol, this.family),
      state: 'opening',
      finOut: false,
      finIn: false,
      outward: copyOf(outward),
      inward: copyOf(inward),
      opened: now,
      expires: 0,
      packetsOut: 0,
      packetsIn: 0,
      bytesOut: 0,
      bytesIn: 0,
    };
    this.#extend(entry, now);
    this.#entries[flow] = entry;
    this.#index.set(nameOf(outward), flow * 2);
    this.#index.set(nameOf(inward), flow * 2 + 1);
    this.#counters.opened++;
    return flow;
  }

  #extend(entry: Entry, now: number): void {
    entry.expires = Math.min(now + timeoutOf(entry, this.#timeouts), 0xffffffff);
  }

  #unlink(entry: Entry): void {
    this.#index.delete(nameOf(entry.outward));
    this.#index.delete(nameOf(entry.inward));
  }

  #release(entry: Entry): void {
    this.#entries[entry.flow] = undefined;
    this.#free.push(entry.flow);
  }
}

function recordOf(entry: Entry): FlowRecord {
  const { flow, state, opened, expires, packetsOut, packetsIn, bytesOut, bytesIn } = entry;
  const outward = copyOf(entry.outward);
  const inward = copyOf(entry.inward);
  return { flow, state, outward, inward, opened, expires, packetsOut, packetsIn, bytesOut, bytesIn };
}
