import { SocketAddress, isIPv4 as nodeIsIPv4, isIPv6 } from 'node:net';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addressNumber,
  canonicalName,
  isIPv4,
  isLocalhostName,
  matchesHost,
  parseHostPattern,
  parseIPv6,
} from './host.ts';

const LABELS = ['a', 'corp', 'example', 'x-1', '_srv', 'wiki', '0'];
const fqdn = fc
  .tuple(fc.array(fc.constantFrom(...LABELS), { maxLength: 4 }), fc.constantFrom('example', 'test', 'lan'))
  .map(([labels, top]) => [...labels, top].join('.'));

/** By its parts: is `host` below `suffix`, at any depth? */
function isBelow(host: string, suffix: string): boolean {
  const [inner, outer] = [host.split('.'), suffix.split('.')];
  return inner.length > outer.length && inner.slice(-outer.length).join('.') === suffix;
}

describe('canonicalName', () => {
  it.each([
    ['Intranet.Corp.Example', 'intranet.corp.example'],
    ['intranet.corp.example.', 'intranet.corp.example'],
    ['_sip.corp.example', '_sip.corp.example'],
    ['xn--bcher-kva.example', 'xn--bcher-kva.example'],
    ['3com.example', '3com.example'],
    ['localhost', 'localhost'],
    [`${'a'.repeat(63)}.example`, `${'a'.repeat(63)}.example`],
  ])('reads %s', (text, name) => expect(canonicalName(text)).toBe(name));

  it.each([
    '',
    '.',
    '..',
    'a..b',
    '.a',
    'a..',
    '-a.example',
    'a-.example',
    `${'a'.repeat(64)}.example`,
    'a b',
    'a\n',
    'a/b',
    'a:80',
    '10.0.0.1',
    '1',
    '127.1',
    '0x7f000001',
    '127.0x1',
    'app.1',
    'app.0x',
    'bücher.example',
    '\u212Aiosk.example',
    'a\u0000.example',
    '*.example',
    '[::1]',
    `${'a.'.repeat(127)}ab`,
  ])('refuses %j', (text) => expect(canonicalName(text)).toBeNull());

  it('gives what it gives again, in lower-case ASCII, for any text', () => {
    fc.assert(
      fc.property(fc.oneof(fqdn, fc.string({ unit: 'binary', maxLength: 20 }), fc.domain()), (text) => {
        const name = canonicalName(text);
        expect(name === null || /^[a-z0-9_.-]{1,253}$/.test(name)).toBe(true);
        expect(name === null || canonicalName(name) === name).toBe(true);
        expect(name === null || addressNumber(name) === null).toBe(true);
        expect(canonicalName(`${text}.`)).toBe(text.endsWith('.') ? null : name);
      }),
      { numRuns: 5_000 },
    );
  });
});

describe('addresses', () => {
  it('are what Node takes for addresses, with the same number in every spelling', () => {
    const soup = fc.string({
      unit: fc.constantFrom('0', '1', '9', '25', 'a', 'F', ':', '::', '.', 'ffff:'),
      maxLength: 24,
    });
    fc.assert(
      fc.property(fc.oneof(soup, fc.ipV4(), fc.ipV4Extended(), fc.ipV6()), (text) => {
        expect(isIPv4(text)).toBe(nodeIsIPv4(text));
        expect(parseIPv6(text) !== null).toBe(isIPv6(text));
        const spelling = isIPv6(text) ? new SocketAddress({ family: 'ipv6', address: text }).address : text;
        expect(addressNumber(spelling)).toBe(addressNumber(text));
      }),
      { numRuns: 10_000 },
    );
  });

  it.each([
    ['0.0.0.0', 0xffff_0000_0000n],
    ['255.255.255.255', 0xffff_ffff_ffffn],
    ['::ffff:1.2.3.4', 0xffff_0102_0304n],
    ['1.2.3.4', 0xffff_0102_0304n],
    ['::1', 1n],
    ['ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', (1n << 128n) - 1n],
    ['01.2.3.4', null],
    ['1.2.3.4%1', null],
    ['fe80::1%eth0', null],
  ])('%s is %s', (text, number) => expect(addressNumber(text)).toBe(number));
});

describe('parseHostPattern and matchesHost', () => {
  it.each<[string, string[], string[]]>([
    ['wiki.example', ['wiki.example'], ['a.wiki.example', 'example', 'xwiki.example']],
    ['*.example', ['a.example', 'a.b.example'], ['example', 'xexample', 'a.example.test', '.example']],
    ['10.0.0.0/8', ['10.0.0.0', '10.255.255.255', '::ffff:10.1.1.1'], ['9.255.255.255', '11.0.0.0', 'ten.example']],
    ['10.9.9.9/8', ['10.0.0.0'], ['11.0.0.0']],
    ['10.0.0.7', ['10.0.0.7'], ['10.0.0.6', '10.0.0.8']],
    ['10.0.0.250-10.0.1.5', ['10.0.0.250', '10.0.0.255', '10.0.1.5'], ['10.0.0.249', '10.0.1.6']],
    ['0.0.0.0/0', ['0.0.0.0', '255.255.255.255'], ['::1', '2001:db8::1']],
    ['2001:db8::/32', ['2001:db8:ffff::1'], ['2001:db9::', '32.1.13.184']],
    ['::1-::3', ['::2'], ['::', '::4', '0.0.0.2']],
    ['::/0', ['::', '2001:db8::1', '::fffe:ffff:ffff', '::1:0:0:0'], ['10.0.0.1', '::ffff:10.0.0.1', '0.0.0.0']],
    ['::/80', ['::1'], ['10.0.0.1', '::ffff:a00:1']],
    ['::fffe:0:0/95', ['::fffe:1:1'], ['10.0.0.1', '255.255.255.255']],
    ['::ffff:0:0/96', ['0.0.0.0', '10.0.0.1', '::ffff:10.0.0.1'], ['::fffe:ffff:ffff', '::1:0:0:0']],
    ['::ffff:10.0.0.0/104', ['10.9.9.9'], ['11.0.0.0']],
    ['::fffe:ffff:ffff-::1:0:0:0', ['::fffe:ffff:ffff', '::1:0:0:0'], ['0.0.0.0', '255.255.255.255']],
    ['::ffff:10.0.0.1-10.0.0.9', ['10.0.0.1', '10.0.0.9'], ['10.0.0.10']],
  ])('%s', (text, inside, outside) => {
    const pattern = parseHostPattern(text);
    expect(pattern).not.toBeNull();
    expect(pattern === null ? [] : inside.filter((host) => matchesHost(pattern, host))).toEqual(inside);
    expect(pattern === null ? [] : outside.filter((host) => matchesHost(pattern, host))).toEqual([]);
  });

  it.each([
    '',
    '*',
    '*.',
    '**.example',
    '*.*.example',
    'a.*.example',
    '*example',
    '*.10.0.0.1',
    '10.0.0.0/33',
    '10.0.0.0/',
    '10.0.0.0/-1',
    '10.0.0/8',
    '::/129',
    '/8',
    '10.0.0.9-10.0.0.1',
    '10.0.0.1-2001:db8::1',
    '::1-10.0.0.1',
    'example/8',
    'a b',
    '10.0.0.1-',
    '10.0.0.1:80',
    'http://wiki.example',
  ])('refuses %j', (text) => expect(parseHostPattern(text)).toBeNull());

  it('never throws, and matches every text that names it', () => {
    fc.assert(
      fc.property(fc.oneof(fqdn, fc.ipV4(), fc.ipV6(), fc.string({ unit: 'binary', maxLength: 30 })), (text) => {
        const pattern = parseHostPattern(text);
        const itself = addressNumber(text) === null ? canonicalName(text) : text;
        expect(pattern === null || itself === null || matchesHost(pattern, itself)).toBe(true);
      }),
      { numRuns: 5_000 },
    );
  });

  it('takes below for below, label by label', () => {
    fc.assert(
      fc.property(fqdn, fqdn, (host, suffix) => {
        const pattern = parseHostPattern(`*.${suffix}`);
        expect(pattern).not.toBeNull();
        expect(pattern !== null && matchesHost(pattern, host)).toBe(isBelow(host, suffix));
        expect(pattern !== null && matchesHost(pattern, `${host}.${suffix}`)).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });

  it('takes a network for the addresses that share its first bits', () => {
    const dotted = (n: number): string => [n >>> 24, (n >>> 16) & 255, (n >>> 8) & 255, n & 255].join('.');
    const u32 = fc.integer({ min: 0, max: 0xffffffff });
    fc.assert(
      fc.property(
        u32,
        fc.integer({ min: 0, max: 32 }),
        u32,
        fc.integer({ min: 0, max: 32 }),
        (network, bits, other, shared) => {
          // An address that shares `shared` bits at least, so that both answers occur.
          const keep = shared === 0 ? 0 : (0xffffffff << (32 - shared)) >>> 0;
          const address = ((network & keep) | (other & ~keep)) >>> 0;
          const bitsOf = (n: number): string => n.toString(2).padStart(32, '0').slice(0, bits);
          const pattern = parseHostPattern(`${dotted(network)}/${bits}`);
          expect(pattern !== null && matchesHost(pattern, dotted(address))).toBe(bitsOf(network) === bitsOf(address));
        },
      ),
      { numRuns: 2_000 },
    );
  });
});

it('only localhost and what is below it is loopback by name', () => {
  expect(['localhost', 'app.causeway.localhost'].every(isLocalhostName)).toBe(true);
  expect(['notlocalhost', 'localhost.example', 'a.notlocalhost', ''].some(isLocalhostName)).toBe(false);
});
