import { alloc } from './arena';
import {
  NAT_STATE_ANSWERED,
  NAT_STATE_CLOSED,
  NAT_STATE_CLOSING,
  NAT_STATE_ESTABLISHED,
  NAT_STATE_OPENING,
  NAT_TAIL_BYTES_IN,
  NAT_TAIL_BYTES_OUT,
  NAT_TAIL_EXPIRES,
  NAT_TAIL_FINS,
  NAT_TAIL_PACKETS_IN,
  NAT_TAIL_PACKETS_OUT,
  NAT_TAIL_PROTOCOL,
  NAT_TAIL_STATE,
  NAT_TIMEOUT_COUNT,
  NAT_TIMEOUT_ICMP,
  NAT_TIMEOUT_TCP_CLOSED,
  NAT_TIMEOUT_TCP_CLOSING,
  NAT_TIMEOUT_TCP_ESTABLISHED,
  NAT_TIMEOUT_TCP_OPENING,
  NAT_TIMEOUT_UDP_ESTABLISHED,
  NAT_TIMEOUT_UDP_OPENING,
} from './layout.gen';

/**
 * The states of a flow. Every packet puts the end off by the timeout of the state, except in CLOSED, whose time runs
 * from the moment it began: nobody keeps a dead connection by sending into it.
 *
 *     TCP            inward ACK            outward ACK                 FIN            FIN of the other side
 *        OPENING -----------------> ANSWERED ----------> ESTABLISHED -----> CLOSING -----------------------> CLOSED
 *           ^                           \______ FIN _________________________/                                |
 *           |   RST: from every state to CLOSED                                                               |
 *           +--------------------------------- outward SYN (RFC 6191: the port is used again) ----------------+
 *
 *     UDP, ICMP      OPENING --- inward ---> ESTABLISHED
 *
 * ANSWERED keeps the hours of RFC 5382 REQ-5 from those who only forge an answer.
 */
const FIN: u32 = 1;
const SYN: u32 = 2;
const RST: u32 = 4;
const ACK: u32 = 16;

export const TCP: u32 = 6;
export const UDP: u32 = 17;

let timeouts: usize = 0;

export function createTimeouts(): bool {
  timeouts = alloc((<usize>NAT_TIMEOUT_COUNT) << 2);
  return timeouts != 0;
}

export function setTimeout(which: u32, seconds: u32): void {
  store<u32>(timeouts + ((<usize>which) << 2), seconds);
}

function timeoutOf(protocol: u32, state: u32): u32 {
  let which = NAT_TIMEOUT_ICMP;
  if (protocol == TCP) {
    which = NAT_TIMEOUT_TCP_OPENING;
    if (state == NAT_STATE_ESTABLISHED) which = NAT_TIMEOUT_TCP_ESTABLISHED;
    else if (state == NAT_STATE_CLOSING) which = NAT_TIMEOUT_TCP_CLOSING;
    else if (state == NAT_STATE_CLOSED) which = NAT_TIMEOUT_TCP_CLOSED;
  } else if (protocol == UDP) {
    which = state == NAT_STATE_ESTABLISHED ? NAT_TIMEOUT_UDP_ESTABLISHED : NAT_TIMEOUT_UDP_OPENING;
  }
  return load<u32>(timeouts + ((<usize>which) << 2));
}

/** Puts the end of the flow off; the clock saturates instead of wrapping. */
export function extend(tail: usize, now: u32): void {
  const end = now + timeoutOf(<u32>load<u8>(tail, NAT_TAIL_PROTOCOL), <u32>load<u8>(tail, NAT_TAIL_STATE));
  store<u32>(tail, end < now ? 0xffffffff : end, NAT_TAIL_EXPIRES);
}

function nextTcp(tail: usize, state: u32, inward: u32, flags: u32): u32 {
  if (state == NAT_STATE_CLOSED) {
    if (inward || (flags & (SYN | ACK | RST | FIN)) != SYN) return state;
    store<u8>(tail, 0, NAT_TAIL_FINS);
    return NAT_STATE_OPENING;
  }
  if (flags & RST) return NAT_STATE_CLOSED;
  if (state == NAT_STATE_OPENING) {
    if (!inward || !(flags & ACK)) return state;
    state = NAT_STATE_ANSWERED;
  } else if (state == NAT_STATE_ANSWERED && !inward && (flags & (ACK | SYN)) == ACK) {
    state = NAT_STATE_ESTABLISHED;
  }
  if (flags & FIN) {
    const fins = load<u8>(tail, NAT_TAIL_FINS) | <u8>((<u32>1) << inward);
    store<u8>(tail, fins, NAT_TAIL_FINS);
    return fins == 3 ? NAT_STATE_CLOSED : NAT_STATE_CLOSING;
  }
  return state;
}

/** Accounts for one packet of the flow. `flags`: the TCP flags as on the wire, else ignored. */
export function touch(tail: usize, inward: u32, flags: u32, length: u32, now: u32): void {
  const count = tail + (inward ? NAT_TAIL_PACKETS_IN : NAT_TAIL_PACKETS_OUT);
  store<u32>(count, load<u32>(count) + 1);
  const sum = tail + (inward ? NAT_TAIL_BYTES_IN : NAT_TAIL_BYTES_OUT);
  store<u64>(sum, load<u64>(sum) + <u64>length);
  const before = <u32>load<u8>(tail, NAT_TAIL_STATE);
  const after =
    <u32>load<u8>(tail, NAT_TAIL_PROTOCOL) == TCP
      ? nextTcp(tail, before, inward, flags)
      : inward
        ? NAT_STATE_ESTABLISHED
        : before;
  store<u8>(tail, <u8>after, NAT_TAIL_STATE);
  if (after != NAT_STATE_CLOSED || before != NAT_STATE_CLOSED) extend(tail, now);
}
