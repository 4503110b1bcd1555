import { CausewayError } from '@causeway/contract';
import { describe, expect, it } from 'vitest';
import { AllowList } from './allow-list.ts';

const list = new AllowList([
  '127.0.0.1:8080',
  '*.corp.example:80,443',
  'Intranet.corp.example:*',
  '10.0.0.0/8:22',
  '10.1.0.0/16:443',
  '10.1.2.0-10.1.2.9:8000-8010',
  '[fd00::/8]:443',
  '[2001:db8::1]:80',
]);

describe('names', () => {
  it.each([
    ['intranet.corp.example', 1, true],
    ['intranet.corp.example', 65_535, true],
    ['wiki.corp.example', 80, true],
    ['a.b.corp.example', 443, true],
    ['wiki.corp.example', 8080, false],
    ['corp.example', 80, false],
    ['evilcorp.example', 80, false],
    ['corp.example.evil.test', 80, false],
    ['localhost', 8080, false],
  ])('%s:%i → %s', (name, port, permit) => {
    expect(list.name(name, port).permit).toBe(permit);
  });
});

describe('addresses', () => {
  it.each([
    ['127.0.0.1', 8080, true],
    ['::ffff:127.0.0.1', 8080, true],
    ['::ffff:7f00:1', 8080, true],
    ['127.0.0.1', 8081, false],
    ['127.0.0.2', 8080, false],
    ['2130706433', 8080, false],
    ['0x7f.1', 8080, false],
    ['0177.0.0.1', 8080, false],
    ['127.1', 8080, false],
    ['169.254.169.254', 80, false],
    ['::ffff:169.254.169.254', 80, false],
    ['10.9.9.9', 22, true],
    ['10.9.9.9', 443, false],
    ['10.1.9.9', 443, true],
    // an outer prefix's ports still count inside a longer one
    ['10.1.9.9', 22, true],
    ['10.1.2.5', 8005, true],
    ['10.1.2.5', 443, true],
    ['10.1.2.5', 22, true],
    ['10.1.2.10', 8005, false],
    ['11.0.0.1', 22, false],
    ['fd12::1', 443, true],
    ['fd12::1', 80, false],
    ['2001:db8::1', 80, true],
    ['2001:db8:0:0:0:0:0:1', 80, true],
    ['2001:db8::2', 80, false],
  ])('%s:%i → %s', (address, port, permit) => {
    expect(list.address(address, port).permit).toBe(permit);
  });

  it('says which entry decided', () => {
    expect(list.address('10.1.9.9', 22).why).toContain('10.0.0.0/8:22');
    expect(list.address('10.1.9.9', 23).why).toContain('do not name port 23');
    expect(list.address('8.8.8.8', 53).why).toContain('no entry');
  });

  it('does not let an IPv6 default route mean IPv4', () => {
    const v6 = new AllowList(['[::/0]:443']);
    expect(v6.address('2001:db8::1', 443).permit).toBe(true);
    expect(v6.address('10.0.0.1', 443).permit).toBe(false);
    expect(v6.address('::ffff:10.0.0.1', 443).permit).toBe(false);
    const v4 = new AllowList(['0.0.0.0/0:443']);
    expect(v4.address('10.0.0.1', 443).permit).toBe(true);
    expect(v4.address('2001:db8::1', 443).permit).toBe(false);
  });

  it('permits nothing when empty', () => {
    const empty = new AllowList([]);
    expect(empty.hasNetworks).toBe(false);
    expect(empty.address('10.0.0.1', 80).permit).toBe(false);
    expect(empty.name('a.example', 80).permit).toBe(false);
  });
});

describe('entries that are refused', () => {
  it.each([
    '10.0.0.1',
    '10.0.0.1:',
    '10.0.0.1:0',
    '10.0.0.1:65536',
    '10.0.0.1:90-80',
    '10.0.0.1:http',
    'fd00::1:443',
    '[fd00::1]',
    '10.0.0.0/33:80',
    '2130706433:80',
    '-bad-.example:80',
    '*:80',
    '',
  ])('%s', (text) => {
    expect(() => new AllowList([text])).toThrow(CausewayError);
  });
});
