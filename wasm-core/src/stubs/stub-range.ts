import { CoreError } from '../errors.ts';
import { MAPPED, parseIPv4, parseIPv6 } from '../lpm/address.ts';

/** The most of a stub table: names held at once, bytes of a name. */
export const STUB_LIMITS = { stubs: 1_048_576, nameLength: 253 } as const;

/** Of 100.64.0.0/10 (RFC 6598), or another network that the device does not use. */
export interface StubRange {
  /** The first address. */
  readonly base: number;
  readonly bits: number;
  /** The first 96 bits of the IPv6 stubs as three words, whose last 32 bits are the IPv4 stub; null where there are none. */
  readonly prefix6: readonly [number, number, number] | null;
}

const refuse = (why: string): CoreError => new CoreError('CW_CORE_PREFIX', why);
const shown = (text: string): string => JSON.stringify(text.slice(0, 60));

/** A network of IPv4 as its first address and its length. Bits after the length have to be 0. */
export function parseNetwork4(text: string): { base: number; bits: number } {
  const [address = '', length = '', ...more] = text.split('/');
  const base = parseIPv4(address);
  const bits = Number(length);
  if (base < 0 || more.length > 0 || String(bits) !== length || !Number.isInteger(bits) || bits < 0 || bits > 32)
    throw refuse(`not an IPv4 network: ${shown(text)}`);
  if (base % 2 ** (32 - bits) !== 0) throw refuse(`${shown(text)} has bits set after its length`);
  return { base, bits };
}

/** `range`: /8 to /30. `range6`: a unique local network (RFC 4193) of /64 to /96; bits between it and 96 are 0. */
export function readStubRange(range: string, range6: string | undefined): StubRange {
  const { base, bits } = parseNetwork4(range);
  if (bits < 8 || bits > 30) throw refuse('the stub range is a /8 to a /30');
  if (range6 === undefined) return { base, bits, prefix6: null };
  const [address = '', length = '', ...more] = range6.split('/');
  const words = new Uint32Array(4);
  const bits6 = Number(length);
  if (!parseIPv6(address, words) || more.length > 0 || String(bits6) !== length || !Number.isInteger(bits6))
    throw refuse(`not an IPv6 network: ${shown(range6)}`);
  const [a = 0, b = 0, c = 0, d = 0] = words;
  const host = bits6 >= 64 && bits6 <= 96 ? c % 2 ** (96 - bits6) : 1;
  if (host !== 0 || d !== 0) throw refuse('the IPv6 stub range is a /64 to a /96 without bits after its length');
  if (a >>> 25 !== 0x7e) throw refuse('the IPv6 stub range lies in fc00::/7');
  return { base, bits, prefix6: [a, b, c] };
}

/** The number of an address in the range, or -1 for any other text. */
export function stubOffset(range: StubRange, address: string): number {
  let at = parseIPv4(address);
  if (at < 0) {
    const words = new Uint32Array(4);
    if (!parseIPv6(address, words)) return -1;
    const [a = 0, b = 0, c = 0, d = 0] = words;
    at = d;
    if (a !== 0 || b !== 0 || c !== MAPPED) {
      const { prefix6 } = range;
      if (prefix6 === null || a !== prefix6[0] || b !== prefix6[1] || c !== prefix6[2]) return -1;
    }
  }
  const offset = at - range.base;
  return offset >= 0 && offset < 2 ** (32 - range.bits) ? offset : -1;
}

export function formatStub4(range: StubRange, offset: number): string {
  const address = range.base + offset;
  return `${address >>> 24}.${(address >>> 16) & 255}.${(address >>> 8) & 255}.${address & 255}`;
}

/** RFC 5952, or null. */
export function formatStub6(range: StubRange, offset: number): string | null {
  if (range.prefix6 === null) return null;
  const groups = [...range.prefix6, range.base + offset].flatMap((word) => [word >>> 16, word & 0xffff]);
  let [gap, longest] = [-1, 1];
  for (let from = 0; from < 8; from++) {
    let length = 0;
    while (groups[from + length] === 0) length++;
    if (length > longest) [gap, longest] = [from, length];
  }
  const hex = groups.map((group) => group.toString(16));
  if (gap < 0) return hex.join(':');
  return `${hex.slice(0, gap).join(':')}::${hex.slice(gap + longest).join(':')}`;
}

const LABEL = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/;

/** Lower case, A-labels, no dot at the end. */
export const isStubName = (name: string): boolean =>
  name.length > 0 && name.length <= STUB_LIMITS.nameLength && name.split('.').every((label) => LABEL.test(label));
