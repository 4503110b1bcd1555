import { alloc } from './arena';
import { POLICY_AXES } from './layout.gen';
import {
  DENSE,
  destinationCount,
  destinationLists,
  firstDestination,
  firstMixed,
  payload,
  ruleCount,
  sets,
  spare,
  words,
} from './policy-image';

/**
 * What is asked of a principal are the axes (user, group, …). A session is the bitset of the rules that the principal
 * satisfies: the intersection over the axes of
 *     (without a condition there) ∪ (the sets of the principal's keys there)
 * so that a decision only looks at the app's own rules and those for every app, and then at what the flow is asked:
 * ports, activity, time, destination. After the bitset stands its summary, one bit per 64 bits that are not empty: most
 * people satisfy few of many rules, and a decision skips the rest 64 × 64 rules at a time.
 *
 *     session:           | bitset, words × 16 | summary, a bit per u64, padded to 16 |
 *     destination class: | a bit per list of destinations, whether it holds the destination, padded to 16 |
 */
const NOT_ASKED: u32 = 0xffffffff;

let freeSlots: usize = 0;

function slotBytes(): usize {
  return max<usize>(words + ((words + 63) >> 6), 1) << 4;
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
  for (let p = at, end = at + ((<usize>count) << 2); p < end; p += 4) {
    const member = load<u32>(p);
    const byte = bits + <usize>(member >> 3);
    store<u8>(byte, load<u8>(byte) | ((<u8>1) << (<u8>(member & 7))));
  }
}

/**
 * A session of a principal. At `keys` stands for each axis a count (u32) and as many set numbers, or NOT_ASKED alone
 * where no rule asks; numbers that are no key's are passed over. @returns 0 when memory is exhausted
 */
export function sessionOpen(keys: usize): usize {
  let slot = freeSlots;
  if (slot != 0) freeSlots = <usize>load<u32>(slot);
  else {
    slot = alloc(slotBytes());
    if (slot == 0) return 0;
  }
  const bytes = words << 4;
  const whole = <usize>(ruleCount >> 3) & ~7;
  memory.fill(slot, 0xff, whole);
  memory.fill(slot + whole, 0, slotBytes() - whole);
  const rest = ruleCount & 63;
  if (rest != 0) store<u64>(slot + whole, ((<u64>1) << (<u64>rest)) - 1);
  for (let axis: u32 = 0; axis < POLICY_AXES; axis++) {
    const count = load<u32>(keys);
    keys += 4;
    if (count == NOT_ASKED) continue;
    memory.fill(spare, 0, bytes);
    addSet(spare, axis);
    for (const end = keys + ((<usize>count) << 2); keys < end; keys += 4) {
      const set = load<u32>(keys);
      if (set >= POLICY_AXES && set < firstMixed) addSet(spare, set);
    }
    for (let o: usize = 0; o < bytes; o += 16) {
      v128.store(slot + o, v128.and(v128.load(slot + o), v128.load(spare + o)));
    }
  }
  const summary = slot + bytes;
  for (let word: usize = 0; word < words << 1; word++) {
    if (load<u64>(slot + (word << 3)) == 0) continue;
    const at = summary + ((word >> 6) << 3);
    store<u64>(at, load<u64>(at) | ((<u64>1) << (<u64>word & 63)));
  }
  return slot;
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
