/**
 * Strict text forms of addresses, without allocation: dotted decimal of exactly four numbers without leading zeros
 * (which some read as octal), and RFC 4291 §2.2 without a zone. Addresses live on the 128-bit line as four u32 words;
 * IPv4 is ::ffff:0:0/96 there.
 */
const DOT = 0x2e;
const COLON = 0x3a;
const ZERO = 0x30;
const NINE = 0x39;
export const MAPPED = 0xffff;

/** The value of a character as a hex digit, -1 for any other: digits and letters are mixed, so not by comparisons. */
const HEX = Int8Array.from({ length: 256 }, (_, code) =>
  '0123456789abcdef'.indexOf(String.fromCharCode(code).toLowerCase()),
);

/** The IPv4 address as a u32, or -1. */
export function parseIPv4(text: string, from = 0): number {
  const end = text.length;
  if (end - from < 7 || end - from > 15) return -1;
  let address = 0;
  let dots = 0;
  let value = 0;
  let digits = 0;
  for (let at = from; at < end; at++) {
    const code = text.charCodeAt(at);
    if (code === DOT) {
      if (digits === 0) return -1;
      address = (address << 8) | value;
      dots++;
      value = 0;
      digits = 0;
      continue;
    }
    if (code < ZERO || code > NINE || (value === 0 && digits > 0)) return -1;
    value = value * 10 + code - ZERO;
    digits++;
    if (value > 255) return -1;
  }
  return dots === 3 && digits > 0 ? ((address << 8) | value) >>> 0 : -1;
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
    const most = Math.min(end, at + 4);
    let value = 0;
    for (; at < most; at++) {
      const code = text.charCodeAt(at);
      const digit = code < 256 ? (HEX[code] ?? -1) : -1;
      if (digit < 0) break;
      value = (value << 4) | digit;
    }
    if (at < end && text.charCodeAt(at) === DOT) {
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
  if (gap >= 0) {
    groups.copyWithin(8 - (count - gap), gap, count);
    groups.fill(0, gap, 8 - (count - gap));
  }
  for (let word = 0; word < 4; word++) out[word] = ((groups[2 * word] ?? 0) << 16) | (groups[2 * word + 1] ?? 0);
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
