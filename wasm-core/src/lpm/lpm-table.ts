import { instantiateCore } from '../core-instance.ts';
import type { CoreExports } from '../core-instance.ts';
import { CoreError } from '../errors.ts';
import {
  LPM_BATCH_BYTES,
  LPM_BATCH_V4,
  LPM_BATCH_V6,
  LPM_RECORD_BITS,
  LPM_RECORD_BYTES,
  LPM_RECORD_HIGH,
  LPM_RECORD_LOW,
  LPM_RECORD_VALUE,
} from '../layout.gen.ts';
import { MAPPED, parseIPv4, parseIPv6 } from './address.ts';
import { readPrefix } from './prefix.ts';
import type { LpmPrefix } from './prefix.ts';

const MAX_ENTRIES = 1 << 22;

export type LpmEntry = LpmPrefix & {
  /** 0 to 2^31 - 1. */
  readonly value: number;
};

/** Views of where a batch is passed; memory does not grow any more. */
interface LpmBatch {
  readonly addresses: Uint8Array;
  readonly answers: Int32Array;
  /** As much of the answers as the last batch had. */
  answered: Int32Array;
}

/** Where IPv6 text is parsed to; used within one call only. */
const words = new Uint32Array(4);

/**
 * Longest-prefix match for IPv4 and IPv6 in a WebAssembly instance of its own, given back when the table is collected:
 * 64 KiB, 128 KiB more once a batch was looked up, and 90 to 140 bytes per prefix. Both families share the 128-bit line, so an IPv4-mapped IPv6 address
 * is the IPv4 address; a prefix that contains all of IPv4 and more, as ::/0, is IPv6 alone and covers none of it.
 */
export class LpmTable {
  /** How many entries it was built from. */
  readonly size: number;
  readonly #core: CoreExports;
  /** Reserved by the first batch. */
  #batch: LpmBatch | null = null;

  private constructor(core: CoreExports, size: number) {
    this.#core = core;
    this.size = size;
  }

  /** Where the same prefix stands twice, the later entry wins. Throws `CW_CORE_PREFIX`, or `CW_CORE_MEMORY`. */
  static build(entries: readonly LpmEntry[]): LpmTable {
    if (entries.length > MAX_ENTRIES) throw new CoreError('CW_CORE_MEMORY', `more than ${MAX_ENTRIES} prefixes`);
    const core = instantiateCore();
    const at = core.lpmReserve(entries.length) >>> 0;
    if (at === 0) throw new CoreError('CW_CORE_MEMORY');
    const view = new DataView(core.memory.buffer, at, entries.length * LPM_RECORD_BYTES);
    const prefix = new Uint32Array(4);
    for (const [i, entry] of entries.entries()) {
      const { value } = entry;
      if (!Number.isInteger(value) || value < 0 || value > 0x7fffffff) {
        throw new CoreError('CW_CORE_PREFIX', `the value of a prefix is 0 to 2147483647, not ${value}`);
      }
      writeRecord(view, i * LPM_RECORD_BYTES, entry, prefix);
    }
    if (core.lpmBuild(entries.length) !== 0) throw new CoreError('CW_CORE_MEMORY');
    return new LpmTable(core, entries.length);
  }

  /** The value of the longest prefix that covers the address, -1 where none does. Throws `CW_CORE_ADDRESS`. */
  lookup(address: string): number {
    const v4 = parseIPv4(address);
    if (v4 >= 0) return this.#core.lpmLookup4(v4);
    if (!parseIPv6(address, words)) {
      throw new CoreError('CW_CORE_ADDRESS', `not an IP address: ${JSON.stringify(address.slice(0, 60))}`);
    }
    return this.#lookup6(words[0] ?? 0, words[1] ?? 0, words[2] ?? 0, words[3] ?? 0);
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
   * goes to its place in `results`. One call into WebAssembly per 64 KiB; no allocation up to there, where a batch has
   * as many as the last. Throws `CW_CORE_ADDRESS` where the lengths do not fit.
   */
  lookupBatch(addresses: Uint8Array, results: Int32Array, family: 'ipv4' | 'ipv6'): void {
    const width = family === 'ipv4' ? 4 : 16;
    const total = addresses.length / width;
    if (!Number.isInteger(total) || results.length < total) {
      throw new CoreError('CW_CORE_ADDRESS', `addresses of ${width} bytes, and a result for each`);
    }
    const batch = (this.#batch ??= this.#reserveBatch());
    const most = family === 'ipv4' ? LPM_BATCH_V4 : LPM_BATCH_V6;
    for (let from = 0; from < total; from += most) {
      const count = Math.min(most, total - from);
      batch.addresses.set(total <= most ? addresses : addresses.subarray(from * width, (from + count) * width));
      if (family === 'ipv4') this.#core.lpmBatch4(count);
      else this.#core.lpmBatch6(count);
      if (batch.answered.length !== count) batch.answered = batch.answers.subarray(0, count);
      results.set(batch.answered, from);
    }
  }

  /** Linear memory of the instance. */
  get memoryBytes(): number {
    return this.#core.memory.buffer.byteLength;
  }

  #reserveBatch(): LpmBatch {
    const at = this.#core.lpmReserveBatch() >>> 0;
    if (at === 0) throw new CoreError('CW_CORE_MEMORY');
    const { buffer } = this.#core.memory;
    const answers = new Int32Array(buffer, at + LPM_BATCH_BYTES, LPM_BATCH_V4);
    return { addresses: new Uint8Array(buffer, at, LPM_BATCH_BYTES), answers, answered: answers };
  }

  #lookup6(a: number, b: number, c: number, d: number): number {
    if (a === 0 && b === 0 && c === MAPPED) return this.#core.lpmLookup4(d);
    return this.#core.lpmLookup6(a, b, c, d);
  }
}

function writeRecord(view: DataView, record: number, entry: LpmEntry, prefix: Uint32Array): void {
  const bits = readPrefix(entry, prefix);
  const [a = 0, b = 0, c = 0, d = 0] = prefix;
  view.setUint32(record + LPM_RECORD_HIGH, b, true);
  view.setUint32(record + LPM_RECORD_HIGH + 4, a, true);
  view.setUint32(record + LPM_RECORD_LOW, d, true);
  view.setUint32(record + LPM_RECORD_LOW + 4, c, true);
  view.setUint32(record + LPM_RECORD_BITS, bits, true);
  view.setInt32(record + LPM_RECORD_VALUE, entry.value, true);
}
