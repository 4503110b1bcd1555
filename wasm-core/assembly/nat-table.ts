import { alloc } from './arena';
import {
  NAT_COUNTER_BYTES,
  NAT_COUNTER_FLOWS,
  NAT_LIMIT_BATCH,
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
 *     index: u32 slots, 4 a flow, so at most half are used; 0 is empty
 *
 *      31       22 21               1   0
 *     +-----------+------------------+---+
 *     | tag       | entry + 1        |dir|      tag: the topmost bits of the hash, to skip most strangers
 *     +-----------+------------------+---+
 *
 * Open addressing with linear probing: 16 slots share a cache line, so a search rarely leaves it. A removal moves the
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
let entries: usize = 0;
let slots: usize = 0;
let mask: u32 = 0;
let seed: u64 = 0;
let freeHead: u32 = NOWHERE;
let endedHead: u32 = NOWHERE;
let endedTail: u32 = NOWHERE;
/** Of a batch: 32 bytes for each packet, or a hash of 8 for each key. */
export let hashes: usize = 0;

/** False when the memory's maximum is reached. Sizes never change afterwards. */
export function createTable(family6: bool, flows: u32, seedLow: u32, seedHigh: u32): bool {
  wide = family6;
  keyBytes = family6 ? 36 : 12;
  entryBytes = (keyBytes << 1) + NAT_TAIL_BYTES;
  capacity = flows;
  seed = ((<u64>seedHigh) << 32) | <u64>seedLow;
  let count: u32 = 16;
  while (count < flows << 2) count <<= 1;
  mask = count - 1;
  counters = alloc(NAT_COUNTER_BYTES);
  hashes = alloc((<usize>NAT_LIMIT_BATCH) << 5);
  // Entries begin on a cache line.
  entries = (alloc(<usize>flows * entryBytes + 64) + 63) & ~63;
  slots = (alloc(((<usize>count) << 2) + 64) + 63) & ~63;
  return counters != 0 && hashes != 0 && entries > 63 && slots > 63;
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

/** `addresses`: source and destination, one after the other. */
export function hashKey(addresses: usize, ports: u32, protocol: u32): u64 {
  let hash = mix(load<u64>(addresses) ^ seed);
  if (wide) {
    hash = mix(hash ^ load<u64>(addresses, 8));
    hash = mix(hash ^ load<u64>(addresses, 16));
    hash = mix(hash ^ load<u64>(addresses, 24));
  }
  return mix(hash ^ (<u64>ports | ((<u64>protocol) << 32)));
}

/** The index slot that a search for this hash begins at; reading it brings its cache line. */
export function homeSlot(hash: u64): u32 {
  return load<u32>(slots + ((<usize>(<u32>hash & mask)) << 2));
}

/** The entry that a slot's content names; the slot must not be empty. */
export function slotEntry(slot: u32): usize {
  return entryAt(((slot & ID_MASK) >> 1) - 1);
}

function keyEquals(key: usize, addresses: usize, ports: u32): bool {
  if (!wide) return load<u64>(key) == load<u64>(addresses) && load<u32>(key, 8) == ports;
  return (
    load<u64>(key, 8) == load<u64>(addresses, 8) &&
    load<u64>(key, 24) == load<u64>(addresses, 24) &&
    load<u64>(key) == load<u64>(addresses) &&
    load<u64>(key, 16) == load<u64>(addresses, 16) &&
    load<u32>(key, 32) == ports
  );
}

/** `flow << 1 | direction` (0 outward, 1 inward), or NOWHERE. Ended by time or not is the caller's question. */
export function find(hash: u64, addresses: usize, ports: u32, protocol: u32): u32 {
  const tag = <u32>(hash >> TAG_SHIFT);
  let at = <u32>hash & mask;
  while (true) {
    const slot = load<u32>(slots + ((<usize>at) << 2));
    if (slot == 0) return NOWHERE;
    if (slot >> TAG_MOVE == tag) {
      const entry = slotEntry(slot);
      const key = entry + (slot & 1 ? keyBytes : 0);
      if (keyEquals(key, addresses, ports) && <u32>load<u8>(tailOf(entry), NAT_TAIL_PROTOCOL) == protocol)
        return (slot & ID_MASK) - 2;
    }
    at = (at + 1) & mask;
  }
}

export function findKey(addresses: usize, ports: u32, protocol: u32): u32 {
  return find(hashKey(addresses, ports, protocol), addresses, ports, protocol);
}

function slotHash(slot: u32): u64 {
  const entry = slotEntry(slot);
  const key = entry + (slot & 1 ? keyBytes : 0);
  return hashKey(key, load<u32>(key + keyBytes - 4), <u32>load<u8>(tailOf(entry), NAT_TAIL_PROTOCOL));
}

function insert(reference: u32): void {
  const id = reference + 2;
  const hash = slotHash(id);
  let at = <u32>hash & mask;
  while (load<u32>(slots + ((<usize>at) << 2)) != 0) at = (at + 1) & mask;
  store<u32>(slots + ((<usize>at) << 2), ((<u32>(hash >> TAG_SHIFT)) << TAG_MOVE) | id);
}

function remove(reference: u32): void {
  const id = reference + 2;
  let hole = <u32>slotHash(id) & mask;
  while ((load<u32>(slots + ((<usize>hole) << 2)) & ID_MASK) != id) hole = (hole + 1) & mask;
  let at = hole;
  while (true) {
    at = (at + 1) & mask;
    const slot = load<u32>(slots + ((<usize>at) << 2));
    if (slot == 0) break;
    const home = <u32>slotHash(slot) & mask;
    // It may move back unless its home lies after the hole.
    if (((at - home) & mask) >= ((at - hole) & mask)) {
      store<u32>(slots + ((<usize>hole) << 2), slot);
      hole = at;
    }
  }
  store<u32>(slots + ((<usize>hole) << 2), 0);
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
