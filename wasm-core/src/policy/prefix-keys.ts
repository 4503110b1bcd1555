import { instantiateCore } from '../core-instance.ts';
import type { CoreExports } from '../core-instance.ts';
import { CoreError } from '../errors.ts';
import { MAPPED } from '../lpm/address.ts';
import { PREFIX_BYTES, damaged } from './image-layout.ts';

const NO_KEYS: readonly number[] = [];

/**
 * Finds every prefix of an image that covers an address: the longest by a longest-prefix match in a WebAssembly
 * instance of its own (none where there are no prefixes), the others by following each prefix to the one around it.
 */
export class PrefixKeys {
  readonly #core: CoreExports | null;
  /** The prefix around each; always one before it, so that following them ends. */
  readonly #parents: Int32Array;

  /**
   * @param section the records of an image, `PREFIX_BYTES` each. Throws `CW_CORE_IMAGE` where they are not prefixes in
   * order, or `CW_CORE_MEMORY`
   */
  constructor(section: Uint8Array) {
    const count = section.length / PREFIX_BYTES;
    this.#parents = new Int32Array(count);
    if (count === 0) {
      this.#core = null;
      return;
    }
    const view = new DataView(section.buffer, section.byteOffset, section.length);
    for (let i = 0; i < count; i++) this.#parents[i] = checkRecord(view, i);
    const core = instantiateCore();
    const at = core.lpmReserve(count) >>> 0;
    if (at === 0) throw new CoreError('CW_CORE_MEMORY');
    new Uint8Array(core.memory.buffer).set(section, at);
    if (core.lpmBuild(count) !== 0) throw new CoreError('CW_CORE_MEMORY');
    this.#core = core;
  }

  /** @param address four words in network order. @returns indexes of the prefixes that cover it, innermost first */
  covering(address: Uint32Array): readonly number[] {
    if (this.#core === null) return NO_KEYS;
    const [a = 0, b = 0, c = 0, d = 0] = address;
    const isIPv4 = a === 0 && b === 0 && c === MAPPED;
    const found: number[] = [];
    let key = isIPv4 ? this.#core.lpmLookup4(d) : this.#core.lpmLookup6(a, b, c, d);
    for (; key >= 0; key = this.#parents[key] ?? -1) found.push(key);
    return found;
  }

  get memoryBytes(): number {
    return this.#core?.memory.buffer.byteLength ?? 0;
  }
}

/** @returns the parent */
function checkRecord(view: DataView, index: number): number {
  const at = index * PREFIX_BYTES;
  const bits = view.getUint32(at + 16, true);
  const parent = view.getInt32(at + 24, true);
  if (bits > 128 || view.getUint32(at + 20, true) !== index || parent < -1 || parent >= index) {
    throw damaged('a prefix is none');
  }
  for (let word = 0; word < 4; word++) {
    const host = Math.min(32, Math.max(0, 32 * (word + 1) - bits));
    // In the record the words of each half are swapped: it is two little-endian u64.
    const value = view.getUint32(at + 4 * (word ^ 1), true);
    if (host > 0 && (host === 32 ? value : value & ((1 << host) - 1)) !== 0) throw damaged('a prefix has host bits');
  }
  return parent;
}
