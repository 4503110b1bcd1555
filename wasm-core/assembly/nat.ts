import { alloc } from './arena';
import {
  NAT_COUNTER_BYTES,
  NAT_COUNTER_CLOSED,
  NAT_COUNTER_EXPIRED,
  NAT_COUNTER_FOUND,
  NAT_COUNTER_MISSED,
  NAT_COUNTER_OPENED,
  NAT_COUNTER_REFUSED_FULL,
  NAT_COUNTER_REFUSED_PORT,
  NAT_FULL,
  NAT_LIMIT_BATCH,
  NAT_LIMIT_PACKET_BYTES,
  NAT_LIMIT_SWEEP,
  NAT_NO_PORT,
  NAT_NONE,
  NAT_STATE_OPENING,
  NAT_TAIL_ADDRESS_DELTA,
  NAT_TAIL_LIFE,
  NAT_TAIL_OPENED,
  NAT_TAIL_PORT_DELTA,
  NAT_TAIL_PROTOCOL,
  NAT_TAIL_STATE,
  NAT_TAKEN,
} from './layout.gen';
import { createStates, extend, setTimeout, STATE_TABLE_BYTES, touch } from './nat-state';
import {
  counters,
  entriesBytes,
  entryAt,
  fresh,
  find,
  findKey,
  hashOf,
  hasRoom,
  indexBytes,
  isLive,
  keyBytes,
  LIFE_LIVE,
  likelySlot,
  link,
  nextRetired,
  NOWHERE,
  placeTable,
  readHome,
  release,
  retire,
  sizeTable,
  slotReference,
  tailOf,
  take,
  unlink,
  wide,
} from './nat-table';
import { translateBatch } from './nat-translate';

/**
 * The flow table of an instance: one family, one block of memory, nothing grows after `natCreate`. Every region begins
 * on a cache line, and a line that nobody writes follows it: what runs over is seen by the tests.
 *
 *     | entries | index | counters | notes | states | pair | keys | answers | packets | descriptors | ended |
 *
 * A key in an area is a record of its own: the key as in the entry and then the protocol as a u32, 16 or 40 bytes.
 * Notes: of a batch 32 bytes for each packet, or a hash of 8 for each key.
 */
const GROUP: i32 = 32;
const LINE: usize = 64;
let recordBytes: usize = 16;
let notes: usize = 0;
let pair: usize = 0;
let keys: usize = 0;
let answers: usize = 0;
let packets: usize = 0;
let descriptors: usize = 0;
let ended: usize = 0;
let cursor: u32 = 0;
/** The next region. */
let top: usize = 0;

function region(bytes: usize): usize {
  const at = top;
  top = at + regionBytes(bytes);
  return at;
}

function regionBytes(bytes: usize): usize {
  return ((bytes + LINE - 1) & ~(LINE - 1)) + LINE;
}

/** Once per instance. 0, or 1 when the memory's maximum is reached. */
export function natCreate(family: u32, flows: u32, seedLow: u32, seedHigh: u32): i32 {
  sizeTable(family == 6, flows, seedLow, seedHigh);
  recordBytes = keyBytes + 4;
  const noteBytes = (<usize>NAT_LIMIT_BATCH) << 5;
  const pairBytes = recordBytes << 1;
  const keysBytes = <usize>NAT_LIMIT_BATCH * recordBytes;
  const answerBytes = (<usize>NAT_LIMIT_BATCH) << 2;
  const descriptorBytes = (<usize>NAT_LIMIT_BATCH) << 3;
  const endedBytes = (<usize>NAT_LIMIT_SWEEP) << 2;
  // All at once, as the arena grows by an eighth more than it is asked for, again and again.
  const block = alloc(
    LINE +
      regionBytes(entriesBytes()) +
      regionBytes(indexBytes()) +
      regionBytes(NAT_COUNTER_BYTES) +
      regionBytes(noteBytes) +
      regionBytes(STATE_TABLE_BYTES) +
      regionBytes(pairBytes) +
      regionBytes(keysBytes) +
      regionBytes(answerBytes) +
      regionBytes(<usize>NAT_LIMIT_PACKET_BYTES) +
      regionBytes(descriptorBytes) +
      regionBytes(endedBytes),
  );
  if (block == 0) return 1;
  top = (block + LINE - 1) & ~(LINE - 1);
  placeTable(region(entriesBytes()), region(indexBytes()), region(NAT_COUNTER_BYTES));
  notes = region(noteBytes);
  createStates(region(STATE_TABLE_BYTES));
  pair = region(pairBytes);
  keys = region(keysBytes);
  answers = region(answerBytes);
  packets = region(<usize>NAT_LIMIT_PACKET_BYTES);
  descriptors = region(descriptorBytes);
  ended = region(endedBytes);
  return 0;
}

export function natTimeout(which: u32, seconds: u32): void {
  setTimeout(which, seconds);
}

export function natPair(): usize {
  return pair;
}
export function natKeys(): usize {
  return keys;
}
export function natAnswers(): usize {
  return answers;
}
export function natPackets(): usize {
  return packets;
}
export function natDescriptors(): usize {
  return descriptors;
}
export function natEnded(): usize {
  return ended;
}
export function natCounters(): usize {
  return counters;
}
/** 0 for a number that no entry has. */
export function natEntry(flow: u32): usize {
  return flow < fresh ? entryAt(flow) : 0;
}

function portsOf(record: usize): u32 {
  return load<u32>(record + keyBytes - 4);
}

function protocolOf(record: usize): u32 {
  return load<u32>(record + keyBytes);
}

function count(counter: usize): void {
  store<u64>(counters + counter, load<u64>(counters + counter) + 1);
}

function findRecord(record: usize): u32 {
  return findKey(record, portsOf(record), protocolOf(record));
}

function isTaken(record: usize, now: u32): bool {
  const reference = findRecord(record);
  return reference != NOWHERE && isLive(tailOf(entryAt(reference >> 1)), now);
}

function retireExpired(record: usize): void {
  const reference = findRecord(record);
  if (reference != NOWHERE) retire(reference >> 1);
}

function sum16(from: usize, bytes: usize): u32 {
  let sum: u32 = 0;
  for (let at: usize = 0; at < bytes; at += 2) sum += <u32>load<u16>(from + at);
  return sum;
}

/** Ones' complement of what is added less what is taken away, in 16 bits (RFC 1624). */
function difference(added: u32, taken: u32): u16 {
  let sum = added + 0xffff * 32 - taken;
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return <u16>sum;
}

function same(a: usize, b: usize): bool {
  return memory.compare(a, b, recordBytes) == 0;
}

function add(outward: usize, inward: usize, now: u32): i32 {
  retireExpired(outward);
  retireExpired(inward);
  const flow = take();
  const entry = entryAt(flow);
  const tail = tailOf(entry);
  memory.copy(entry, outward, keyBytes);
  memory.copy(entry + keyBytes, inward, keyBytes);
  memory.fill(tail, 0, 40);
  store<u8>(tail, <u8>protocolOf(outward), NAT_TAIL_PROTOCOL);
  store<u8>(tail, <u8>NAT_STATE_OPENING, NAT_TAIL_STATE);
  store<u32>(tail, now, NAT_TAIL_OPENED);
  const addresses = keyBytes - 4;
  store<u16>(tail, difference(sum16(inward, addresses), sum16(outward, addresses)), NAT_TAIL_ADDRESS_DELTA);
  store<u16>(tail, difference(sum16(inward + addresses, 4), sum16(outward + addresses, 4)), NAT_TAIL_PORT_DELTA);
  extend(tail, now);
  link(flow);
  count(NAT_COUNTER_OPENED);
  return <i32>flow;
}

/** The pair area holds the outward and then the inward key, of one protocol. The flow, or TAKEN or FULL. */
export function natOpen(now: u32): i32 {
  const inward = pair + recordBytes;
  if (same(pair, inward) || isTaken(pair, now) || isTaken(inward, now)) return NAT_TAKEN;
  if (!hasRoom()) {
    count(NAT_COUNTER_REFUSED_FULL);
    return NAT_FULL;
  }
  return add(pair, inward, now);
}

/**
 * `natOpen` with the destination port of the inward key left to choose: the first that is free of `tries` ports of
 * `from` to `to`, beginning at `start`, going round. NO_PORT where none is.
 */
export function natOpenPort(now: u32, from: u32, to: u32, start: u32, tries: u32): i32 {
  const inward = pair + recordBytes;
  if (isTaken(pair, now)) return NAT_TAKEN;
  if (!hasRoom()) {
    count(NAT_COUNTER_REFUSED_FULL);
    return NAT_FULL;
  }
  let port = start;
  for (let i: u32 = 0; i < tries; i++) {
    store<u16>(inward + keyBytes - 2, bswap<u16>(<u16>port));
    if (!same(pair, inward) && !isTaken(inward, now)) return add(pair, inward, now);
    port = port == to ? from : port + 1;
  }
  count(NAT_COUNTER_REFUSED_PORT);
  return NAT_NO_PORT;
}

function lookup<Address>(n: i32, now: u32): i32 {
  let found: i32 = 0;
  let sink: u32 = 0;
  for (let first: i32 = 0; first < n; first += GROUP) {
    const end = min<i32>(first + GROUP, n);
    for (let i = first; i < end; i++) {
      const record = keys + <usize>i * recordBytes;
      const hash = hashOf<Address>(record, portsOf(record), protocolOf(record));
      store<u64>(notes + ((<usize>i) << 3), hash);
      sink ^= readHome(hash);
    }
    for (let i = first; i < end; i++) {
      const slot = likelySlot(load<u64>(notes + ((<usize>i) << 3)));
      sink ^= load<u32>(tailOf(entryAt(slot == 0 ? 0 : slotReference(slot) >> 1)));
    }
    for (let i = first; i < end; i++) {
      const record = keys + <usize>i * recordBytes;
      const hash = load<u64>(notes + ((<usize>i) << 3));
      const reference = find<Address>(hash, record, portsOf(record), protocolOf(record));
      const live = reference != NOWHERE && isLive(tailOf(entryAt(reference >> 1)), now);
      store<i32>(answers + ((<usize>i) << 2), live ? <i32>reference : NAT_NONE);
      found += <i32>live;
    }
  }
  store<u64>(counters, load<u64>(counters, NAT_COUNTER_FOUND) + <u64>found, NAT_COUNTER_FOUND);
  store<u64>(counters, load<u64>(counters, NAT_COUNTER_MISSED) + <u64>(n - found), NAT_COUNTER_MISSED);
  // Kept, so that the reads ahead are not taken for useless.
  store<u32>(notes, sink);
  return found;
}

/** `flow << 1 | direction` or NONE for each of the first `n` records of the key area, in groups as `translate`. */
export function natLookup(n: i32, now: u32): i32 {
  return wide ? lookup<v128>(n, now) : lookup<u32>(n, now);
}

function liveTail(flow: u32, now: u32): usize {
  if (flow >= fresh) return 0;
  const tail = tailOf(entryAt(flow));
  return load<u8>(tail, NAT_TAIL_LIFE) == LIFE_LIVE && isLive(tail, now) ? tail : 0;
}

/** The state afterwards, or NONE. */
export function natTouch(reference: u32, flags: u32, length: u32, now: u32): i32 {
  const tail = liveTail(reference >> 1, now);
  if (tail == 0) return NAT_NONE;
  touch(tail, reference & 1, flags, length, now);
  return <i32>load<u8>(tail, NAT_TAIL_STATE);
}

/** 1, or 0 where the flow is not open. One that has expired but was not swept is still to be reported by the sweep. */
export function natClose(flow: u32, now: u32): i32 {
  if (liveTail(flow, now) == 0) return 0;
  unlink(flow);
  release(flow);
  count(NAT_COUNTER_CLOSED);
  return 1;
}

/** Looks at up to `budget` entries; the numbers of those that ended are in the ended area. Returns how many. */
export function natSweep(now: u32, budget: u32): i32 {
  let work = budget;
  let n: usize = 0;
  while (work > 0) {
    const flow = nextRetired();
    if (flow == NOWHERE) break;
    store<u32>(ended + (n++ << 2), flow);
    release(flow);
    work--;
  }
  for (let looked: u32 = 0; work > 0 && looked < fresh; looked++) {
    if (cursor >= fresh) cursor = 0;
    const tail = tailOf(entryAt(cursor));
    if (load<u8>(tail, NAT_TAIL_LIFE) == LIFE_LIVE && !isLive(tail, now)) {
      store<u32>(ended + (n++ << 2), cursor);
      unlink(cursor);
      release(cursor);
    }
    cursor++;
    work--;
  }
  store<u64>(counters, load<u64>(counters, NAT_COUNTER_EXPIRED) + <u64>n, NAT_COUNTER_EXPIRED);
  return <i32>n;
}

/** Rewrites the first `n` described packets of the packet area. Returns how many were. */
export function natTranslate(n: i32, now: u32): i32 {
  return translateBatch(packets, descriptors, notes, answers, n, now);
}
