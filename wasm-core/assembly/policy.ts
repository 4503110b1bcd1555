import { alloc } from './arena';
import {
  POLICY_AXES,
  POLICY_EVERY_APP,
  POLICY_MINUTE_UNKNOWN,
  POLICY_PROBE_ACTIVITY,
  POLICY_PROBE_APP,
  POLICY_PROBE_BYTES,
  POLICY_PROBE_PORT,
  POLICY_PROBE_PROTOCOL,
  POLICY_RULE_DESTINATIONS,
  POLICY_RULE_PORTS,
  POLICY_RULE_TIMES,
  POLICY_TABLE_APPS,
  POLICY_TABLE_DESTINATION_LISTS,
  POLICY_TABLE_DESTINATIONS,
  POLICY_TABLE_FIRST_APP,
  POLICY_TABLE_FIRST_DESTINATION,
  POLICY_TABLE_PAYLOAD_AT,
  POLICY_TABLE_PORT_LISTS,
  POLICY_TABLE_PORT_LISTS_AT,
  POLICY_TABLE_RANGES,
  POLICY_TABLE_RANGES_AT,
  POLICY_TABLE_RULES,
  POLICY_TABLE_RULES_AT,
  POLICY_TABLE_SETS_AT,
  POLICY_TABLE_TIME_LISTS,
  POLICY_TABLE_TIME_LISTS_AT,
  POLICY_TABLE_UNITS,
  POLICY_TABLE_WINDOWS,
  POLICY_TABLE_WINDOWS_AT,
} from './layout.gen';

/**
 * The policy as the compiled image describes it (`src/policy/image-layout.ts` draws it), read in place. A *set* holds
 * rule numbers, ascending: 8 bytes {offset in the payload in 16-byte units, count}, and the payload is either `count`
 * u32 numbers or, where count is DENSE, a bitset of `words` 128-bit words, bit i of it being rule i.
 *
 *     sets: | without a condition on axis 0 … 7 | every app | keys of the axes … | apps … | destinations … |
 *
 * What is asked of a principal are the axes (user, group, …). A session is the bitset of the rules that the principal
 * satisfies: the intersection over the axes of
 *     (without a condition there) ∪ (the sets of the principal's keys there)
 * so that a decision only looks at the app's own rules and those for every app, and then at what the flow is asked:
 * ports, activity, time, destination. After the bitset stands its summary, one bit per 128-bit word that is not empty:
 * most people satisfy few of many rules, and a decision skips the rest 64 words at a time.
 *
 *     session:           | bitset, words × 16 | summary, u64 per 64 words, padded to 16 |
 *     destination class: | a bit per list of destinations, whether it holds the destination, padded to 16 |
 */
const DENSE: u32 = 0xffffffff;

const OK: i32 = 0;
const BAD_IMAGE: i32 = 1;
const NO_MEMORY: i32 = 2;
/** Below -1, which is "no rule matches". */
const BAD_APP: i32 = -2;

let rules: usize = 0;
let ranges: usize = 0;
let portLists: usize = 0;
let windows: usize = 0;
let timeLists: usize = 0;
let sets: usize = 0;
let payload: usize = 0;
let ruleCount: u32 = 0;
let words: usize = 0;
let firstApp: u32 = 0;
let appCount: u32 = 0;
let firstDestination: u32 = 0;
let destinationCount: u32 = 0;
let destinationLists: u32 = 0;
/** A bitset of its own for one axis; never a session's, never the batch's. */
let spare: usize = 0;
let freeSlots: usize = 0;

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
  sets = base + <usize>load<u32>(table, POLICY_TABLE_SETS_AT);
  payload = base + <usize>load<u32>(table, POLICY_TABLE_PAYLOAD_AT);
  ruleCount = load<u32>(table, POLICY_TABLE_RULES);
  words = <usize>((ruleCount + 127) >> 7);
  firstApp = load<u32>(table, POLICY_TABLE_FIRST_APP);
  appCount = load<u32>(table, POLICY_TABLE_APPS);
  firstDestination = load<u32>(table, POLICY_TABLE_FIRST_DESTINATION);
  destinationCount = load<u32>(table, POLICY_TABLE_DESTINATIONS);
  destinationLists = load<u32>(table, POLICY_TABLE_DESTINATION_LISTS);
  const portListCount = load<u32>(table, POLICY_TABLE_PORT_LISTS);
  const timeListCount = load<u32>(table, POLICY_TABLE_TIME_LISTS);
  const units = load<u32>(table, POLICY_TABLE_UNITS);

  for (let i: u32 = 0; i < ruleCount; i++) {
    const rule = rules + ((<usize>i) << 4);
    // Lists are numbered from 1; 0 is "none needed".
    if (<u32>load<u16>(rule, POLICY_RULE_TIMES) > timeListCount) return BAD_IMAGE;
    if (load<u32>(rule, POLICY_RULE_DESTINATIONS) > destinationLists) return BAD_IMAGE;
    if (load<u32>(rule, POLICY_RULE_PORTS) > portListCount) return BAD_IMAGE;
  }
  if (!checkLists(portLists, portListCount, load<u32>(table, POLICY_TABLE_RANGES))) return BAD_IMAGE;
  if (!checkLists(timeLists, timeListCount, load<u32>(table, POLICY_TABLE_WINDOWS))) return BAD_IMAGE;
  for (let i: u32 = 0; i < firstDestination; i++) {
    if (!checkSet(i, units, ruleCount, true)) return BAD_IMAGE;
  }
  for (let i: u32 = 0; i < destinationCount; i++) {
    if (!checkSet(firstDestination + i, units, destinationLists, false)) return BAD_IMAGE;
  }
  spare = alloc(slotBytes());
  return spare == 0 ? NO_MEMORY : OK;
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

/** Whether every rule is without a condition on the axis, so that opening a session may leave it out. */
export function policyAxisIsFree(axis: u32): bool {
  const entry = sets + ((<usize>axis) << 3);
  const count = load<u32>(entry, 4);
  if (count != DENSE) return count == ruleCount;
  const at = payload + ((<usize>load<u32>(entry)) << 4);
  let found: u64 = 0;
  for (let o: usize = 0; o < words << 4; o += 8) found += popcnt<u64>(load<u64>(at + o));
  return found == <u64>ruleCount;
}

function slotBytes(): usize {
  return max<usize>(words + summaryUnits(), 1) << 4;
}

function summaryUnits(): usize {
  return (words + 127) >> 7;
}

function setBit(bits: usize, index: u32): void {
  const byte = bits + <usize>(index >> 3);
  store<u8>(byte, load<u8>(byte) | ((<u8>1) << (<u8>(index & 7))));
}

function addSet(bits: usize, set: u32): void {
  const entry = sets + ((<usize>set) << 3);
  const at = payload + ((<usize>load<u32>(entry)) << 4);
  const count = load<u32>(entry, 4);
  if (count == DENSE) {
    const bytes = words << 4;
    for (let o: usize = 0; o < bytes; o += 16) {
      v128.store(bits + o, v128.or(v128.load(bits + o), v128.load(at + o)));
    }
    return;
  }
  for (let i: u32 = 0; i < count; i++) setBit(bits, load<u32>(at + ((<usize>i) << 2)));
}

/** @returns a session with every rule in it, or 0 when memory is exhausted. */
export function sessionOpen(): usize {
  let slot = freeSlots;
  if (slot != 0) freeSlots = <usize>load<u32>(slot);
  else {
    slot = alloc(slotBytes());
    if (slot == 0) return 0;
  }
  const whole = <usize>(ruleCount >> 3) & ~7;
  memory.fill(slot, 0xff, whole);
  memory.fill(slot + whole, 0, slotBytes() - whole);
  const rest = ruleCount & 63;
  if (rest != 0) store<u64>(slot + whole, ((<u64>1) << (<u64>rest)) - 1);
  return slot;
}

/**
 * Keeps the rules that the principal satisfies on one axis: `begin`, then any number of calls with `count` set numbers
 * (u32) at `keys`, the last with `end`. One call may be both. Numbers that are no key's are passed over.
 */
export function sessionAxis(slot: usize, axis: u32, keys: usize, count: u32, begin: bool, end: bool): void {
  if (begin) {
    memory.fill(spare, 0, words << 4);
    if (axis < POLICY_AXES) addSet(spare, axis);
  }
  for (let i: u32 = 0; i < count; i++) {
    const set = load<u32>(keys + ((<usize>i) << 2));
    if (set > POLICY_EVERY_APP && set < firstApp) addSet(spare, set);
  }
  if (!end) return;
  const bytes = words << 4;
  for (let o: usize = 0; o < bytes; o += 16) {
    v128.store(slot + o, v128.and(v128.load(slot + o), v128.load(spare + o)));
  }
}

/** Ends the opening: writes the summary. */
export function sessionSeal(slot: usize): void {
  const summary = slot + (words << 4);
  for (let word: usize = 0; word < words; word++) {
    if (!v128.any_true(v128.load(slot + (word << 4)))) continue;
    const at = summary + ((word >> 6) << 3);
    store<u64>(at, load<u64>(at) | ((<u64>1) << (<u64>word & 63)));
  }
}

/** The slot must come from `sessionOpen` and be closed once. */
export function sessionClose(slot: usize): void {
  store<u32>(slot, <u32>freeSlots);
  freeSlots = slot;
}

/** Bytes of a destination class. */
export function destinationClassBytes(): u32 {
  return max<u32>((destinationLists + 127) >> 7, 1) << 4;
}

/** Empties the class at `at`, a block of `destinationClassBytes`. */
export function destinationClassClear(at: usize): void {
  memory.fill(at, 0, <usize>destinationClassBytes());
}

/** Marks the lists that the destination key is in. */
export function destinationClassAdd(at: usize, key: u32): void {
  if (key < destinationCount) addSet(at, firstDestination + key);
}

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

/** Windows are {from u16, to u16}, half-open. */
function timeListAllows(list: u32, minute: u32): bool {
  if (minute == POLICY_MINUTE_UNKNOWN) return false;
  const entry = timeLists + ((<usize>(list - 1)) << 3);
  let window = windows + ((<usize>load<u32>(entry)) << 2);
  const end = window + ((<usize>load<u32>(entry, 4)) << 2);
  for (; window < end; window += 4) {
    if (minute >= <u32>load<u16>(window) && minute < <u32>load<u16>(window, 2)) return true;
  }
  return false;
}

/** The rule's first half is taken in one load: from u16, to u16, protocols u8, activities u8, times u16. */
function flowAllows(rule: u32, port: u32, protocol: u32, activity: u32, minute: u32, destination: usize): bool {
  const record = rules + ((<usize>rule) << 4);
  const half = load<u64>(record);
  const from = <u32>half & 0xffff;
  if ((<u32>(half >> 32) & protocol) == 0 || port - from > (<u32>half >> 16) - from) {
    const list = load<u32>(record, POLICY_RULE_PORTS);
    if (list == 0 || !portListAllows(list, port, protocol)) return false;
  }
  if ((<u32>(half >> 40) & activity) == 0) return false;
  const times = <u32>(half >> 48);
  if (times != 0 && !timeListAllows(times, minute)) return false;
  const list = load<u32>(record, POLICY_RULE_DESTINATIONS);
  if (list == 0) return true;
  if (destination == 0) return false;
  return ((load<u8>(destination + <usize>((list - 1) >> 3)) >> <u8>((list - 1) & 7)) & 1) != 0;
}

/** The first rule below `bound` that is in the set and in the session and allows the flow; else `bound`. */
function firstMatch(
  set: u32,
  slot: usize,
  port: u32,
  protocol: u32,
  activity: u32,
  minute: u32,
  destination: usize,
  bound: u32,
): u32 {
  const entry = sets + ((<usize>set) << 3);
  const at = payload + ((<usize>load<u32>(entry)) << 4);
  const count = load<u32>(entry, 4);
  if (count == DENSE) {
    const summary = slot + (words << 4);
    for (let group: usize = 0; group << 6 < words; group++) {
      for (let filled = load<u64>(summary + (group << 3)); filled != 0; filled &= filled - 1) {
        const word = (group << 6) + <usize>ctz<u64>(filled);
        if ((<u32>word) << 7 >= bound) return bound;
        const both = v128.and(v128.load(slot + (word << 4)), v128.load(at + (word << 4)));
        let bits = i64x2.extract_lane(both, 0);
        for (let base = (<u32>word) << 7, lane = 0; lane < 2; lane++, base += 64) {
          for (; bits != 0; bits &= bits - 1) {
            const rule = base + <u32>ctz<u64>(bits);
            if (rule >= bound) return bound;
            if (flowAllows(rule, port, protocol, activity, minute, destination)) return rule;
          }
          bits = i64x2.extract_lane(both, 1);
        }
      }
    }
    return bound;
  }
  for (let p = at, end = at + ((<usize>count) << 2); p < end; p += 4) {
    const rule = load<u32>(p);
    if (rule >= bound) return bound;
    if (
      ((load<u8>(slot + <usize>(rule >> 3)) >> <u8>(rule & 7)) & 1) != 0 &&
      flowAllows(rule, port, protocol, activity, minute, destination)
    )
      return rule;
  }
  return bound;
}

/**
 * The first matching rule, -1 for none. `protocol` and `activity` are one bit each, `minute` one of the week or
 * POLICY_MINUTE_UNKNOWN, `destination` a class's address or 0.
 */
export function decide(
  slot: usize,
  app: u32,
  port: u32,
  protocol: u32,
  activity: u32,
  minute: u32,
  destination: usize,
): i32 {
  if (app >= appCount) return BAD_APP;
  const own = firstMatch(firstApp + app, slot, port, protocol, activity, minute, destination, DENSE);
  return <i32>firstMatch(POLICY_EVERY_APP, slot, port, protocol, activity, minute, destination, own);
}

/** Probes as POLICY_PROBE says; each is answered in place. All are of one minute and of one destination. */
export function decideBatch(slot: usize, probes: usize, count: u32, minute: u32, destination: usize): void {
  for (let probe = probes, end = probes + <usize>count * POLICY_PROBE_BYTES; probe < end; probe += POLICY_PROBE_BYTES) {
    const rule = decide(
      slot,
      load<u32>(probe, POLICY_PROBE_APP),
      <u32>load<u16>(probe, POLICY_PROBE_PORT),
      <u32>load<u8>(probe, POLICY_PROBE_PROTOCOL),
      <u32>load<u8>(probe, POLICY_PROBE_ACTIVITY),
      minute,
      destination,
    );
    store<i32>(probe, rule);
  }
}
