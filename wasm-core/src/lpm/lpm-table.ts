import { instantiateCore } from '../core-instance.ts';
import type { CoreExports } from '../core-instance.ts';
import { CoreError } from '../errors.ts';
import { MAPPED, parseIPv4, parseIPv6 } from './address.ts';
import { readPrefix } from './prefix.ts';
import type { LpmPrefix } from './prefix.ts';

const MAX_ENTRIES = 1 << 22;
const RECORD_BYTES = 32;
/** Through which batches are passed. */
const SCRATCH_BYTES = 65_536;

export type LpmEntry = LpmPrefix & {
  /** 0 to 2^31 - 1. */
  readonly value: number;
};

/** Ends below IPv4 what covers more than it. */
const NO_IPV4 = { base: 0xffff_0000_0000n, bits: 96, value: -1 };

/** Where IPv6 text is parsed to; used within one call only. */
const words = new Uint32Array(4);

/**
 * Longest-prefix match for IPv4 and IPv6 in a WebAssembly instance of its own: about 90 bytes per prefix, 64 KiB at
 * least, given back when the table is collected. Both families share the 128-bit line, so an IPv4-mapped IPv6 address
 * is the IPv4 address; a prefix that contains all of IPv4 and more, as ::/0, is IPv6 alone and covers none of it.
 */
export class LpmTable {
  /** How many entries it was built from. */
  readonly size: number;
  readonly #core: CoreExports;

  readonly #scratch: number;

  private constructor(core: CoreExports, size: number, scratch: number) {
    this.#core = core;
    this.size = size;
    this.#scratch = scratch;
  }

  /** Where the same prefix stands twice, the later entry wins. Throws `CW_CORE_PREFIX`, or `CW_CORE_MEMORY`. */
  static build(entries: readonly LpmEntry[]): LpmTable {
    if (entries.length > MAX_ENTRIES) throw new CoreError('CW_CORE_MEMORY', `more than ${MAX_ENTRIES} prefixes`);
    const core = instantiateCore();
    const records = entries.length + 1;
    const at = core.lpmReserve(records) >>> 0;
    if (at === 0) throw new CoreError('CW_CORE_MEMORY');
    const view = new DataView(core.memory.buffer, at, records * RECORD_BYTES);
    const prefix = new Uint32Array(4);
    // First, so that an entry for all of IPv4 wins over it.
    writeRecord(view, 0, NO_IPV4, prefix);
    for (const [i, entry] of entries.entries()) {
      const { value } = entry;
      if (!Number.isInteger(value) || value < 0 || value > 0x7fffffff) {
        throw new CoreError('CW_CORE_PREFIX', `the value of a prefix is 0 to 2147483647, not ${value}`);
      }
      writeRecord(view, i + 1, entry, prefix);
    }
    if (core.lpmBuild(records) !== 0) throw new CoreError('CW_CORE_MEMORY');
    const scratch = core.reserve(SCRATCH_BYTES) >>> 0;
    if (scratch === 0) throw new CoreError('CW_CORE_MEMORY');
    return new LpmTable(core, entries.length, scratch);
  }

  /** The value of the longest prefix that covers the address, -1 where none does. Throws `CW_CORE_ADDRESS`. */
  lookup(address: string): number {
    const v4 = parseIPv4(address);
    if (v4 >= 0) return this.#core.lpmLookup4(v4);
    if (!parseIPv6(address, words)) {
      throw new CoreError('CW_CORE_ADDRESS', `not an IP address: ${JSON.stringify(address.slice(0, 60))}`);
    }
    const [a = 0, b = 0, c = 0, d = 0] = words;
    return this.#lookup6(a, b, c, d);
  }

  /** `lookup` for 4 or 16 bytes in network order. Throws `CW_CORE_ADDRESS` on any other length. */
  lookupBytes(bytes: Uint8Array): number {
    const word = (at: number): number =>
      (((bytes[at] ?? 0) << 24) | ((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0)) >>>
      0;
    if (bytes.length === 4) return this.#core.lpmLookup4(word(0));
    if (bytes.length === 16) return this.#lookup6(word(0), word(4), word(8), word(12));
    throw new CoreError('CW_CORE_ADDRESS', `an address has 4 or 16 bytes, not ${bytes.length}`);
  }

  /**
   * `lookup` for many addresses of one family, 4 or 16 bytes each in network order, back to back; the answer to each
   * goes to its place in `results`. One call into WebAssembly per 64 KiB. Throws `CW_CORE_ADDRESS` where the lengths do
   * not fit.
   */
  lookupBatch(addresses: Uint8Array, results: Int32Array, family: 'ipv4' | 'ipv6'): void {
    const width = family === 'ipv4' ? 4 : 16;
    if (addresses.length % width !== 0 || results.length < addresses.length / width) {
      throw new CoreError('CW_CORE_ADDRESS', `addresses of ${width} bytes, and a result for each`);
    }
    const { buffer } = this.#core.memory;
    const bytes = new Uint8Array(buffer, this.#scratch, SCRATCH_BYTES);
    const words = new Int32Array(buffer, this.#scratch, SCRATCH_BYTES / 4);
    for (let from = 0; from < addresses.length; from += SCRATCH_BYTES) {
      const part = addresses.subarray(from, from + SCRATCH_BYTES);
      const count = part.length / width;
      bytes.set(part);
      if (width === 4) {
        this.#core.lpmBatch4(this.#scratch, count);
        results.set(words.subarray(0, count), from / 4);
        continue;
      }
      this.#core.lpmBatch6(this.#scratch, count);
      for (let i = 0; i < count; i++) results[from / 16 + i] = words[4 * i] ?? -1;
    }
  }

  /** Linear memory of the instance. */
  get memoryBytes(): number {
    return this.#core.memory.buffer.byteLength;
  }

  #lookup6(a: number, b: number, c: number, d: number): number {
    if (a === 0 && b === 0 && c === MAPPED) return this.#core.lpmLookup4(d);
    return this.#core.lpmLookup6(a, b, c, d);
  }
}

function writeRecord(view: DataView, index: number, entry: LpmEntry, prefix: Uint32Array): void {
  const bits = readPrefix(entry, prefix);
  const record = index * RECORD_BYTES;
  const [a = 0, b = 0, c = 0, d = 0] = prefix;
  view.setUint32(record, b, true);
  view.setUint32(record + 4, a, true);
  view.setUint32(record + 8, d, true);
  view.setUint32(record + 12, c, true);
  view.setUint32(record + 16, bits, true);
  view.setInt32(record + 20, entry.value, true);
}
