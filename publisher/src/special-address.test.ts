import { describe, expect, it } from 'vitest';
import { specialKind } from './special-address.ts';

const table: readonly (readonly [string, string | null])[] = [
  ['127.0.0.1', 'loopback'],
  ['127.255.255.254', 'loopback'],
  ['::1', 'loopback'],
  ['0:0:0:0:0:0:0:1', 'loopback'],
  ['::ffff:127.0.0.1', 'loopback'],
  ['::ffff:7f00:1', 'loopback'],
  ['::127.0.0.1', 'IPv4-compatible'],
  ['0.0.0.0', 'unspecified'],
  ['::', 'unspecified'],
  ['::ffff:0.0.0.0', 'unspecified'],
  ['169.254.169.254', 'link-local'],
  ['::ffff:169.254.169.254', 'link-local'],
  ['::ffff:a9fe:a9fe', 'link-local'],
  ['fe80::1', 'link-local'],
  ['febf::1', 'link-local'],
  ['fec0::1', 'site-local'],
  ['fd00:ec2::254', 'cloud metadata'],
  ['168.63.129.16', 'cloud metadata'],
  ['100.100.100.200', 'shared or stub'],
  ['224.0.0.1', 'multicast'],
  ['ff02::1', 'multicast'],
  ['255.255.255.255', 'reserved'],
  ['64:ff9b::7f00:1', 'IPv4 translation'],
  ['2002:7f00:1::', '6to4'],
  ['2001:0:4136:e378::1', 'protocol assignment'],
  ['2130706433', 'malformed'],
  ['0x7f000001', 'malformed'],
  ['127.1', 'malformed'],
  ['fe80::1%eth0', 'malformed'],
  ['', 'malformed'],
  ['10.0.0.1', null],
  ['172.16.0.1', null],
  ['192.168.1.1', null],
  ['192.0.2.1', null],
  ['8.8.8.8', null],
  ['fd12:3456::1', null],
  ['2001:db8::1', null],
  ['2606:4700::1111', null],
];

describe('specialKind', () => {
  it.each(table)('%s is %s', (address, kind) => {
    expect(specialKind(address)).toBe(kind);
  });
});
