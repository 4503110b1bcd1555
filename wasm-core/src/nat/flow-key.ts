import { CoreError } from '../errors.ts';
import { FLOW_TIMEOUTS } from './flow.ts';
import type { FlowKey, FlowProtocol, FlowTableOptions, FlowTimeouts, PortRange } from './flow.ts';
import { FLOW_LIMITS } from './flow.ts';

const refuse = (why: string): CoreError => new CoreError('CW_CORE_NAT', why);

function within(value: number, from: number, to: number, what: string): void {
  if (!Number.isInteger(value) || value < from || value > to)
    throw refuse(`${what} is ${from} to ${to}, not ${String(value)}`);
}

export const checkNow = (now: number): void => within(now, 0, 0xffffffff, 'the time');
export const checkCount = (count: number): void => within(count, 0, FLOW_LIMITS.batch, 'the size of a batch');
export const checkIndex = (index: number): void => within(index, 0, FLOW_LIMITS.batch - 1, 'a place in a batch');
export const checkBudget = (budget: number): void => within(budget, 1, FLOW_LIMITS.sweep, 'the budget of a sweep');
export const checkFlow = (flow: number): void => within(flow, 0, FLOW_LIMITS.flows - 1, 'a flow');

export function checkTouch(reference: number, tcpFlags: number, bytes: number): void {
  within(reference, 0, FLOW_LIMITS.flows * 2 - 1, 'a reference');
  within(tcpFlags, 0, 255, 'the flags of a segment');
  within(bytes, 0, 0xffffffff, 'the length of a packet');
}

/** The options with every timeout, checked. */
export function checkOptions(options: FlowTableOptions): FlowTimeouts {
  if (options.family !== 4 && options.family !== 6) throw refuse('the family is 4 or 6');
  within(options.capacity, 1, FLOW_LIMITS.flows, 'the capacity');
  if (typeof options.seed !== 'bigint' || BigInt.asUintN(64, options.seed) !== options.seed)
    throw refuse('the seed is 0 to 2^64 - 1');
  const timeouts = { ...FLOW_TIMEOUTS, ...options.timeouts };
  for (const [name, seconds] of Object.entries(timeouts)) {
    if (!Object.hasOwn(FLOW_TIMEOUTS, name)) throw refuse(`there is no timeout ${JSON.stringify(name.slice(0, 60))}`);
    within(seconds, 1, 0x7fffffff, name);
  }
  return timeouts;
}

const isProtocol = (value: string): value is FlowProtocol => value === 'tcp' || value === 'udp' || value === 'icmp';

/** IANA's number. */
export function protocolNumber(protocol: FlowProtocol, family: 4 | 6): number {
  if (protocol === 'tcp') return 6;
  if (protocol === 'udp') return 17;
  return family === 4 ? 1 : 58;
}

export function protocolName(number: number): FlowProtocol {
  if (number === 6) return 'tcp';
  return number === 17 ? 'udp' : 'icmp';
}

export function checkKey(key: FlowKey, family: 4 | 6): void {
  const width = family === 4 ? 4 : 16;
  if (!isProtocol(key.protocol)) throw refuse('the protocol of a flow is tcp, udp or icmp');
  if (key.source.length !== width || key.destination.length !== width)
    throw refuse(`an address of this table has ${width} bytes`);
  within(key.sourcePort, 0, 65535, 'a port');
  within(key.destinationPort, 0, 65535, 'a port');
}

/** `chooses`: the destination port of `inward` is still to be chosen. */
export function checkPair(outward: FlowKey, inward: FlowKey, family: 4 | 6, chooses: boolean): void {
  checkKey(outward, family);
  checkKey(inward, family);
  if (outward.protocol !== inward.protocol) throw refuse('both keys of a flow have the same protocol');
  if (outward.protocol !== 'icmp') return;
  const asksOutward = outward.destinationPort === 0 && inward.sourcePort === 0;
  const asksInward = outward.sourcePort === 0 && inward.destinationPort === 0 && !chooses;
  // An echo carries one identifier: a second port would be in its checksum alone.
  if (!asksOutward && !asksInward) throw refuse('in ICMP the side that asks has a port, the other one 0');
}

/** The first port to try, and how many. */
export function checkRange(range: PortRange): { first: number; tries: number } {
  const { from, to, start, tries = 64 } = range;
  within(from, 1, 65535, 'the first port');
  within(to, from, 65535, 'the last port');
  within(start, 0, 0xffffffff, 'the start');
  within(tries, 1, 65535, 'the number of tries');
  const size = to - from + 1;
  return { first: from + (start % size), tries: Math.min(tries, size) };
}

/** Key and protocol as the table holds them: 16 bytes for IPv4, 40 for IPv6. */
export function writeKey(bytes: Uint8Array, at: number, key: FlowKey, family: 4 | 6): void {
  const width = family === 4 ? 4 : 16;
  const ports = at + 2 * width;
  bytes.set(key.source, at);
  bytes.set(key.destination, at + width);
  bytes[ports] = key.sourcePort >>> 8;
  bytes[ports + 1] = key.sourcePort;
  bytes[ports + 2] = key.destinationPort >>> 8;
  bytes[ports + 3] = key.destinationPort;
  bytes[ports + 4] = protocolNumber(key.protocol, family);
  bytes.fill(0, ports + 5, ports + 8);
}

export function readKey(bytes: Uint8Array, at: number, protocol: number, family: 4 | 6): FlowKey {
  const width = family === 4 ? 4 : 16;
  const ports = at + 2 * width;
  const port = (place: number): number => ((bytes[place] ?? 0) << 8) | (bytes[place + 1] ?? 0);
  return {
    protocol: protocolName(protocol),
    source: bytes.slice(at, at + width),
    sourcePort: port(ports),
    destination: bytes.slice(at + width, ports),
    destinationPort: port(ports + 2),
  };
}
