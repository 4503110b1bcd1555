/**
 * Strict text forms of addresses, without allocation: dotted decimal of exactly four numbers without leading zeros
 * (which some read as octal), and RFC 4291 §2.2 without a zone. Addresses live on the 128-bit line as four u32 words;
 * IPv4 is ::ffff:0:0/96 there.
 */
const DOT = 0x2e;
const COLON = 0x3a;
const ZERO = 0x30;
export const MAPPED = 0xffff;

/** The IPv4 address as a u32, or -1. */
export function parseIPv4(text: string, from = 0): number {
  let address = 0;
  let at = from;
  for (let part = 0; part < 4; part++) {
    if (part > 0 && text.charCodeAt(at++) !== DOT) return -1;
    const first = at;
    let value = 0;
    for (; at < first + 3; at++) {
      const digit = text.charCodeAt(at) - ZERO;
      // Past the end the code is NaN, which fails this comparison too.
      if (!(digit >= 0 && digit <= 9)) break;
      value = value * 10 + digit;
    }
    if (at === first || value > 255 || (at > first + 1 && text.charCodeAt(first) === ZERO)) return -1;
    address = address * 256 + value;
  }
  return at === text.length ? address : -1;
}

function hexDigit(code: number): number {
  if (code >= ZERO && code <= 0x39) return code - ZERO;
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

const groups = new Uint16Array(8);

/** Writes the IPv6 address to `out` (four words) and says whether `text` was one. */
export function parseIPv6(text: string, out: Uint32Array): boolean {
  const end = text.length;
  if (end < 2 || end > 45) return false;
  let count = 0;
  let gap = -1;
  let at = 0;
  if (text.charCodeAt(0) === COLON) {
    if (text.charCodeAt(1) !== COLON) return false;
    gap = 0;
    at = 2;
  }
  while (at < end) {
    if (count === 8) return false;
    const first = at;
    let value = 0;
    for (; at < end && at < first + 4; at++) {
      const digit = hexDigit(text.charCodeAt(at));
      if (digit < 0) break;
      value = (value << 4) | digit;
    }
    if (text.charCodeAt(at) === DOT) {
      const tail = parseIPv4(text, first);
      if (count > 6 || tail < 0) return false;
      groups[count++] = tail >>> 16;
      groups[count++] = tail & 0xffff;
      break;
    }
    if (at === first) return false;
    groups[count++] = value;
    if (at === end) break;
    if (text.charCodeAt(at++) !== COLON || at === end) return false;
    if (text.charCodeAt(at) === COLON) {
      if (gap >= 0) return false;
      gap = count;
      at++;
    }
  }
  if (gap < 0 ? count !== 8 : count > 7) return false;
  const shift = 8 - count;
  out.fill(0);
  for (let i = 0; i < count; i++) {
    const place = gap >= 0 && i >= gap ? i + shift : i;
    out[place >> 1] = (out[place >> 1] ?? 0) | ((groups[i] ?? 0) << (place & 1 ? 0 : 16));
  }
  return true;
}

/** Writes an address of either family to `out` (four words) and says whether `text` was one. */
export function parseAddress(text: string, out: Uint32Array): boolean {
  const v4 = parseIPv4(text);
  if (v4 < 0) return parseIPv6(text, out);
  out[0] = 0;
  out[1] = 0;
  out[2] = MAPPED;
  out[3] = v4;
  return true;
}
