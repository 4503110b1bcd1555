import {
  NAT_COUNTER_FLOWS,
  NAT_TAIL_BYTES,
  NAT_TAIL_EXPIRES,
  NAT_TAIL_ADDRESS_DELTA,
  NAT_TAIL_LIFE,
  NAT_TAIL_PROTOCOL,
} from './layout.gen';

/**
 * The entries of the flow table and the index over them. A flow has two keys, one for each direction as its packets
 * arrive; both stand in the one index.
 *
 *     entry: | outward key | inward key | tail |      64 bytes for IPv4 (a cache line), 112 for IPv6
 *     key:   | source | destination | source port u16 | destination port u16 |      all in network order
 *     index: u32 slots, 4 a flow or more, in groups of 4; 0 is empty
 *
 *      31       22 21               1   0
 *     +-----------+------------------+---+
 *     | tag       | entry + 1        |dir|      tag: the topmost bits of the hash, to skip most strangers
 *     +-----------+------------------+---+
 *
 * A key stands in the group that its hash names, or, where that was full, in the next: four tags are compared at once,
 * a group never crosses a cache line, and 19 of 20 keys stand in their own group at 1M flows. A removal moves the
 * followers back instead of leaving a tombstone; their homes are computed again from their keys, which is what lets a
 * slot be 4 bytes. The hash is seeded by the caller, so that nobody outside can choose colliding ports.
 *
 * Free and ended entries are chained through the place of the checksum deltas, which they no longer need.
 */
const ID_MASK: u32 = 0x003fffff;
const TAG_SHIFT: u64 = 54;
const TAG_MOVE: u32 = 22;
const MULTIPLIER: u64 = 0x9e3779b97f4a7c15;

export const NOWHERE: u32 = 0xffffffff;
export const LIFE_FREE: u8 = 0;
export const LIFE_LIVE: u8 = 1;
/** Out of the index because its key was wanted again, but not yet reported by a sweep. */
export const LIFE_ENDED: u8 = 2;

export let wide: bool = false;
export let keyBytes: usize = 12;
export let entryBytes: usize = 64;
export let capacity: u32 = 0;
/** Entries that were ever used are 0 to fresh - 1. */
export let fresh: u32 = 0;
export let counters: usize = 0;
export let entries: usize = 0;
let slots: usize = 0;
/** Groups of the index less one. */
let mask: u32 = 0;
let seed: u64 = 0;
let freeHead: u32 = NOWHERE;
let endedHead: u32 = NOWHERE;
let endedTail: u32 = NOWHERE;

/** Sets the sizes, which never change afterwards. */
export function sizeTable(family6: bool, flows: u32, seedLow: u32, seedHigh: u32): void {
  wide = family6;
  keyBytes = family6 ? 36 : 12;
  entryBytes = (keyBytes << 1) + NAT_TAIL_BYTES;
  capacity = flows;
  seed = ((<u64>seedHigh) << 32) | <u64>seedLow;
  let groups: u32 = 4;
  while (groups < flows) groups <<= 1;
  mask = groups - 1;
}

export function entriesBytes(): usize {
  return <usize>capacity * entryBytes;
}

export function indexBytes(): usize {
  return (<usize>(mask + 1)) << 4;
}

/** Both on cache lines and cleared. */
export function placeTable(entriesAt: usize, indexAt: usize, countersAt: usize): void {
  entries = entriesAt;
  slots = indexAt;
  counters = countersAt;
}

export function entryAt(flow: u32): usize {
  return entries + <usize>flow * entryBytes;
}

export function tailOf(entry: usize): usize {
  return entry + (keyBytes << 1);
}

export function isLive(tail: usize, now: u32): bool {
  return now < load<u32>(tail, NAT_TAIL_EXPIRES);
}

function mix(value: u64): u64 {
  const spread = (value ^ (value >> 32)) * MULTIPLIER;
  return spread ^ (spread >> 32);
}

/**
 * `addresses`: source and destination, one after the other. `Address`: u32 in a table of IPv4, v128 in one of IPv6, so
 * that the work of a batch is compiled for each.
 */
export function hashOf<Address>(addresses: usize, ports: u32, protocol: u32): u64 {
  let hash = mix(load<u64>(addresses) ^ seed);
  if (sizeof<Address>() == 16) {
    hash = mix(hash ^ load<u64>(addresses, 8));
    hash = mix(hash ^ load<u64>(addresses, 16));
    hash = mix(hash ^ load<u64>(addresses, 24));
  }
  return mix(hash ^ (<u64>ports | ((<u64>protocol) << 32)));
}

function hashKey(addresses: usize, ports: u32, protocol: u32): u64 {
  return wide ? hashOf<v128>(addresses, ports, protocol) : hashOf<u32>(addresses, ports, protocol);
}

function groupAt(group: u32): usize {
  return slots + ((<usize>group) << 4);
}

/** Something of the group that a search for this hash begins at; reading it brings its cache line. */
export function readHome(hash: u64): u32 {
  return load<u32>(groupAt(<u32>hash & mask));
}

/** A bit for each slot of the group that has this tag; an empty one has none. */
function taggedSlots(four: v128, tag: u32): i32 {
  const tags = i32x4.shr_u(four, TAG_MOVE);
  const equal = i32x4.eq(tags, i32x4.splat(tag));
  return i32x4.bitmask(v128.andnot(equal, i32x4.eq(four, i32x4.splat(0))));
}

/** The content of the first slot of the home group with the tag of the hash, 0 where none is: most likely the flow. */
export function likelySlot(hash: u64): u32 {
  const group = groupAt(<u32>hash & mask);
  const hits = taggedSlots(v128.load(group), <u32>(hash >> TAG_SHIFT));
  // There is always a slot to read, so that this needs no branch.
  return hits == 0 ? 0 : load<u32>(group + ((<usize>(ctz<u32>(hits) & 3)) << 2));
}

/** `flow << 1 | direction` of a slot's content, which must not be empty. */
export function slotReference(slot: u32): u32 {
  return (slot & ID_MASK) - 2;
}

export function keyIs<Address>(key: usize, addresses: usize, ports: u32): bool {
  if (sizeof<Address>() == 4) return load<u64>(key) == load<u64>(addresses) && load<u32>(key, 8) == ports;
  const source = v128.xor(v128.load(key), v128.load(addresses));
  const destination = v128.xor(v128.load(key, 16), v128.load(addresses, 16));
  return !v128.any_true(v128.or(source, destination)) && load<u32>(key, 32) == ports;
}

/** `flow << 1 | direction` (0 outward, 1 inward), or NOWHERE. Ended by time or not is the caller's question. */
export function find<Address>(hash: u64, addresses: usize, ports: u32, protocol: u32): u32 {
  const tag = <u32>(hash >> TAG_SHIFT);
  let group = <u32>hash & mask;
  while (true) {
    const four = v128.load(groupAt(group));
    for (let hits = taggedSlots(four, tag); hits != 0; hits &= hits - 1) {
      const reference = slotReference(load<u32>(groupAt(group) + ((<usize>ctz<u32>(hits)) << 2)));
      const entry = entryAt(reference >> 1);
      const key = entry + (reference & 1 ? keyBytes : 0);
      if (keyIs<Address>(key, addresses, ports) && <u32>load<u8>(tailOf(entry), NAT_TAIL_PROTOCOL) == protocol)
        return reference;
    }
    if (!i32x4.all_true(four)) return NOWHERE;
    group = (group + 1) & mask;
  }
}

export function findKey(addresses: usize, ports: u32, protocol: u32): u32 {
  const hash = hashKey(addresses, ports, protocol);
  return wide ? find<v128>(hash, addresses, ports, protocol) : find<u32>(hash, addresses, ports, protocol);
}

function referenceHash(reference: u32): u64 {
  const entry = entryAt(reference >> 1);
  const key = entry + (reference & 1 ? keyBytes : 0);
  return hashKey(key, load<u32>(key + keyBytes - 4), <u32>load<u8>(tailOf(entry), NAT_TAIL_PROTOCOL));
}

/** The first slot of the group that holds `id`, 0 being the empty one; 0 where none does. */
function slotOf(group: u32, id: u32): usize {
  const at = groupAt(group);
  for (let i: usize = 0; i < 16; i += 4) if ((load<u32>(at + i) & ID_MASK) == id) return at + i;
  return 0;
}

function insert(reference: u32): void {
  const hash = referenceHash(reference);
  let group = <u32>hash & mask;
  let at = slotOf(group, 0);
  while (at == 0) at = slotOf((group = (group + 1) & mask), 0);
  store<u32>(at, ((<u32>(hash >> TAG_SHIFT)) << TAG_MOVE) | (reference + 2));
}

/** Every group between a key's home and where it stands is full, before and after. */
function remove(reference: u32): void {
  const id = reference + 2;
  let group = <u32>referenceHash(reference) & mask;
  let hole = slotOf(group, id);
  while (hole == 0) hole = slotOf((group = (group + 1) & mask), id);
  let full = i32x4.all_true(v128.load(groupAt(group)));
  store<u32>(hole, 0);
  let from = group;
  while (full) {
    from = (from + 1) & mask;
    full = i32x4.all_true(v128.load(groupAt(from)));
    for (let i: usize = 0; i < 16; i += 4) {
      const at = groupAt(from) + i;
      const slot = load<u32>(at);
      if (slot == 0) continue;
      const home = <u32>referenceHash(slotReference(slot)) & mask;
      // It may move back unless its home lies after the hole.
      if (((from - home) & mask) < ((from - group) & mask)) continue;
      store<u32>(hole, slot);
      store<u32>(at, 0);
      hole = at;
      group = from;
      break;
    }
  }
}

export function hasRoom(): bool {
  return freeHead != NOWHERE || fresh < capacity;
}

/** An entry for the caller to fill and then to `link`; there must be room. */
export function take(): u32 {
  if (freeHead == NOWHERE) return fresh++;
  const flow = freeHead;
  freeHead = load<u32>(tailOf(entryAt(flow)), NAT_TAIL_ADDRESS_DELTA);
  return flow;
}

export function link(flow: u32): void {
  store<u8>(tailOf(entryAt(flow)), LIFE_LIVE, NAT_TAIL_LIFE);
  insert(flow << 1);
  insert((flow << 1) | 1);
  store<u64>(counters, load<u64>(counters, NAT_COUNTER_FLOWS) + 1, NAT_COUNTER_FLOWS);
}

export function unlink(flow: u32): void {
  remove(flow << 1);
  remove((flow << 1) | 1);
  store<u64>(counters, load<u64>(counters, NAT_COUNTER_FLOWS) - 1, NAT_COUNTER_FLOWS);
}

/** Only the chain and the life change: the rest can be read until the entry is taken again. */
export function release(flow: u32): void {
  const tail = tailOf(entryAt(flow));
  store<u8>(tail, LIFE_FREE, NAT_TAIL_LIFE);
  store<u32>(tail, freeHead, NAT_TAIL_ADDRESS_DELTA);
  freeHead = flow;
}

/** Takes an expired flow out of the index, for the next sweep to report. */
export function retire(flow: u32): void {
  unlink(flow);
  const tail = tailOf(entryAt(flow));
  store<u8>(tail, LIFE_ENDED, NAT_TAIL_LIFE);
  store<u32>(tail, NOWHERE, NAT_TAIL_ADDRESS_DELTA);
  if (endedHead == NOWHERE) endedHead = flow;
  else store<u32>(tailOf(entryAt(endedTail)), flow, NAT_TAIL_ADDRESS_DELTA);
  endedTail = flow;
}

/** The retired flow that has waited longest, or NOWHERE. */
export function nextRetired(): u32 {
  const flow = endedHead;
  if (flow != NOWHERE) endedHead = load<u32>(tailOf(entryAt(flow)), NAT_TAIL_ADDRESS_DELTA);
  return flow;
}
