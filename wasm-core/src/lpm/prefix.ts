import { CoreError } from '../errors.ts';
import { parseAddress, parseIPv4 } from './address.ts';

/** Bits of ::ffff:0:0/96, below which IPv4 lives on the 128-bit line. */
const MAPPED_BITS = 96;

/** A prefix as text, or as `rangeToPrefixes` gives it. Bits after the prefix are ignored. */
export type LpmPrefix = { readonly prefix: string } | { readonly base: bigint; readonly bits: number };

/**
 * Writes the prefix's first address to `out` (four words), host bits cleared. Throws `CW_CORE_PREFIX`.
 * @returns its length on the 128-bit line: 10.0.0.0/8 is 104
 */
export function readPrefix(entry: LpmPrefix, out: Uint32Array): number {
  const bits = 'prefix' in entry ? readText(entry.prefix, out) : readNumber(entry.base, entry.bits, out);
  for (let word = 0; word < 4; word++) {
    const kept = Math.min(32, Math.max(0, bits - 32 * word));
    // A shift by 32 would be a shift by 0.
    out[word] = kept === 0 ? 0 : (out[word] ?? 0) & (0xffffffff << (32 - kept));
  }
  return bits;
}

function readText(text: string, out: Uint32Array): number {
  const slash = text.indexOf('/');
  const address = slash < 0 ? text : text.slice(0, slash);
  const digits = slash < 0 ? null : text.slice(slash + 1);
  const offset = parseIPv4(address) < 0 ? 0 : MAPPED_BITS;
  const bits = digits === null ? 128 : offset + Number(digits);
  if (!parseAddress(address, out) || (digits !== null && !/^(?:0|[1-9]\d{0,2})$/.test(digits)) || bits > 128) {
    throw new CoreError('CW_CORE_PREFIX', `not an IP address or prefix: ${JSON.stringify(text.slice(0, 60))}`);
  }
  return bits;
}

function readNumber(base: bigint, bits: number, out: Uint32Array): number {
  if (base < 0n || base >> 128n !== 0n || !Number.isInteger(bits) || bits < 0 || bits > 128) {
    throw new CoreError('CW_CORE_PREFIX', 'base is a 128-bit number, bits 0 to 128');
  }
  for (let word = 0; word < 4; word++) out[word] = Number((base >> BigInt(96 - 32 * word)) & 0xffffffffn);
  return bits;
}
