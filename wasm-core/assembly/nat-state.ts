import {
  NAT_STATE_ANSWERED,
  NAT_STATE_CLOSED,
  NAT_STATE_CLOSING,
  NAT_STATE_ESTABLISHED,
  NAT_STATE_OPENING,
  NAT_TAIL_BYTES_OUT,
  NAT_TAIL_EXPIRES,
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
 *
 * Which way a packet goes and what it says cannot be foretold, so every branch on it would often be taken wrongly. The
 * transitions and timeouts are therefore tables, filled from the functions below when the flow table is made:
 *
 *     transitions: u16 {state after, FINs seen after << 8} by | flags SYN.. 4 bits | inward 1 | FINs seen 2 | state 3 |
 *     spans:       u32 seconds by | TCP, UDP, other 2 bits | state 3 |
 */
const FIN: u32 = 1;
const SYN: u32 = 2;
const RST: u32 = 4;
const ACK: u32 = 16;

export const TCP: u32 = 6;
export const UDP: u32 = 17;
const ICMP: u32 = 1;

const TRANSITIONS: u32 = 1024;
const SPANS: u32 = 24;

let timeouts: usize = 0;
let transitions: usize = 0;
let spans: usize = 0;

/** What `createStates` takes. */
export const STATE_TABLE_BYTES: usize = ((<usize>NAT_TIMEOUT_COUNT + SPANS) << 2) + ((<usize>TRANSITIONS) << 1);

export function createStates(at: usize): void {
  timeouts = at;
  spans = timeouts + ((<usize>NAT_TIMEOUT_COUNT) << 2);
  transitions = spans + ((<usize>SPANS) << 2);
  for (let i: u32 = 0; i < TRANSITIONS; i++) {
    const flags = ((i >> 6) & 7) | ((i >> 5) & ACK);
    store<u16>(transitions + ((<usize>i) << 1), <u16>nextTcp(i & 7, (i >> 3) & 3, (i >> 5) & 1, flags));
  }
}

export function setTimeout(which: u32, seconds: u32): void {
  store<u32>(timeouts + ((<usize>which) << 2), seconds);
  for (let state: u32 = NAT_STATE_OPENING; state <= NAT_STATE_CLOSED; state++) {
    store<u32>(spanAt(TCP, state), timeoutOf(TCP, state));
    store<u32>(spanAt(UDP, state), timeoutOf(UDP, state));
    store<u32>(spanAt(ICMP, state), timeoutOf(ICMP, state));
  }
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

/** State and FINs after a segment. */
function nextTcp(state: u32, fins: u32, inward: u32, flags: u32): u32 {
  if (state == NAT_STATE_CLOSED) {
    if (inward || (flags & (SYN | ACK | RST | FIN)) != SYN) return state | (fins << 8);
    return NAT_STATE_OPENING;
  }
  if (flags & RST) return NAT_STATE_CLOSED | (fins << 8);
  if (state == NAT_STATE_OPENING) {
    if (!inward || !(flags & ACK)) return state | (fins << 8);
    state = NAT_STATE_ANSWERED;
  } else if (state == NAT_STATE_ANSWERED && !inward && (flags & (ACK | SYN)) == ACK) {
    state = NAT_STATE_ESTABLISHED;
  }
  if (flags & FIN) {
    fins |= (<u32>1) << inward;
    state = fins == 3 ? NAT_STATE_CLOSED : NAT_STATE_CLOSING;
  }
  return state | (fins << 8);
}

function spanAt(protocol: u32, state: u32): usize {
  const kind: u32 = protocol == TCP ? 0 : protocol == UDP ? 8 : 16;
  return spans + ((<usize>(kind | state)) << 2);
}

function endOf(protocol: u32, state: u32, now: u32): u32 {
  const end = now + load<u32>(spanAt(protocol, state));
  return end < now ? 0xffffffff : end;
}

/** Puts the end of the flow off; the clock saturates instead of wrapping. */
export function extend(tail: usize, now: u32): void {
  const end = endOf(<u32>load<u8>(tail, NAT_TAIL_PROTOCOL), <u32>load<u8>(tail, NAT_TAIL_STATE), now);
  store<u32>(tail, end, NAT_TAIL_EXPIRES);
}

/** Accounts for one packet of the flow. `flags`: the TCP flags as on the wire, else ignored. */
export function touch(tail: usize, inward: u32, flags: u32, length: u32, now: u32): void {
  const count = tail + ((<usize>inward) << 2);
  store<u32>(count, load<u32>(count, NAT_TAIL_PACKETS_OUT) + 1, NAT_TAIL_PACKETS_OUT);
  const sum = tail + ((<usize>inward) << 3);
  store<u64>(sum, load<u64>(sum, NAT_TAIL_BYTES_OUT) + <u64>length, NAT_TAIL_BYTES_OUT);
  const protocol = <u32>load<u8>(tail, NAT_TAIL_PROTOCOL);
  // The state and, in the next byte, the FINs.
  const before = <u32>load<u16>(tail, NAT_TAIL_STATE);
  let after = before;
  if (protocol == TCP) {
    const said = ((flags & 7) << 6) | ((flags & ACK) << 5);
    const at = (before & 7) | ((before >> 8) << 3) | (inward << 5) | said;
    after = <u32>load<u16>(transitions + ((<usize>at) << 1));
  } else if (inward) {
    after = NAT_STATE_ESTABLISHED;
  }
  store<u16>(tail, <u16>after, NAT_TAIL_STATE);
  const stays = (before & 7) == NAT_STATE_CLOSED && (after & 7) == NAT_STATE_CLOSED;
  const end = endOf(protocol, after & 7, now);
  store<u32>(tail, stays ? load<u32>(tail, NAT_TAIL_EXPIRES) : end, NAT_TAIL_EXPIRES);
}
