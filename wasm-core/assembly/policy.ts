import {
  POLICY_APP_FROM,
  POLICY_APP_MIXED,
  POLICY_APP_SPANS,
  POLICY_APP_TO,
  POLICY_FLOW_ACTIVITY,
  POLICY_FLOW_PROTOCOL,
  POLICY_MINUTE_DAY,
  POLICY_MINUTE_WEEK,
  POLICY_MORE_DESTINATIONS,
  POLICY_PROBE_APP,
  POLICY_PROBE_BYTES,
  POLICY_PROBE_FLOW,
  POLICY_RULE_MORE,
} from './layout.gen';
import {
  DENSE,
  appCount,
  apps,
  destinationsOf,
  everyAppRules,
  firstMixed,
  orderOf,
  payload,
  portLists,
  portsOf,
  ranges,
  rules,
  sets,
  spanLists,
  spans,
  timeLists,
  windows,
  words,
} from './policy-image';

/** Below -1, which is "no rule matches". */
const BAD_APP: i32 = -2;

/** No place in order; every rule's is less. */
const NONE: u32 = 0xffffffff;

/** Ranges are {from u16, to u16, protocols u32}. */
function portListAllows(list: u32, port: u32, protocol: u32): bool {
  const entry = portLists + ((<usize>(list - 1)) << 3);
  let range = ranges + ((<usize>load<u32>(entry)) << 3);
  const end = range + ((<usize>load<u32>(entry, 4)) << 3);
  for (; range < end; range += 8) {
    const from = <u32>load<u16>(range);
    // One unsigned comparison: a port below `from` wraps to something large.
    if (port - from <= <u32>load<u16>(range, 2) - from && (load<u32>(range, 4) & protocol) != 0) return true;
  }
  return false;
}

/** 1 January 1970 was a Thursday. `time` in milliseconds since then, at most the ±8.64e15 of a Date. */
function minuteOfWeek(time: f64): u32 {
  const week = <i64>POLICY_MINUTE_WEEK;
  const minute = (<i64>floor<f64>(trunc<f64>(time) / 60_000) + 3 * <i64>POLICY_MINUTE_DAY) % week;
  return <u32>(minute < 0 ? minute + week : minute);
}

/** Windows are {from u16, to u16}, half-open. NaN is an unknown time, which lies in none. */
function timeListAllows(list: u32, time: f64): bool {
  if (isNaN<f64>(time)) return false;
  const minute = minuteOfWeek(time);
  const entry = timeLists + ((<usize>(list - 1)) << 3);
  let window = windows + ((<usize>load<u32>(entry)) << 2);
  const end = window + ((<usize>load<u32>(entry, 4)) << 2);
  for (; window < end; window += 4) {
    if (minute >= <u32>load<u16>(window) && minute < <u32>load<u16>(window, 2)) return true;
  }
  return false;
}

/** Whether the flow is one of the rule's, where the record alone does not say so. */
function flowAllows(half: u64, more: u64, flow: u32, time: f64, destination: usize): bool {
  const from = <u32>half & 0xffff;
  const port = flow & 0xffff;
  const protocol = (flow >> POLICY_FLOW_PROTOCOL) & 0xff;
  if ((<u32>(half >> 32) & protocol) == 0 || port - from > (<u32>half >> 16) - from) {
    const list = portsOf(more);
    if (list == 0 || !portListAllows(list, port, protocol)) return false;
  }
  if ((<u32>(half >> 40) & (flow >> POLICY_FLOW_ACTIVITY)) == 0) return false;
  const times = <u32>(half >> 48);
  if (times != 0 && !timeListAllows(times, time)) return false;
  const list = destinationsOf(more);
  if (list == 0) return true;
  if (destination == 0) return false;
  return ((load<u8>(destination + <usize>((list - 1) >> 3)) >> <u8>((list - 1) & 7)) & 1) != 0;
}

/**
 * The place in order of the first of the rules `bits`, counted from `base`, that allows the flow; `bound` where they
 * come to that first, NONE where they end. A record's first half is taken in one load: from u16, to u16, protocols u8,
 * activities u8, times u16. What most rules ask is one condition without branches, as no branch here can be foreseen.
 */
function firstOf(bits: u64, base: u32, flow: u32, time: f64, destination: usize, bound: u32): u32 {
  const port = flow & 0xffff;
  const asked = flow >> POLICY_FLOW_PROTOCOL;
  for (; bits != 0; bits &= bits - 1) {
    const record = rules + ((<usize>(base + <u32>ctz<u64>(bits))) << 4);
    const half = load<u64>(record);
    const more = load<u64>(record, POLICY_RULE_MORE);
    const order = orderOf(more);
    if (order >= bound) return bound;
    const from = <u32>half & 0xffff;
    const wanted = <u32>(half >> 32);
    const inPorts = <u32>(port - from <= (<u32>half >> 16) - from);
    const lists = (more >> POLICY_MORE_DESTINATIONS) | (half >> 48);
    if ((inPorts & <u32>((wanted & asked) == asked) & <u32>(lists == 0)) != 0) return order;
    if (lists != 0 && flowAllows(half, more, flow, time, destination)) return order;
  }
  return NONE;
}

/**
 * The place in order of the first of the rules `from` to `to`, which stand in order, if below `bound`; else that. Looks
 * at no word of the session that its summary says is empty.
 */
function firstInSpan(slot: usize, from: u32, to: u32, flow: u32, time: f64, destination: usize, bound: u32): u32 {
  if (from >= to) return bound;
  const first = from >> 6;
  const last = (to - 1) >> 6;
  const head = load<u64>(slot + ((<usize>first) << 3)) & ((<u64>-1) << (<u64>(from & 63)));
  if (first == last) {
    const found = firstOf(head & (<u64>-1 >> <u64>(-to & 63)), first << 6, flow, time, destination, bound);
    return found == NONE ? bound : found;
  }
  const summary = slot + (words << 4);
  let mask = (<u64>-1) << (<u64>(first & 63));
  for (let group = first >> 6; group <= last >> 6; group++) {
    let filled = load<u64>(summary + ((<usize>group) << 3)) & mask;
    mask = -1;
    if (group == last >> 6) filled &= <u64>-1 >> <u64>(~last & 63);
    for (; filled != 0; filled &= filled - 1) {
      const word = (group << 6) + <u32>ctz<u64>(filled);
      let bits = load<u64>(slot + ((<usize>word) << 3));
      bits &= select<u64>((<u64>-1) << (<u64>(from & 63)), -1, word == first);
      bits &= select<u64>(<u64>-1 >> <u64>(-to & 63), -1, word == last);
      const found = firstOf(bits, word << 6, flow, time, destination, bound);
      if (found != NONE) return found;
    }
  }
  return bound;
}

/** The same for the rules of a set, which stand in order. */
function firstInSet(set: u32, slot: usize, flow: u32, time: f64, destination: usize, bound: u32): u32 {
  const entry = sets + ((<usize>set) << 3);
  const at = payload + ((<usize>load<u32>(entry)) << 4);
  const count = load<u32>(entry, 4);
  if (count == DENSE) {
    const summary = slot + (words << 4);
    for (let group: usize = 0; group << 6 < words << 1; group++) {
      for (let filled = load<u64>(summary + (group << 3)); filled != 0; filled &= filled - 1) {
        const word = (group << 6) + <usize>ctz<u64>(filled);
        const both = load<u64>(slot + (word << 3)) & load<u64>(at + (word << 3));
        const found = firstOf(both, (<u32>word) << 6, flow, time, destination, bound);
        if (found != NONE) return found;
      }
    }
    return bound;
  }
  for (let p = at, end = at + ((<usize>count) << 2); p < end; p += 4) {
    const rule = load<u32>(p);
    if (((load<u8>(slot + <usize>(rule >> 3)) >> <u8>(rule & 7)) & 1) == 0) continue;
    const found = firstOf(1, rule, flow, time, destination, bound);
    if (found != NONE) return found;
  }
  return bound;
}

/**
 * The first matching rule, -1 for none. `flow` is a port and the POLICY_FLOW bits of one protocol and one activity,
 * `time` where the flow is in milliseconds since 1970 or NaN, `destination` a class's address or 0.
 */
export function decide(slot: usize, app: u32, flow: u32, time: f64, destination: usize): i32 {
  if (app >= appCount) return BAD_APP;
  const record = apps + ((<usize>app) << 4);
  const from = load<u32>(record, POLICY_APP_FROM);
  let rule = firstInSpan(slot, from, load<u32>(record, POLICY_APP_TO), flow, time, destination, NONE);
  const list = load<u32>(record, POLICY_APP_SPANS);
  if (list != 0) {
    const entry = spanLists + ((<usize>(list - 1)) << 3);
    let span = spans + ((<usize>load<u32>(entry)) << 3);
    for (const end = span + ((<usize>load<u32>(entry, 4)) << 3); span < end; span += 8) {
      rule = firstInSpan(slot, load<u32>(span), load<u32>(span, 4), flow, time, destination, rule);
    }
  }
  const mixed = load<u32>(record, POLICY_APP_MIXED);
  if (mixed != 0) rule = firstInSet(firstMixed + mixed - 1, slot, flow, time, destination, rule);
  return <i32>firstInSpan(slot, 0, everyAppRules, flow, time, destination, rule);
}

/** Probes as POLICY_PROBE says; each is answered in place. All are of one time and of one destination. */
export function decideBatch(slot: usize, probes: usize, count: u32, time: f64, destination: usize): void {
  for (let probe = probes, end = probes + <usize>count * POLICY_PROBE_BYTES; probe < end; probe += POLICY_PROBE_BYTES) {
    const app = load<u32>(probe, POLICY_PROBE_APP);
    store<i32>(probe, decide(slot, app, load<u32>(probe, POLICY_PROBE_FLOW), time, destination));
  }
}
