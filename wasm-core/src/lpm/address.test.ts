import { SocketAddress, isIPv4, isIPv6 } from 'node:net';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseAddress, parseIPv4, parseIPv6 } from './address.ts';

const hex = (text: string): string | null => {
  const out = new Uint32Array(4).fill(0xdeadbeef);
  return parseAddress(text, out) ? [...out].map((word) => word.toString(16).padStart(8, '0')).join(' ') : null;
};

describe('parseAddress', () => {
  it.each([
    ['0.0.0.0', '00000000 00000000 0000ffff 00000000'],
    ['255.255.255.255', '00000000 00000000 0000ffff ffffffff'],
    ['10.1.2.3', '00000000 00000000 0000ffff 0a010203'],
    ['::', '00000000 00000000 00000000 00000000'],
    ['::1', '00000000 00000000 00000000 00000001'],
    ['1::', '00010000 00000000 00000000 00000000'],
    ['FE80::aB:1', 'fe800000 00000000 00000000 00ab0001'],
    ['2001:db8:1:2:3:4:5:6', '20010db8 00010002 00030004 00050006'],
    ['1:2:3:4:5:6:7::', '00010002 00030004 00050006 00070000'],
    ['::2:3:4:5:6:7:8', '00000002 00030004 00050006 00070008'],
    ['::ffff:10.1.2.3', '00000000 00000000 0000ffff 0a010203'],
    ['64:ff9b::192.0.2.33', '0064ff9b 00000000 00000000 c0000221'],
    ['1:2:3:4:5:6:1.2.3.4', '00010002 00030004 00050006 01020304'],
  ])('reads %s', (text, words) => expect(hex(text)).toBe(words));

  it.each([
    '',
    '1',
    '1.2.3',
    '1.2.3.4.5',
    '1.2.3.',
    '.1.2.3.4',
    '1..2.3',
    '256.1.1.1',
    '01.2.3.4',
    '1.2.3.04',
    '00.0.0.0',
    '1.2.3.4 ',
    ' 1.2.3.4',
    '1.2.3.4\n',
    '+1.2.3.4',
    '0x1.2.3.4',
    '1.2.3.4/32',
    '１.2.3.4',
    '1e1.1.1.1',
    '1234.1.1.1',
    ':',
    ':::',
    '::1::',
    '1::2::3',
    ':1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7:8::',
    '::1:2:3:4:5:6:7:8',
    '12345::',
    'g::',
    'fe80::1%eth0',
    '[::1]',
    '::1/128',
    '1.2.3.4::',
    '::1.2.3',
    '::1.2.3.4.5',
    '::1.2.3.4:5',
    '1:2:3:4:5:6:7:1.2.3.4',
    '::256.1.1.1',
    '::01.1.1.1',
    '::a.1.1.1',
    '1:',
  ])('refuses %j', (text) => expect(hex(text)).toBeNull());

  it('agrees with Node on which texts are addresses, and on their numbers', () => {
    const soup = fc.string({
      unit: fc.constantFrom('0', '1', '9', '25', 'a', 'F', ':', '::', '.', 'ffff:'),
      maxLength: 24,
    });
    const text = fc.oneof(soup, fc.ipV4(), fc.ipV4Extended(), fc.ipV6());
    fc.assert(
      fc.property(text, (address) => {
        expect(parseIPv4(address) >= 0).toBe(isIPv4(address));
        expect(parseIPv6(address, new Uint32Array(4))).toBe(isIPv6(address));
        if (!isIPv6(address)) return;
        // Node prints what it understood; both readings of the two texts must be one number.
        expect(hex(new SocketAddress({ family: 'ipv6', address }).address)).toBe(hex(address));
      }),
      { numRuns: 5_000 },
    );
  });
});
