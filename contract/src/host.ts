/**
 * Names and addresses as apps, rules and allow-lists write them: an FQDN, `*.` and an FQDN, an IP, a CIDR, or a range
 * `from-to`. Names are compared in lower case without the final dot (RFC 1035 §2.3.3, RFC 4343).
 */
const LABEL = /^(?!-)[a-z0-9_-]{1,63}(?<!-)$/;
/** Without leading zeros, which some resolvers read as octal (RFC 6943 §3.1.1). */
const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/;
/** What ends in a number is an IPv4 address to browsers and to `inet_aton`, also as `127.1` or `127.0x1` (WHATWG URL §3.5). */
const ENDS_IN_NUMBER = /(?:^|\.)(?:[0-9]+|0x[0-9a-f]*)$/;

/** Lower case, no final dot; `null` where it is not a host name (RFC 1123 §2.1, with `_` as found in the field). */
export function canonicalName(name: string): string | null {
  // ASCII only: `toLowerCase` makes an ASCII letter of the Kelvin sign.
  const lower = name.replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase());
  const bare = lower.endsWith('.') ? lower.slice(0, -1) : lower;
  if (bare.length === 0 || bare.length > 253 || ENDS_IN_NUMBER.test(bare)) return null;
  return bare.split('.').every((label) => LABEL.test(label)) ? bare : null;
}

export function isIPv4(text: string): boolean {
  return IPV4.test(text);
}

/** Sixteen-bit groups, or `null` when `text` is no IPv6 address (RFC 4291 §2.2; no zone). */
export function parseIPv6(text: string): number[] | null {
  if (!/^[0-9a-f:.]{2,45}$/i.test(text) || !text.includes(':')) return null;
  const halves = text.split('::');
  if (halves.length > 2) return null;
  const groups = (part: string): number[] | null => {
    if (part === '') return [];
    const out: number[] = [];
    const pieces = part.split(':');
    for (const [i, piece] of pieces.entries()) {
      if (piece.includes('.')) {
        if (i !== pieces.length - 1 || !isIPv4(piece)) return null;
        const [a = 0, b = 0, c = 0, d = 0] = piece.split('.').map(Number);
        out.push((a << 8) | b, (c << 8) | d);
      } else {
        if (!/^[0-9a-f]{1,4}$/i.test(piece)) return null;
        out.push(Number.parseInt(piece, 16));
      }
    }
    return out;
  };
  const head = groups(halves[0] ?? '');
  const tail = halves.length === 2 ? groups(halves[1] ?? '') : [];
  if (head === null || tail === null) return null;
  if (halves.length === 1) return head.length === 8 ? head : null;
  if (head.length + tail.length > 7) return null;
  return [...head, ...Array.from({ length: 8 - head.length - tail.length }, () => 0), ...tail];
}

/** The address as a number, IPv4 as its IPv4-mapped IPv6 address, so that both live on one line; `null` if none. */
export function addressNumber(text: string): bigint | null {
  if (isIPv4(text)) {
    return 0xffff_0000_0000n + text.split('.').reduce((n, byte) => (n << 8n) | BigInt(byte), 0n);
  }
  const groups = parseIPv6(text);
  return groups === null ? null : groups.reduce((n, group) => (n << 16n) | BigInt(group), 0n);
}

const MAPPED_FIRST = 0xffff_0000_0000n;
const MAPPED_LAST = 0xffff_ffff_ffffn;

/**
 * Whether a number is an IPv4 address. Both families share one line, but who writes `::/0` means IPv6: a network or
 * range that begins outside IPv4 covers none of it.
 */
export function isIPv4Number(number: bigint): boolean {
  return number >= MAPPED_FIRST && number <= MAPPED_LAST;
}

export type HostPattern =
  | { readonly kind: 'name'; readonly name: string }
  /** `*.corp.example` matches every name below `corp.example`, at any depth, and not `corp.example` itself. */
  | { readonly kind: 'wildcard'; readonly suffix: string }
  /** Either all IPv4, or IPv6 and then without the IPv4 addresses that lie within. */
  | { readonly kind: 'range'; readonly from: bigint; readonly to: bigint };

/** What a host entry means; `null` where it is none of the five forms. */
export function parseHostPattern(text: string): HostPattern | null {
  const single = addressNumber(text);
  if (single !== null) return { kind: 'range', from: single, to: single };
  const slash = text.indexOf('/');
  if (slash > 0) {
    const base = addressNumber(text.slice(0, slash));
    const digits = text.slice(slash + 1);
    const bits = isIPv4(text.slice(0, slash)) ? 32 : 128;
    if (base === null || !/^(?:0|[1-9]\d{0,2})$/.test(digits) || Number(digits) > bits) return null;
    const span = 1n << BigInt(bits - Number(digits));
    const from = base - (base % span);
    return { kind: 'range', from, to: from + span - 1n };
  }
  const dash = text.indexOf('-');
  if (dash > 0) {
    const from = addressNumber(text.slice(0, dash));
    const to = addressNumber(text.slice(dash + 1));
    if (from !== null && to !== null) {
      return from <= to && isIPv4Number(from) === isIPv4Number(to) ? { kind: 'range', from, to } : null;
    }
  }
  if (text.startsWith('*.')) {
    const suffix = canonicalName(text.slice(2));
    return suffix === null ? null : { kind: 'wildcard', suffix };
  }
  const name = canonicalName(text);
  return name === null ? null : { kind: 'name', name };
}

/** Whether a canonical name or an address falls under the pattern. */
export function matchesHost(pattern: HostPattern, host: string): boolean {
  switch (pattern.kind) {
    case 'name':
      return host === pattern.name;
    case 'wildcard':
      return host.length > pattern.suffix.length + 1 && host.endsWith(`.${pattern.suffix}`);
    case 'range': {
      const address = addressNumber(host);
      if (address === null || isIPv4Number(address) !== isIPv4Number(pattern.from)) return false;
      return pattern.from <= address && address <= pattern.to;
    }
  }
}

/** Browsers and curl send `localhost` and everything below it to loopback (RFC 6761 §6.3); Node's resolver on Debian does not. */
export function isLocalhostName(name: string): boolean {
  return name === 'localhost' || name.endsWith('.localhost');
}
