import { instantiateCore } from '../core-instance.ts';
import type { CoreExports } from '../core-instance.ts';
import { CoreError } from '../errors.ts';
import {
  NAT_COUNTER_CLOSED,
  NAT_COUNTER_EXPIRED,
  NAT_COUNTER_FLOWS,
  NAT_COUNTER_FOUND,
  NAT_COUNTER_MISSED,
  NAT_COUNTER_OPENED,
  NAT_COUNTER_REFUSED_FULL,
  NAT_COUNTER_REFUSED_PORT,
  NAT_STATE_ANSWERED,
  NAT_STATE_CLOSED,
  NAT_STATE_CLOSING,
  NAT_STATE_ESTABLISHED,
  NAT_STATE_OPENING,
  NAT_TAIL_BYTES_IN,
  NAT_TAIL_BYTES_OUT,
  NAT_TAIL_EXPIRES,
  NAT_TAIL_LIFE,
  NAT_TAIL_OPENED,
  NAT_TAIL_PACKETS_IN,
  NAT_TAIL_PACKETS_OUT,
  NAT_TAIL_PROTOCOL,
  NAT_TAIL_STATE,
  NAT_TIMEOUT_ICMP,
  NAT_TIMEOUT_TCP_CLOSED,
  NAT_TIMEOUT_TCP_CLOSING,
  NAT_TIMEOUT_TCP_ESTABLISHED,
  NAT_TIMEOUT_TCP_OPENING,
  NAT_TIMEOUT_UDP_ESTABLISHED,
  NAT_TIMEOUT_UDP_OPENING,
} from '../layout.gen.ts';
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
  readKey,
  writeKey,
} from './flow-key.ts';
import { FLOW_LIMITS } from './flow.ts';
import type {
  FlowCounters,
  FlowKey,
  FlowRecord,
  FlowState,
  FlowTableFace,
  FlowTableOptions,
  FlowTimeouts,
  PortRange,
} from './flow.ts';

const TIMEOUTS: Record<keyof FlowTimeouts, number> = {
  tcpOpening: NAT_TIMEOUT_TCP_OPENING,
  tcpEstablished: NAT_TIMEOUT_TCP_ESTABLISHED,
  tcpClosing: NAT_TIMEOUT_TCP_CLOSING,
  tcpClosed: NAT_TIMEOUT_TCP_CLOSED,
  udpOpening: NAT_TIMEOUT_UDP_OPENING,
  udpEstablished: NAT_TIMEOUT_UDP_ESTABLISHED,
  icmp: NAT_TIMEOUT_ICMP,
};

const STATES = new Map<number, FlowState>([
  [NAT_STATE_OPENING, 'opening'],
  [NAT_STATE_ANSWERED, 'answered'],
  [NAT_STATE_ESTABLISHED, 'established'],
  [NAT_STATE_CLOSING, 'closing'],
  [NAT_STATE_CLOSED, 'closed'],
]);

/**
 * The flow table in a WebAssembly instance of its own, all of whose memory is taken when it is made: nothing allocates
 * afterwards, in WebAssembly or here, but `describe` and `sweep` for what they return. Throws `CW_CORE_NAT`, or
 * `CW_CORE_MEMORY` where there is not that much memory. `FlowTableFace` says what each method does.
 */
export class FlowTable implements FlowTableFace {
  readonly family: 4 | 6;
  readonly capacity: number;
  readonly answers: Int32Array;
  readonly packets: Uint8Array;
  readonly descriptors: Uint32Array;
  readonly #core: CoreExports;
  /** Sizes are fixed, so views stay. */
  readonly #memory: Uint8Array;
  readonly #view: DataView;
  readonly #pair: number;
  readonly #keys: number;
  readonly #recordBytes: number;

  constructor(options: FlowTableOptions) {
    const timeouts = checkOptions(options);
    const { family, capacity, seed } = options;
    const core = instantiateCore();
    if (core.natCreate(family, capacity, Number(seed & 0xffffffffn), Number(seed >> 32n)) !== 0)
      throw new CoreError('CW_CORE_MEMORY');
    for (const [name, which] of Object.entries(TIMEOUTS)) core.natTimeout(which, timeouts[name as keyof FlowTimeouts]);
    const { buffer } = core.memory;
    this.family = family;
    this.capacity = capacity;
    this.#core = core;
    this.#memory = new Uint8Array(buffer);
    this.#view = new DataView(buffer);
    this.#pair = core.natPair() >>> 0;
    this.#keys = core.natKeys() >>> 0;
    this.#recordBytes = family === 4 ? 16 : 40;
    this.answers = new Int32Array(buffer, core.natAnswers() >>> 0, FLOW_LIMITS.batch);
    this.packets = new Uint8Array(buffer, core.natPackets() >>> 0, FLOW_LIMITS.packetBytes);
    this.descriptors = new Uint32Array(buffer, core.natDescriptors() >>> 0, FLOW_LIMITS.batch * 2);
  }

  /** Linear memory of the instance. */
  get memoryBytes(): number {
    return this.#memory.length;
  }

  open(outward: FlowKey, inward: FlowKey, now: number): number {
    checkPair(outward, inward, this.family, false);
    checkNow(now);
    this.#writePair(outward, inward);
    return this.#core.natOpen(now);
  }

  openWithPort(outward: FlowKey, inward: FlowKey, ports: PortRange, now: number): number {
    checkPair(outward, inward, this.family, true);
    const { first, tries } = checkRange(ports);
    checkNow(now);
    this.#writePair(outward, inward);
    return this.#core.natOpenPort(now, ports.from, ports.to, first, tries);
  }

  lookup(key: FlowKey, now: number): number {
    this.setKey(0, key);
    this.lookupBatch(1, now);
    return this.answers[0] ?? -1;
  }

  setKey(index: number, key: FlowKey): void {
    checkIndex(index);
    checkKey(key, this.family);
    writeKey(this.#memory, this.#keys + index * this.#recordBytes, key, this.family);
  }

  lookupBatch(count: number, now: number): number {
    checkCount(count);
    checkNow(now);
    return this.#core.natLookup(count, now);
  }

  translate(count: number, now: number): number {
    checkCount(count);
    checkNow(now);
    return this.#core.natTranslate(count, now);
  }

  touch(reference: number, tcpFlags: number, bytes: number, now: number): boolean {
    checkTouch(reference, tcpFlags, bytes);
    checkNow(now);
    return this.#core.natTouch(reference, tcpFlags, bytes, now) > 0;
  }

  describe(flow: number): FlowRecord | undefined {
    checkFlow(flow);
    const entry = this.#core.natEntry(flow) >>> 0;
    if (entry === 0 || this.#memory[this.#tail(entry) + NAT_TAIL_LIFE] === 0) return undefined;
    return this.#record(flow, entry);
  }

  close(flow: number, now: number): boolean {
    checkFlow(flow);
    checkNow(now);
    return this.#core.natClose(flow, now) === 1;
  }

  sweep(now: number, budget: number): FlowRecord[] {
    checkNow(now);
    checkBudget(budget);
    const count = this.#core.natSweep(now, budget);
    const at = this.#core.natEnded() >>> 0;
    return Array.from({ length: count }, (_, i) => {
      const flow = this.#view.getUint32(at + i * 4, true);
      return this.#record(flow, this.#core.natEntry(flow) >>> 0);
    });
  }

  counters(): FlowCounters {
    const at = this.#core.natCounters() >>> 0;
    const read = (counter: number): number => Number(this.#view.getBigUint64(at + counter, true));
    return {
      flows: read(NAT_COUNTER_FLOWS),
      opened: read(NAT_COUNTER_OPENED),
      expired: read(NAT_COUNTER_EXPIRED),
      closed: read(NAT_COUNTER_CLOSED),
      refusedFull: read(NAT_COUNTER_REFUSED_FULL),
      refusedPort: read(NAT_COUNTER_REFUSED_PORT),
      found: read(NAT_COUNTER_FOUND),
      missed: read(NAT_COUNTER_MISSED),
    };
  }

  #writePair(outward: FlowKey, inward: FlowKey): void {
    writeKey(this.#memory, this.#pair, outward, this.family);
    writeKey(this.#memory, this.#pair + this.#recordBytes, inward, this.family);
  }

  #tail(entry: number): number {
    return entry + 2 * (this.#recordBytes - 4);
  }

  /** An entry keeps what it held until the next flow takes it. */
  #record(flow: number, entry: number): FlowRecord {
    const tail = this.#tail(entry);
    const protocol = this.#view.getUint8(tail + NAT_TAIL_PROTOCOL);
    return {
      flow,
      state: STATES.get(this.#view.getUint8(tail + NAT_TAIL_STATE)) ?? 'closed',
      outward: readKey(this.#memory, entry, protocol, this.family),
      inward: readKey(this.#memory, entry + this.#recordBytes - 4, protocol, this.family),
      opened: this.#view.getUint32(tail + NAT_TAIL_OPENED, true),
      expires: this.#view.getUint32(tail + NAT_TAIL_EXPIRES, true),
      packetsOut: this.#view.getUint32(tail + NAT_TAIL_PACKETS_OUT, true),
      packetsIn: this.#view.getUint32(tail + NAT_TAIL_PACKETS_IN, true),
      bytesOut: Number(this.#view.getBigUint64(tail + NAT_TAIL_BYTES_OUT, true)),
      bytesIn: Number(this.#view.getBigUint64(tail + NAT_TAIL_BYTES_IN, true)),
    };
  }
}
