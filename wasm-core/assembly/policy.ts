import { alloc } from './arena';

/**
 * The policy as the compiled image describes it (`src/policy/image-layout.ts` draws it), read in place. A *set* holds
 * rule numbers, ascending: 8 bytes {offset in the payload in 16-byte units, count}, and the payload is either `count`
 * u32 numbers or, where count is DENSE, a bitset of `words` 128-bit words, bit i of it being rule i.
 *
 *     sets: | any user | any group | browser | agent | every app | users … | groups … | apps … |
 *
 * A session is the bitset of the rules that the principal satisfies:
 *     (any user ∪ user) ∩ (any group ∪ groups …) ∩ method
 * so that a decision only looks at the app's own rules and those for every app, and then at ports. After the bitset
 * stands its summary, one bit per 128-bit word that is not empty: most people satisfy few of many rules, and a decision
 * skips the rest 64 words at a time.
 *
 *     slot: | bitset, words × 16 | summary, u64 per 64 words, padded to 16 |
 */
const DENSE: u32 = 0xffffffff;
const ANY_USER: u32 = 0;
const ANY_GROUP: u32 = 1;
const METHODS: u32 = 2;
const EVERY_APP: u32 = 4;
const FIXED_SETS: u32 = 5;

const OK: i32 = 0;
const BAD_IMAGE: i32 = 1;
const NO_MEMORY: i32 = 2;
/** Below -1, which is "no rule matches". */
const BAD_APP: i32 = -2;

let rules: usize = 0;
let ranges: usize = 0;
let sets: usize = 0;
let payload: usize = 0;
let ruleCount: u32 = 0;
let words: usize = 0;
let firstUser: u32 = 0;
let firstGroup: u32 = 0;
let firstApp: u32 = 0;
let appCount: u32 = 0;
/** A bitset of its own for intersections; never a session's, never the batch's. */
let spare: usize = 0;
let freeSlots: usize = 0;

/** A block for the image or for what JavaScript passes; 0 when memory is exhausted. */
export function reserve(size: u32): usize {
  return alloc(<usize>size);
}

/**
 * Takes the image at `base` into use after following every number in it: afterwards no read leaves the image.
 * The caller has compared the counts with the image's length, and placed all of it at `base`.
 */
export function policyLoad(
  base: usize,
  rulesAt: u32,
  rangesAt: u32,
  setsAt: u32,
  payloadAt: u32,
  rulesN: u32,
  rangesN: u32,
  usersN: u32,
  groupsN: u32,
  appsN: u32,
  units: u32,
): i32 {
  rules = base + <usize>rulesAt;
  ranges = base + <usize>rangesAt;
  sets = base + <usize>setsAt;
  payload = base + <usize>payloadAt;
  ruleCount = rulesN;
  words = <usize>((rulesN + 127) >> 7);
  firstUser = FIXED_SETS;
  firstGroup = firstUser + usersN;
  firstApp = firstGroup + groupsN;
  appCount = appsN;

  for (let i: u32 = 0; i < rulesN; i++) {
    const rule = rules + ((<usize>i) << 3);
    const first = load<u32>(rule);
    if (first > rangesN || load<u32>(rule, 4) > rangesN - first) return BAD_IMAGE;
  }
  for (let i: u32 = 0; i < firstApp + appsN; i++) {
    if (!checkSet(i, units)) return BAD_IMAGE;
  }
  spare = alloc(slotBytes());
  return spare == 0 ? NO_MEMORY : OK;
}

function checkSet(set: u32, units: u32): bool {
  const entry = sets + ((<usize>set) << 3);
  const offset = load<u32>(entry);
  const count = load<u32>(entry, 4);
  if (offset > units) return false;
  const room = (<u64>(units - offset)) << 4;
  const at = payload + ((<usize>offset) << 4);
  if (count == DENSE) {
    if ((<u64>words) << 4 > room) return false;
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
    const rule = load<u32>(at + ((<usize>i) << 2));
    // Ascending, because the first match decides.
    if (rule >= ruleCount || <i64>rule <= previous) return false;
    previous = <i64>rule;
  }
  return true;
}

function slotBytes(): usize {
  return max<usize>(words + summaryUnits(), 1) << 4;
}

function summaryUnits(): usize {
  return (words + 127) >> 7;
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
  for (let i: u32 = 0; i < count; i++) {
    const rule = load<u32>(at + ((<usize>i) << 2));
    const byte = bits + <usize>(rule >> 3);
    store<u8>(byte, load<u8>(byte) | ((<u8>1) << (<u8>(rule & 7))));
  }
}

function intersectSpare(bits: usize): void {
  const bytes = words << 4;
  for (let o: usize = 0; o < bytes; o += 16) {
    v128.store(bits + o, v128.and(v128.load(bits + o), v128.load(spare + o)));
  }
}

/** @returns a session with the rules for any group, or 0 when memory is exhausted. */
export function sessionOpen(): usize {
  let slot = freeSlots;
  if (slot != 0) freeSlots = <usize>load<u32>(slot);
  else {
    slot = alloc(slotBytes());
    if (slot == 0) return 0;
  }
  memory.fill(slot, 0, slotBytes());
  addSet(slot, ANY_GROUP);
  return slot;
}

/** Adds the rules of `count` groups, u32 indexes at `indexes`. */
export function sessionGroups(slot: usize, indexes: usize, count: u32): void {
  for (let i: u32 = 0; i < count; i++) {
    const group = load<u32>(indexes + ((<usize>i) << 2));
    if (group < firstApp - firstGroup) addSet(slot, firstGroup + group);
  }
}

/** Ends the opening. `user` is an index, or -1 for a user whom no rule names; `method` 0 is browser, 1 agent. */
export function sessionSeal(slot: usize, user: i32, method: u32): void {
  memory.fill(spare, 0, slotBytes());
  addSet(spare, ANY_USER);
  if (user >= 0 && <u32>user < firstGroup - firstUser) addSet(spare, firstUser + <u32>user);
  intersectSpare(slot);
  memory.fill(spare, 0, slotBytes());
  addSet(spare, METHODS + (method & 1));
  intersectSpare(slot);
  summarise(slot);
}

function summarise(slot: usize): void {
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

/** Ranges are {from u16, to u16, protocols u32: 1 tcp, 2 udp}. */
function portsAllow(rule: u32, port: u32, protocol: u32): bool {
  const record = rules + ((<usize>rule) << 3);
  let range = ranges + ((<usize>load<u32>(record)) << 3);
  const end = range + ((<usize>load<u32>(record, 4)) << 3);
  for (; range < end; range += 8) {
    const from = <u32>load<u16>(range);
    // One unsigned comparison: a port below `from` wraps to something large.
    if (port - from <= <u32>load<u16>(range, 2) - from && (load<u32>(range, 4) & protocol) != 0) return true;
  }
  return false;
}

/** The first rule of 128, numbered from `base`, that is in both words and allows the port; DENSE where none is. */
function firstInWord(a: usize, b: usize, base: u32, port: u32, protocol: u32): u32 {
  const both = v128.and(v128.load(a), v128.load(b));
  for (let bits = i64x2.extract_lane(both, 0); bits != 0; bits &= bits - 1) {
    const rule = base + <u32>ctz<u64>(bits);
    if (portsAllow(rule, port, protocol)) return rule;
  }
  for (let bits = i64x2.extract_lane(both, 1); bits != 0; bits &= bits - 1) {
    const rule = base + 64 + <u32>ctz<u64>(bits);
    if (portsAllow(rule, port, protocol)) return rule;
  }
  return DENSE;
}

/** The first rule below `bound` that is in the set and in the session and allows the port; else `bound`. */
function firstMatch(set: u32, slot: usize, port: u32, protocol: u32, bound: u32): u32 {
  const entry = sets + ((<usize>set) << 3);
  const at = payload + ((<usize>load<u32>(entry)) << 4);
  const count = load<u32>(entry, 4);
  if (count == DENSE) {
    const summary = slot + (words << 4);
    for (let group: usize = 0; group << 6 < words; group++) {
      for (let filled = load<u64>(summary + (group << 3)); filled != 0; filled &= filled - 1) {
        const word = (group << 6) + <usize>ctz<u64>(filled);
        const rule = firstInWord(slot + (word << 4), at + (word << 4), (<u32>word) << 7, port, protocol);
        if (rule != DENSE) return min<u32>(rule, bound);
        if ((<u32>word) << 7 >= bound) return bound;
      }
    }
    return bound;
  }
  for (let p = at, end = at + ((<usize>count) << 2); p < end; p += 4) {
    const rule = load<u32>(p);
    if (rule >= bound) return bound;
    if (((load<u8>(slot + <usize>(rule >> 3)) >> <u8>(rule & 7)) & 1) != 0 && portsAllow(rule, port, protocol))
      return rule;
  }
  return bound;
}

/** The first matching rule, -1 for none. `protocol` is 1 for tcp, 2 for udp. */
export function decide(slot: usize, app: u32, port: u32, protocol: u32): i32 {
  if (app >= appCount) return BAD_APP;
  const own = firstMatch(firstApp + app, slot, port, protocol, DENSE);
  return <i32>firstMatch(EVERY_APP, slot, port, protocol, own);
}

/** Probes of 8 bytes {app u32, port u16, protocol u16} at `probes`; each is answered in place, i32 in its first half. */
export function decideBatch(slot: usize, probes: usize, count: u32): void {
  for (let i: u32 = 0; i < count; i++) {
    const probe = probes + ((<usize>i) << 3);
    store<i32>(probe, decide(slot, load<u32>(probe), <u32>load<u16>(probe, 4), <u32>load<u16>(probe, 6)));
  }
}
