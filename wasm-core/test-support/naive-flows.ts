import { mirrorKey } from '../fixtures/nat-packet.ts';
import { FLOW_CODES, FLOW_TIMEOUTS } from '../src/nat/flow.ts';
import type { FlowKey, FlowRecord, FlowState } from '../src/nat/flow.ts';

const [FIN, SYN, RST, ACK] = [1, 2, 4, 16] as const;

interface NaiveFlow {
  readonly flow: number;
  readonly keys: readonly [outward: string, inward: string];
  readonly outward: FlowKey;
  readonly inward: FlowKey;
  expires: number;
  packets: number;
  answered: boolean;
  confirmed: boolean;
  reset: boolean;
  readonly fins: Set<number>;
}

const text = (key: FlowKey): string =>
  [key.protocol, key.source.join('.'), key.sourcePort, key.destination.join('.'), key.destinationPort].join(' ');

/**
 * A flow table as one would explain it: a list that is searched from its beginning, and per flow what was seen of it,
 * which the state follows from. It shares nothing with either implementation, gives no flow its number, and only judges
 * their answers.
 */
export class NaiveFlows {
  readonly #capacity: number;
  #held: NaiveFlow[] = [];

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  static state(seen: NaiveFlow): FlowState {
    if (seen.outward.protocol !== 'tcp') return seen.answered ? 'established' : 'opening';
    if (seen.reset || seen.fins.size === 2) return 'closed';
    if (seen.fins.size === 1) return 'closing';
    if (!seen.answered) return 'opening';
    return seen.confirmed ? 'established' : 'answered';
  }

  /** What `lookup` must answer. */
  lookup(key: FlowKey, now: number): number {
    const wanted = text(key);
    const found = this.#held.find(({ keys, expires }) => expires > now && keys.includes(wanted));
    return found === undefined ? FLOW_CODES.none : found.flow * 2 + found.keys.indexOf(wanted);
  }

  /** The key that a packet with this one is sent on with. */
  sentWith(reference: number): FlowKey {
    const flow = this.#held.find((held) => held.flow === reference >> 1);
    if (flow === undefined) throw new Error(`no flow ${reference >> 1}`);
    return mirrorKey(reference % 2 === 0 ? flow.inward : flow.outward);
  }

  get isEmpty(): boolean {
    return this.#held.length === 0;
  }

  get isFull(): boolean {
    return this.#held.length === this.#capacity;
  }

  /** Whether an open flow has one of the keys, or they are the same. */
  isTaken(outward: FlowKey, inward: FlowKey, now: number): boolean {
    return text(outward) === text(inward) || this.lookup(outward, now) >= 0 || this.lookup(inward, now) >= 0;
  }

  /** Whether `open` may answer this. */
  opened(answer: number, outward: FlowKey, inward: FlowKey, now: number): boolean {
    const keys = [text(outward), text(inward)] as const;
    if (this.isTaken(outward, inward, now)) return answer === FLOW_CODES.taken;
    if (this.isFull) return answer === FLOW_CODES.full;
    const isFree = answer >= 0 && answer < this.#capacity && this.#held.every(({ flow }) => flow !== answer);
    const seen = { packets: 0, answered: false, confirmed: false, reset: false, fins: new Set<number>() };
    const flow = { flow: answer, keys, outward, inward, expires: 0, ...seen };
    this.#extend(flow, now);
    this.#held.push(flow);
    return isFree;
  }

  /** What `touch` must answer. */
  touch(reference: number, flags: number, now: number): boolean {
    const flow = this.#open(reference >> 1, now);
    if (flow === undefined) return false;
    const inward = reference % 2;
    flow.packets++;
    const wasClosed = NaiveFlows.state(flow) === 'closed';
    if (flow.outward.protocol !== 'tcp') flow.answered ||= inward === 1;
    else if (wasClosed) {
      if (inward === 1 || (flags & (FIN | SYN | RST | ACK)) !== SYN) return true;
      Object.assign(flow, { answered: false, confirmed: false, reset: false });
      flow.fins.clear();
    } else if (flags & RST) flow.reset = true;
    else {
      flow.confirmed ||= flow.answered && inward === 0 && (flags & (SYN | ACK)) === ACK;
      flow.answered ||= inward === 1 && (flags & ACK) !== 0;
      if (flow.answered && flags & FIN) flow.fins.add(inward);
    }
    this.#extend(flow, now);
    return true;
  }

  /** What `close` must answer. */
  close(flow: number, now: number): boolean {
    const open = this.#open(flow, now);
    this.#held = this.#held.filter((held) => held !== open);
    return open !== undefined;
  }

  /** Whether `sweep` may answer this: every one has ended, and was held. */
  swept(ended: readonly FlowRecord[], now: number, budget: number): boolean {
    const right = ended.every((record) => {
      const flow = this.#held.find((held) => held.flow === record.flow && held.expires <= now);
      this.#held = this.#held.filter((held) => held !== flow);
      return flow !== undefined && NaiveFlows.#describes(flow, record);
    });
    return right && ended.length <= budget;
  }

  /** Whether `describe` may answer this. */
  described(flow: number, record: FlowRecord | undefined): boolean {
    const held = this.#held.find((one) => one.flow === flow);
    if (held === undefined || record === undefined) return held === record;
    return NaiveFlows.#describes(held, record);
  }

  static #describes(flow: NaiveFlow, record: FlowRecord): boolean {
    const same = text(record.outward) === flow.keys[0] && text(record.inward) === flow.keys[1];
    const counted = record.packetsOut + record.packetsIn === flow.packets && record.expires === flow.expires;
    return same && counted && record.state === NaiveFlows.state(flow);
  }

  #open(flow: number, now: number): NaiveFlow | undefined {
    return this.#held.find((held) => held.flow === flow && held.expires > now);
  }

  #extend(flow: NaiveFlow, now: number): void {
    const state = NaiveFlows.state(flow);
    const times = FLOW_TIMEOUTS;
    const tcp = { established: times.tcpEstablished, closing: times.tcpClosing, closed: times.tcpClosed };
    let seconds = times.icmp;
    if (flow.outward.protocol === 'tcp') seconds = state in tcp ? tcp[state as 'closed'] : times.tcpOpening;
    if (flow.outward.protocol === 'udp') seconds = flow.answered ? times.udpEstablished : times.udpOpening;
    flow.expires = Math.min(now + seconds, 2 ** 32 - 1);
  }
}
