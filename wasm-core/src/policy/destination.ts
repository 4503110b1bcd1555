import { CoreError } from '../errors.ts';
import { parseAddress, parseIPv4 } from '../lpm/address.ts';

const MAPPED_FIRST = 0xffff_0000_0000n;
const MAPPED_LAST = 0xffff_ffff_ffffn;
const MAX_NAME = 253;
const NAME = /^(?!-)[a-z0-9_-]{1,63}(?:\.(?!-)[a-z0-9_-]{1,63})*$/;
/** What some resolvers read as an IPv4 address, as `127.1` or `0x7f000001`, is no name. */
const NUMERIC_END = /(?:^|\.)(?:\d+|0x[0-9a-f]*)$/;

/** Both ends included, on the 128-bit line with IPv4 as ::ffff:0:0/96; either all IPv4 or IPv6 without the IPv4 within. */
export interface AddressRange {
  readonly from: bigint;
  readonly to: bigint;
}

export type Destination =
  | { readonly kind: 'name'; readonly name: string }
  /** The names below `suffix`. */
  | { readonly kind: 'below'; readonly suffix: string }
  | { readonly kind: 'range'; readonly range: AddressRange };

/** The DNS name in lower case without its final dot; `null` for anything that is none. */
export function canonicalName(text: string): string | null {
  const name = (text.endsWith('.') ? text.slice(0, -1) : text).toLowerCase();
  return name.length <= MAX_NAME && NAME.test(name) && !NUMERIC_END.test(name) ? name : null;
}

const words = new Uint32Array(4);

function addressNumber(text: string): bigint | null {
  if (!parseAddress(text, words)) return null;
  return words.reduce((number, word) => (number << 32n) | BigInt(word), 0n);
}

export const isIPv4 = (address: bigint): boolean => address >= MAPPED_FIRST && address <= MAPPED_LAST;

/** An address, a prefix (host bits are ignored) or a range; `null` for anything else. */
export function parseRange(text: string): AddressRange | null {
  const slash = text.indexOf('/');
  const dash = text.indexOf('-');
  if (slash >= 0) {
    const base = addressNumber(text.slice(0, slash));
    const digits = text.slice(slash + 1);
    const bits = parseIPv4(text.slice(0, slash)) < 0 ? 128 : 32;
    if (base === null || !/^(?:0|[1-9]\d{0,2})$/.test(digits) || Number(digits) > bits) return null;
    const size = 1n << BigInt(bits - Number(digits));
    const from = base - (base % size);
    return { from, to: from + size - 1n };
  }
  const from = addressNumber(dash < 0 ? text : text.slice(0, dash));
  const to = dash < 0 ? from : addressNumber(text.slice(dash + 1));
  return from === null || to === null || from > to || isIPv4(from) !== isIPv4(to) ? null : { from, to };
}

/** Throws `CW_CORE_POLICY` on what is neither a name, nor `*.` and a name, nor addresses. */
export function parseDestination(text: string): Destination {
  if (typeof text !== 'string') throw notOne('destination', '');
  const range = parseRange(text);
  if (range !== null) return { kind: 'range', range };
  const below = text.startsWith('*.');
  const name = canonicalName(below ? text.slice(2) : text);
  if (name === null) throw notOne('destination', text);
  return below ? { kind: 'below', suffix: name } : { kind: 'name', name };
}

/** Throws `CW_CORE_POLICY`. */
export function parseSource(text: string): AddressRange {
  const range = typeof text === 'string' ? parseRange(text) : null;
  if (range === null) throw notOne('source', typeof text === 'string' ? text : '');
  return range;
}

function notOne(what: string, text: string): CoreError {
  return new CoreError('CW_CORE_POLICY', `not a ${what}: ${JSON.stringify(text.slice(0, 60))}`);
}

/** The same addresses as ranges that the 128-bit line's prefixes can say: IPv6 around IPv4 is two. */
export function splitAroundIPv4({ from, to }: AddressRange): AddressRange[] {
  if (isIPv4(from) || to < MAPPED_FIRST || from > MAPPED_LAST) return [{ from, to }];
  return [
    { from, to: MAPPED_FIRST - 1n },
    { from: MAPPED_LAST + 1n, to },
  ];
}
