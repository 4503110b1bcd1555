import type { CoreExports } from '../core-instance.ts';
import { CoreError } from '../errors.ts';
import { MAPPED, parseAddress } from '../lpm/address.ts';
import { canonicalName } from './destination.ts';
import type { NameIndex } from './name-index.ts';
import type { PrefixKeys } from './prefix-keys.ts';

const POOL_BYTES = 4 * 1024 * 1024;
const MAX_CLASSES = 8192;
const MIN_CLASSES = 64;

/** Where an address is parsed to; used within one call only. */
const words = new Uint32Array(4);

/**
 * Which lists of destinations hold a destination, as a bitset in WebAssembly memory. Finding out costs a look at every
 * suffix of a name and every prefix around an address, so the last few thousand destinations are kept (4 MiB, or 64 of
 * them, first in first out): a flow to one of those is one look in a map.
 */
export class DestinationClasses {
  readonly #core: CoreExports;
  readonly #names: NameIndex;
  readonly #prefixes: PrefixKeys;
  /** The class's address, or 0 where no rule has destinations. Text as it was given; bytes under a key no text has. */
  readonly #known = new Map<string | number, number>();
  readonly #keys: (string | number)[] = [];
  readonly #capacity: number;
  readonly #pool: number;
  readonly #classBytes: number;
  #next = 0;

  /**
   * @param lists how many the policy has
   * @param names numbers of names, and of `*.suffix`; the prefixes are numbered behind them. Throws `CW_CORE_MEMORY`
   */
  constructor(core: CoreExports, lists: number, names: NameIndex, prefixes: PrefixKeys) {
    this.#core = core;
    this.#names = names;
    this.#prefixes = prefixes;
    this.#classBytes = lists === 0 ? 0 : core.destinationClassBytes() >>> 0;
    this.#capacity =
      lists === 0
        ? MAX_CLASSES
        : Math.max(MIN_CLASSES, Math.min(MAX_CLASSES, Math.floor(POOL_BYTES / this.#classBytes)));
    this.#pool = lists === 0 ? 0 : core.reserve(this.#capacity * this.#classBytes) >>> 0;
    if (lists > 0 && this.#pool === 0) throw new CoreError('CW_CORE_MEMORY');
  }

  /**
   * The address of the destination's class, valid until the next call. Throws `CW_CORE_ARGUMENT` on what is neither a
   * DNS name nor an address.
   */
  find(destination: string | Uint8Array): number {
    const key = typeof destination === 'string' ? destination : bytesKey(destination);
    return this.#known.get(key) ?? this.#make(destination, key);
  }

  #make(destination: string | Uint8Array, key: string | number): number {
    const numbers = typeof destination === 'string' ? this.#ofText(destination) : this.#ofBytes(destination);
    const place = this.#next;
    const evicted = this.#keys[place];
    if (evicted !== undefined) this.#known.delete(evicted);
    this.#next = place + 1 === this.#capacity ? 0 : place + 1;
    this.#keys[place] = key;
    const at = this.#pool + place * this.#classBytes;
    if (this.#pool !== 0) {
      this.#core.destinationClassClear(at);
      for (const number of numbers) this.#core.destinationClassAdd(at, number);
    }
    this.#known.set(key, at);
    return at;
  }

  #ofText(text: string): number[] {
    if (parseAddress(text, words)) return this.#ofWords();
    const name = canonicalName(text);
    if (name === null) {
      throw new CoreError('CW_CORE_ARGUMENT', `not a destination: ${JSON.stringify(text.slice(0, 60))}`);
    }
    const found = [this.#names.find(name)];
    for (let dot = name.indexOf('.'); dot >= 0; dot = name.indexOf('.', dot + 1)) {
      found.push(this.#names.find(`*${name.slice(dot)}`));
    }
    return found.filter((number) => number >= 0);
  }

  #ofBytes(bytes: Uint8Array): number[] {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    words.set([0, 0, MAPPED]);
    for (let at = 0; at < bytes.length; at += 4) words[bytes.length === 4 ? 3 : at / 4] = view.getUint32(at);
    return this.#ofWords();
  }

  #ofWords(): number[] {
    return this.#prefixes.covering(words).map((prefix) => this.#names.size + prefix);
  }
}

/** No text that names a destination contains U+0000. */
function bytesKey(bytes: Uint8Array): string | number {
  const [a = 0, b = 0, c = 0, d = 0] = bytes;
  if (bytes.length === 4) return ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
  if (bytes.length === 16) return `\0${String.fromCharCode(...bytes)}`;
  throw new CoreError('CW_CORE_ARGUMENT', `an address has 4 or 16 bytes, not ${bytes.length}`);
}
