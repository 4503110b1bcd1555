import { CoreError } from '../errors.ts';
import type { LpmEntry } from '../lpm/lpm-table.ts';

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

function prefixOf(text: string): { base: bigint; bits: number } {
  const match = /^([^/]*)(?:\/(0|[1-9]\d{0,2}))?$/.exec(text);
  const [, address = '', length] = match ?? [];
  try {
    const width = address.includes(':') ? 128 : 32;
    return { base: addressNumber(address), bits: 128 - width + Number(length ?? width) };
  } catch {
    throw new CoreError('CW_CORE_PREFIX', `not an IP address or prefix: ${JSON.stringify(text.slice(0, 60))}`);
  }
}

/** Throws `CW_CORE_PREFIX`. */
function toRange(entry: LpmEntry): Range {
  const { base, bits } = 'prefix' in entry ? prefixOf(entry.prefix) : entry;
  const { value } = entry;
  if (!Number.isInteger(bits) || bits < 0 || bits > 128 || base < 0n || base >> 128n !== 0n)
    throw new CoreError('CW_CORE_PREFIX', 'base is a 128-bit number, bits 0 to 128');
  if (!Number.isInteger(value) || value < 0 || value > 0x7fffffff)
    throw new CoreError('CW_CORE_PREFIX', `the value of a prefix is 0 to 2147483647, not ${value}`);
  const size = 1n << BigInt(128 - bits);
  const from = base - (base % size);
  return { from, to: from + size - 1n, bits, value };
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
      throw new CoreError('CW_CORE_ADDRESS', `an address has 4 or 16 bytes, not ${bytes.length}`);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    if (bytes.length === 4) return this.#find((0xffffn << 32n) | BigInt(view.getUint32(0)));
    return this.#find((view.getBigUint64(0) << 64n) | view.getBigUint64(8));
  }

  lookupBatch(addresses: Uint8Array, results: Int32Array, family: 'ipv4' | 'ipv6'): void {
    const width = family === 'ipv4' ? 4 : 16;
    if (addresses.length % width !== 0 || results.length < addresses.length / width)
      throw new CoreError('CW_CORE_ADDRESS', `addresses of ${width} bytes, and a result for each`);
    for (let at = 0; at < addresses.length; at += width)
      results[at / width] = this.lookupBytes(addresses.subarray(at, at + width));
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
