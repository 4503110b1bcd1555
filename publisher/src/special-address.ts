import { addressNumber, parseHostPattern } from '@causeway/contract';

/**
 * Addresses that a name must not lead to by surprise: the publisher's own machine, its link (where clouds keep their
 * credentials service), and blocks that are no ordinary destination (RFC 6890 and the IANA special-purpose
 * registries). Private networks (RFC 1918, RFC 4193) are what a publisher is for and are not special.
 *
 * Forms that carry an IPv4 address inside an IPv6 one are special as a whole: a translator behind them could lead
 * anywhere. IPv4-mapped addresses are the exception, since they are judged as the IPv4 address they mean.
 */
const BLOCKS: readonly (readonly [block: string, kind: string])[] = [
  ['0.0.0.0/8', 'unspecified'],
  ['100.64.0.0/10', 'shared or stub'],
  ['127.0.0.0/8', 'loopback'],
  ['168.63.129.16', 'cloud metadata'],
  ['169.254.0.0/16', 'link-local'],
  ['192.0.0.0/24', 'protocol assignment'],
  ['192.88.99.0/24', '6to4 relay'],
  ['198.18.0.0/15', 'benchmarking'],
  ['224.0.0.0/4', 'multicast'],
  ['240.0.0.0/4', 'reserved'],
  ['::', 'unspecified'],
  ['::1', 'loopback'],
  ['::/96', 'IPv4-compatible'],
  ['64:ff9b::/96', 'IPv4 translation'],
  ['64:ff9b:1::/48', 'IPv4 translation'],
  ['100::/64', 'discard'],
  ['2001::/23', 'protocol assignment'],
  ['2002::/16', '6to4'],
  ['fd00:ec2::/32', 'cloud metadata'],
  ['fe80::/10', 'link-local'],
  ['fec0::/10', 'site-local'],
  ['ff00::/8', 'multicast'],
];

const RANGES = BLOCKS.map(([block, kind]) => {
  const pattern = parseHostPattern(block);
  if (pattern?.kind !== 'range') throw new Error(`not an address block: ${block}`);
  return { from: pattern.from, to: pattern.to, kind };
});

/** What is special about an address, or `null`. Text that is no address at all is special too. */
export function specialKind(address: string): string | null {
  const number = addressNumber(address);
  if (number === null) return 'malformed';
  return RANGES.find((range) => range.from <= number && number <= range.to)?.kind ?? null;
}
