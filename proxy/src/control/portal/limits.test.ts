import { describe, expect, it } from 'vitest';
import { addressKey } from './address-key.ts';
import { RateLimit } from './rate-limit.ts';

describe('addressKey', () => {
  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
    ['2001:db8:1:2::ffff', '2001:db8:1:2'],
    ['fe80::1%eth0', 'fe80:0:0:0'],
    ['unknown', 'unknown'],
  ])('of %s is %s', (address, key) => {
    expect(addressKey(address)).toBe(key);
  });
});

describe('RateLimit', () => {
  it('lets a burst through, then so many a second', () => {
    let now = 0;
    const limit = new RateLimit({ burst: 3, perSecond: 2, addresses: 10 }, () => now);
    expect([1, 2, 3, 4].map(() => limit.take('a'))).toEqual([true, true, true, false]);
    expect(limit.take('b')).toBe(true);
    now = 500;
    expect([1, 2].map(() => limit.take('a'))).toEqual([true, false]);
    now = 60_000;
    expect([1, 2, 3, 4].map(() => limit.take('a'))).toEqual([true, true, true, false]);
  });

  it('locks nobody out when the clock is set back', () => {
    let now = 3_600_000;
    const limit = new RateLimit({ burst: 2, perSecond: 1, addresses: 10 }, () => now);
    expect(limit.take('a')).toBe(true);
    now = 0;
    expect([1, 2].map(() => limit.take('a'))).toEqual([true, false]);
    now = 1_000;
    expect(limit.take('a')).toBe(true);
  });

  it('remembers so many addresses and forgets the one that asked least recently', () => {
    const limit = new RateLimit({ burst: 1, perSecond: 0, addresses: 2 }, () => 0);
    limit.take('a');
    limit.take('b');
    limit.take('a');
    limit.take('c');
    expect(limit.size).toBe(2);
    expect(limit.take('a')).toBe(false);
    expect(limit.take('b')).toBe(true);
  });
});
