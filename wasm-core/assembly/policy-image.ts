import { alloc } from './arena';
import {
  POLICY_APP_FROM,
  POLICY_APP_MIXED,
  POLICY_APP_SPANS,
  POLICY_APP_TO,
  POLICY_AXES,
  POLICY_MORE_DESTINATIONS,
  POLICY_MORE_PORTS,
  POLICY_RULE_MORE,
  POLICY_RULE_TIMES,
  POLICY_TABLE_APPS,
  POLICY_TABLE_APPS_AT,
  POLICY_TABLE_DESTINATIONS,
  POLICY_TABLE_DESTINATION_LISTS,
  POLICY_TABLE_EVERY_APP_RULES,
  POLICY_TABLE_FIRST_DESTINATION,
  POLICY_TABLE_FIRST_MIXED,
  POLICY_TABLE_PAYLOAD_AT,
  POLICY_TABLE_PORT_LISTS,
  POLICY_TABLE_PORT_LISTS_AT,
  POLICY_TABLE_RANGES,
  POLICY_TABLE_RANGES_AT,
  POLICY_TABLE_RULES,
  POLICY_TABLE_RULES_AT,
  POLICY_TABLE_SETS_AT,
  POLICY_TABLE_SPANS,
  POLICY_TABLE_SPANS_AT,
  POLICY_TABLE_SPAN_LISTS,
  POLICY_TABLE_SPAN_LISTS_AT,
  POLICY_TABLE_TIME_LISTS,
  POLICY_TABLE_TIME_LISTS_AT,
  POLICY_TABLE_UNITS,
  POLICY_TABLE_WINDOWS,
  POLICY_TABLE_WINDOWS_AT,
} from './layout.gen';

/**
 * The policy as the compiled image describes it (`src/policy/image-layout.ts` draws it), read in place. Rules are
 * numbered so that those of one app stand together; each has its place in order beside it. A *set* holds such numbers,
 * ascending: 8 bytes {offset in the payload in 16-byte units, count}, and the payload is either `count` u32 numbers or,
 * where count is DENSE, a bitset of `words` 128-bit words, bit i of it being rule i.
 */
export const DENSE: u32 = 0xffffffff;

const OK: i32 = 0;
const BAD_IMAGE: i32 = 1;
const NO_MEMORY: i32 = 2;

export let rules: usize = 0;
export let ranges: usize = 0;
export let portLists: usize = 0;
export let windows: usize = 0;
export let timeLists: usize = 0;
export let apps: usize = 0;
export let spans: usize = 0;
export let spanLists: usize = 0;
export let sets: usize = 0;
export let payload: usize = 0;
export let ruleCount: u32 = 0;
export let everyAppRules: u32 = 0;
export let words: usize = 0;
export let appCount: u32 = 0;
export let firstMixed: u32 = 0;
export let firstDestination: u32 = 0;
export let destinationCount: u32 = 0;
export let destinationLists: u32 = 0;
/** A bitset of its own for one axis; never a session's. */
export let spare: usize = 0;

/** A block for the image or for what JavaScript passes; 0 when memory is exhausted. */
export function reserve(size: u32): usize {
  return alloc(<usize>size);
}

/**
 * Takes the image at `base` into use after following every number in it: afterwards no read leaves the image.
 * The caller has compared the counts with the image's length, placed all of it at `base`, and the table at `table`.
 */
export function policyLoad(base: usize, table: usize): i32 {
  rules = base + <usize>load<u32>(table, POLICY_TABLE_RULES_AT);
  ranges = base + <usize>load<u32>(table, POLICY_TABLE_RANGES_AT);
  portLists = base + <usize>load<u32>(table, POLICY_TABLE_PORT_LISTS_AT);
  windows = base + <usize>load<u32>(table, POLICY_TABLE_WINDOWS_AT);
  timeLists = base + <usize>load<u32>(table, POLICY_TABLE_TIME_LISTS_AT);
  apps = base + <usize>load<u32>(table, POLICY_TABLE_APPS_AT);
  spans = base + <usize>load<u32>(table, POLICY_TABLE_SPANS_AT);
  spanLists = base + <usize>load<u32>(table, POLICY_TABLE_SPAN_LISTS_AT);
  sets = base + <usize>load<u32>(table, POLICY_TABLE_SETS_AT);
  payload = base + <usize>load<u32>(table, POLICY_TABLE_PAYLOAD_AT);
  ruleCount = load<u32>(table, POLICY_TABLE_RULES);
  everyAppRules = load<u32>(table, POLICY_TABLE_EVERY_APP_RULES);
  words = <usize>((ruleCount + 127) >> 7);
  appCount = load<u32>(table, POLICY_TABLE_APPS);
  firstMixed = load<u32>(table, POLICY_TABLE_FIRST_MIXED);
  firstDestination = load<u32>(table, POLICY_TABLE_FIRST_DESTINATION);
  destinationCount = load<u32>(table, POLICY_TABLE_DESTINATIONS);
  destinationLists = load<u32>(table, POLICY_TABLE_DESTINATION_LISTS);
  const portListCount = load<u32>(table, POLICY_TABLE_PORT_LISTS);
  const timeListCount = load<u32>(table, POLICY_TABLE_TIME_LISTS);
  const units = load<u32>(table, POLICY_TABLE_UNITS);

  spare = alloc(max<usize>(words, 1) << 4);
  if (spare == 0) return NO_MEMORY;
  if (everyAppRules > ruleCount || !checkRules(portListCount, timeListCount)) return BAD_IMAGE;
  if (!checkLists(portLists, portListCount, load<u32>(table, POLICY_TABLE_RANGES))) return BAD_IMAGE;
  if (!checkLists(timeLists, timeListCount, load<u32>(table, POLICY_TABLE_WINDOWS))) return BAD_IMAGE;
  if (!checkApps(load<u32>(table, POLICY_TABLE_SPANS), load<u32>(table, POLICY_TABLE_SPAN_LISTS))) return BAD_IMAGE;
  for (let i: u32 = 0; i < firstDestination; i++) {
    if (!checkSet(i, units, ruleCount, true)) return BAD_IMAGE;
  }
  for (let i: u32 = 0; i < destinationCount; i++) {
    if (!checkSet(firstDestination + i, units, destinationLists, false)) return BAD_IMAGE;
  }
  return OK;
}

/** The second half of a rule: its place in order, its list of destinations, its list of ports. */
export function orderOf(more: u64): u32 {
  return <u32>more & ((1 << POLICY_MORE_DESTINATIONS) - 1);
}

export function destinationsOf(more: u64): u32 {
  return <u32>(more >> POLICY_MORE_DESTINATIONS) & ((1 << (POLICY_MORE_PORTS - POLICY_MORE_DESTINATIONS)) - 1);
}

export function portsOf(more: u64): u32 {
  return <u32>(more >> POLICY_MORE_PORTS);
}

function checkRules(portListCount: u32, timeListCount: u32): bool {
  memory.fill(spare, 0, words << 4);
  for (let i: u32 = 0; i < ruleCount; i++) {
    const rule = rules + ((<usize>i) << 4);
    const more = load<u64>(rule, POLICY_RULE_MORE);
    // Lists are numbered from 1; 0 is "none needed".
    if (<u32>load<u16>(rule, POLICY_RULE_TIMES) > timeListCount) return false;
    if (destinationsOf(more) > destinationLists || portsOf(more) > portListCount) return false;
    // Every place in order once, or two rules would answer as one.
    const order = orderOf(more);
    if (order >= ruleCount) return false;
    const byte = spare + <usize>(order >> 3);
    const bit = (<u8>1) << (<u8>(order & 7));
    const taken = load<u8>(byte);
    if ((taken & bit) != 0) return false;
    store<u8>(byte, taken | bit);
  }
  return true;
}

function checkApps(spanCount: u32, spanListCount: u32): bool {
  for (let i: u32 = 0; i < appCount; i++) {
    const app = apps + ((<usize>i) << 4);
    if (!isSpan(app + POLICY_APP_FROM)) return false;
    if (load<u32>(app, POLICY_APP_SPANS) > spanListCount) return false;
    if (load<u32>(app, POLICY_APP_MIXED) > firstDestination - firstMixed) return false;
  }
  for (let i: u32 = 0; i < spanCount; i++) {
    if (!isSpan(spans + ((<usize>i) << 3))) return false;
  }
  return checkLists(spanLists, spanListCount, spanCount);
}

/** Whether {from u32, to u32} are rules. */
function isSpan(at: usize): bool {
  const to = load<u32>(at, POLICY_APP_TO - POLICY_APP_FROM);
  return load<u32>(at) <= to && to <= ruleCount;
}

/** Whether each {first u32, count u32} lies within `total` entries. */
function checkLists(lists: usize, count: u32, total: u32): bool {
  for (let i: u32 = 0; i < count; i++) {
    const list = lists + ((<usize>i) << 3);
    const first = load<u32>(list);
    if (first > total || load<u32>(list, 4) > total - first) return false;
  }
  return true;
}

function checkSet(set: u32, units: u32, bound: u32, mayBeDense: bool): bool {
  const entry = sets + ((<usize>set) << 3);
  const offset = load<u32>(entry);
  const count = load<u32>(entry, 4);
  if (offset > units) return false;
  const room = (<u64>(units - offset)) << 4;
  const at = payload + ((<usize>offset) << 4);
  if (count == DENSE) {
    if (!mayBeDense || (<u64>words) << 4 > room) return false;
    // A bit past the last rule would be a rule number that does not exist.
    const used = ruleCount & 127;
    if (used == 0) return true;
    const last = at + ((words - 1) << 4);
    const low = load<u64>(last);
    const high = load<u64>(last, 8);
    if (used < 64) return high == 0 && low >> <u64>used == 0;
    return used == 64 ? high == 0 : high >> <u64>(used - 64) == 0;
  }
  if ((<u64>count) << 2 > room) return false;
  let previous: i64 = -1;
  for (let i: u32 = 0; i < count; i++) {
    const member = load<u32>(at + ((<usize>i) << 2));
    // Ascending, because the first match decides.
    if (member >= bound || <i64>member <= previous) return false;
    previous = <i64>member;
  }
  return true;
}

/** A bit per axis on which every rule is without a condition, so that opening a session may leave it out. */
export function policyFreeAxes(): u32 {
  let free: u32 = 0;
  for (let axis: u32 = 0; axis < POLICY_AXES; axis++) {
    const entry = sets + ((<usize>axis) << 3);
    let count = <u64>load<u32>(entry, 4);
    if (count == <u64>DENSE) {
      count = 0;
      const at = payload + ((<usize>load<u32>(entry)) << 4);
      for (let o: usize = 0; o < words << 4; o += 8) count += popcnt<u64>(load<u64>(at + o));
    }
    if (count == <u64>ruleCount) free |= 1 << axis;
  }
  return free;
}
