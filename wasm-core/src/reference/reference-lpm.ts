import { CoreError } from '../errors.ts';
import type { LpmEntry } from '../lpm/lpm-table.ts';
import { readPrefix } from '../lpm/prefix.ts';

const words = new Uint32Array(4);

/** An address as a number on the 128-bit line, by splitting and joining text. Throws `CW_CORE_ADDRESS`. */
function addressNumber(text: string): bigint {
  const bad = new CoreError('CW_CORE_ADDRESS', `not an IP address: ${JSON.stringify(text.slice(0, 60))}`);
  if (!text.includes(':')) {
    const parts = text.split('.');
    if (
      parts.length !== 4 ||
      !parts.every((part) => /^\d{1,3}$/.test(part) && String(Number(part)) === part && Number(part) < 256)
    )
      throw bad;
    return parts.reduce((sum, part) => sum * 256n + BigInt(part), 0xffffn);
  }
  const tail = /^(.*:)([\d.]+\.[\d.]+)$/.exec(text);
  if (tail !== null) {
    const v4 = addressNumber(tail[2] ?? '') & 0xffffffffn;
    return addressNumber(`${tail[1]}${(v4 >> 16n).toString(16)}:${(v4 & 0xffffn).toString(16)}`);
  }
  const halves = text.split('::').map((half) => (half === '' ? [] : half.split(':')));
  const given = halves.flat();
  if (halves.length > 2 || !given.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) throw bad;
  if (halves.length === 1 ? given.length !== 8 : given.length > 7) throw bad;
  const zeros = Array.from({ length: 8 - given.length }, () => '0');
  const groups = [...(halves[0] ?? []), ...zeros, ...(halves[1] ?? [])];
  return BigInt(`0x${groups.map((group) => group.padStart(4, '0')).join('')}`);
}

interface Range {
  readonly from: bigint;
  readonly to: bigint;
  readonly bits: number;
  readonly value: number;
}

function toRange(entry: LpmEntry): Range {
  let base: bigint;
  let bits: number;
  // Says whether it is a prefix; what it means is read here once more.
  readPrefix(entry, words);
  if (!Number.isInteger(entry.value) || entry.value < 0 || entry.value > 0x7fff_ffff) {
    throw new CoreError('CW_CORE_PREFIX', `the value of a prefix is 0 to 2147483647, not ${entry.value}`);
  }
  if ('prefix' in entry) {
    const [address = '', length] = entry.prefix.split('/');
    base = addressNumber(address);
    const width = address.includes(':') ? 128 : 32;
    bits = 128 - width + Number(length ?? width);
  } else {
    ({ base, bits } = entry);
  }
  const size = 1n << BigInt(128 - bits);
  const from = base - (base % size);
  return { from, to: from + size - 1n, bits, value: entry.value };
}

/** Longest-prefix match by looking at every prefix. The oracle. */
export class ReferenceLpm {
  readonly size: number;
  readonly #ranges: readonly Range[];

  private constructor(ranges: readonly Range[]) {
    this.#ranges = ranges;
    this.size = ranges.length;
  }

  static build(entries: readonly LpmEntry[]): ReferenceLpm {
    return new ReferenceLpm(entries.map(toRange));
  }

  lookup(address: string): number {
    return this.#find(addressNumber(address));
  }

  lookupBytes(bytes: Uint8Array): number {
    if (bytes.length !== 4 && bytes.length !== 16)
      throw new CoreError('CW_CORE_ADDRESS', 'an address has 4 or 16 bytes');
    return this.#find(bytes.reduce((sum, byte) => sum * 256n + BigInt(byte), bytes.length === 4 ? 0xffffn : 0n));
  }

  lookupBatch(addresses: Uint8Array, results: Int32Array, family: 'ipv4' | 'ipv6'): void {
    const width = family === 'ipv4' ? 4 : 16;
    const count = addresses.length / width;
    if (!Number.isInteger(count) || results.length < count) {
      throw new CoreError('CW_CORE_ADDRESS', `addresses of ${width} bytes, and a result for each`);
    }
    for (let i = 0; i < count; i++) results[i] = this.lookupBytes(addresses.subarray(i * width, (i + 1) * width));
  }

  #find(address: bigint): number {
    const v4 = address >> 32n === 0xffffn;
    let best: Range | undefined;
    for (const range of this.#ranges) {
      if (v4 && range.bits < 96) continue; // it holds IPv4 and more, and means IPv6
      const covers = range.from <= address && address <= range.to;
      if (covers && (best === undefined || range.bits >= best.bits)) best = range;
    }
    return best?.value ?? -1;
  }
}
