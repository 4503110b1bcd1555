import {
  SCAN_CLASS_BYTES,
  SCAN_ENDING_BEHIND,
  SCAN_ENDING_BYTES,
  SCAN_ENDING_FIRST,
  SCAN_ENDING_KEY,
  SCAN_FOLD,
  SCAN_HASH_HIGH,
  SCAN_HASH_LOW,
} from '../layout.gen.ts';
import { foldedRange, sizeOf, writeClass, writeRange } from './byte-class.ts';
import { foldBits, fromEnd, restBytes, writeLiterals } from './literal-records.ts';
import type { Entry } from './literal-records.ts';
import type { ScanExports } from './scan-instance.ts';
import { reserved } from './wasm-engine.ts';

/** Bytes of an ending, and of one of literals that are too short for it. */
const LONG = 6;
const SHORT = 4;
/** Places of which only one is looked at. */
const MAX_STRIDE = 4;
const MAX_RUN = 8;
/** A byte that a literal does not reach stands for 128, all that folding leaves. */
const FOLDED_BYTES = 128;
const MAX_KEYS = 1 << 15;
/** Literals that may have the same ending, so that no text takes long. */
const MAX_SAME_ENDING = 64;
/** A class of more bytes than this says too little. */
const MAX_CLASS = 160;

const FOLD_BIT = SCAN_FOLD & 0xff;
const HASH = (BigInt(SCAN_HASH_HIGH) << 32n) | BigInt(SCAN_HASH_LOW);

/** The upper bits of the hash. */
const hashOf = (key: bigint, bits: number): number => Number(BigInt.asUintN(64, key * HASH) >> BigInt(64 - bits));

/** Folded bytes as the module reads them, the first the lowest. */
function keyOf(bytes: Uint8Array): bigint {
  return bytes.reduceRight((key, byte) => (key << 8n) | BigInt(byte | FOLD_BIT), 0n);
}

/** How many bytes of a literal are looked at when one place is for each `stride`. */
const windowOf = (bytes: Uint8Array, stride: number): number => (bytes.length >= LONG + stride - 1 ? LONG : SHORT);

const endingOf = (bytes: Uint8Array, stride: number): bigint => keyOf(bytes.subarray(-windowOf(bytes, stride)));

/** What is found by endings: literals of four bytes and more, if not too many end alike. */
export function haveEndings(literals: readonly Uint8Array[]): boolean {
  if (literals.some((bytes) => bytes.length < SHORT)) return false;
  const { stride } = chooseStride(literals);
  const counts = new Map<bigint, number>();
  for (const bytes of literals) {
    const ending = endingOf(bytes, stride);
    counts.set(ending, (counts.get(ending) ?? 0) + 1);
  }
  return Math.max(...counts.values()) <= MAX_SAME_ENDING;
}

/** Everything the text may have as the window that ends `behind` bytes before a literal's end; null where it is too much. */
function keysOf(bytes: Uint8Array, window: number, behind: number): bigint[] | null {
  const from = bytes.length - window - behind;
  if (from >= 0) return [keyOf(bytes.subarray(from, from + window))];
  if (from < -1) return null;
  const known = keyOf(bytes.subarray(0, window - 1)) << 8n;
  // All that have the bit of the fold: five bits below it, two above.
  return Array.from({ length: FOLDED_BYTES }, (_, i) => known | BigInt((i & 31) | FOLD_BIT | ((i & 96) << 1)));
}

function allKeys(literals: readonly Uint8Array[], stride: number): Set<bigint> | null {
  const found = new Set<bigint>();
  for (const bytes of literals) {
    for (let behind = 0; behind < stride; behind++) {
      const keys = keysOf(bytes, windowOf(bytes, stride), behind);
      if (keys === null) return null;
      for (const key of keys) found.add(key);
    }
    if (found.size > MAX_KEYS) return null;
  }
  return found;
}

/** The longest stride that keeps the filter sparse. */
function chooseStride(literals: readonly Uint8Array[]): { readonly stride: number; readonly keys: Set<bigint> } {
  for (let stride = MAX_STRIDE; stride > 1; stride--) {
    const keys = allKeys(literals, stride);
    if (keys !== null) return { stride, keys };
  }
  return { stride: 1, keys: new Set(literals.map((bytes) => endingOf(bytes, 1))) };
}

/** Which bytes literals have among their last `run`. */
function endingClass(entries: readonly Entry[], run: number, ignoreCase: boolean): Uint8Array {
  const members = new Uint8Array(256);
  const foldOf = foldBits(ignoreCase);
  for (const { bytes } of entries) {
    for (let back = 0; back < run; back++) {
      const byte = fromEnd(bytes, back) ?? 0;
      members[byte] = 1;
      members[byte & ~foldOf(byte)] = 1;
    }
  }
  return members;
}

const bitsFor = (count: number): number => Math.ceil(Math.log2(Math.max(1, count)));

/** Writes the tables that `assembly/scan/endings.ts` draws. Throws `CW_CORE_MEMORY`. */
export function loadEndings(core: ScanExports, literals: readonly Uint8Array[], ignoreCase: boolean): void {
  const { stride, keys } = chooseStride(literals);
  const entries = literals
    .map((bytes, index) => ({ bytes, index, key: endingOf(bytes, stride) }))
    .toSorted((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : a.index - b.index));
  const short = literals.some((bytes) => windowOf(bytes, stride) === SHORT);
  const filterBits = Math.min(20, Math.max(13, bitsFor(keys.size) + 6));
  const slotBits = bitsFor(entries.length) + 2;
  const shortest = Math.min(MAX_RUN, ...literals.map((bytes) => bytes.length));
  const members = endingClass(entries, shortest, ignoreCase);
  const size = members.reduce((sum, one) => sum + one, 0);
  const range = foldedRange(members);
  const ranged = sizeOf(range) <= 2 * size;
  const run = size > MAX_CLASS ? 0 : shortest;
  const at = reserved(
    core.endingsReserve(
      entries.length,
      restBytes(entries),
      filterBits,
      slotBits,
      stride,
      short ? 1 : 0,
      run,
      ranged ? 1 : 0,
    ),
  );
  const { buffer } = core.memory;
  if (ranged) writeRange(buffer, at, range);
  else writeClass(buffer, at, members);
  const filter = new Uint8Array(buffer, at + SCAN_CLASS_BYTES, (1 << filterBits) / 8);
  for (const key of keys) {
    const hash = hashOf(key, filterBits);
    filter[hash >> 3] = (filter[hash >> 3] ?? 0) | (1 << (hash & 7));
  }
  const endings = at + SCAN_CLASS_BYTES + filter.length;
  writeEndings(new DataView(buffer, endings, SCAN_ENDING_BYTES << slotBits), slotBits, entries);
  writeLiterals(buffer, endings + (SCAN_ENDING_BYTES << slotBits), entries, foldBits(ignoreCase));
}

/** @param entries in the order of their keys */
function writeEndings(view: DataView, slotBits: number, entries: readonly { readonly key: bigint }[]): void {
  const slots = 1 << slotBits;
  for (let first = 0, behind = 0; first < entries.length; first = behind) {
    const key = entries[first]?.key ?? 0n;
    while (behind < entries.length && entries[behind]?.key === key) behind++;
    let slot = hashOf(key, slotBits);
    while (view.getUint32(slot * SCAN_ENDING_BYTES + SCAN_ENDING_BEHIND, true) !== 0) slot = (slot + 1) % slots;
    view.setBigUint64(slot * SCAN_ENDING_BYTES + SCAN_ENDING_KEY, key, true);
    view.setUint32(slot * SCAN_ENDING_BYTES + SCAN_ENDING_FIRST, first, true);
    view.setUint32(slot * SCAN_ENDING_BYTES + SCAN_ENDING_BEHIND, behind, true);
  }
}
