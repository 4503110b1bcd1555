import { parseIPv6 } from '@causeway/contract';

/**
 * What limits count by: an IPv4 address, or the /64 of an IPv6 address, because one subscriber has all of that. An
 * IPv4-mapped address is its IPv4 address (RFC 4291 §2.5.5.2).
 */
export function addressKey(address: string): string {
  const plain = address.split('%')[0] ?? '';
  const groups = parseIPv6(plain);
  if (groups === null) return plain;
  if (groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff) {
    const [high = 0, low = 0] = groups.slice(6);
    return `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`;
  }
  return groups
    .slice(0, 4)
    .map((group) => group.toString(16))
    .join(':');
}
