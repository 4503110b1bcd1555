import { beforeEach, describe, expect, it } from 'vitest';
import { LIMITS } from '@causeway/contract';
import { PendingLogins } from './pending.ts';

describe('PendingLogins', () => {
  let now = 1_000_000;
  let pending: PendingLogins;
  beforeEach(() => {
    now = 1_000_000;
    pending = new PendingLogins(() => now);
  });

  it('gives the login back once, to the browser that began it', () => {
    const intent = { host: 'a.test', path: '/x', nonceHash: 'n', at: now };
    const { relayState, cookie, requestId } = pending.begin('10.0.0.1', intent, null);
    expect(requestId).toMatch(/^_[0-9a-f]{40}$/);
    expect(pending.take(relayState, cookie)).toEqual({ requestId, intent });
    expect(() => pending.take(relayState, cookie)).toThrow(expect.objectContaining({ code: 'CW_SAML_NO_PENDING' }));
  });

  it('refuses another browser, and leaves the login to the right one', () => {
    const mine = pending.begin('10.0.0.1', null, null);
    const other = pending.begin('10.0.0.2', null, null);
    for (const cookie of [other.cookie, '', 'x', mine.cookie.slice(1)]) {
      expect(() => pending.take(mine.relayState, cookie)).toThrow(
        expect.objectContaining({ code: 'CW_SAML_NO_PENDING' }),
      );
    }
    expect(() => pending.take('', mine.cookie)).toThrow(expect.objectContaining({ code: 'CW_SAML_NO_PENDING' }));
    expect(pending.take(mine.relayState, mine.cookie).requestId).toBe(mine.requestId);
  });

  it('keeps a well-formed cookie, so that two tabs log in at once, and replaces any other', () => {
    const first = pending.begin('10.0.0.1', null, null);
    const second = pending.begin('10.0.0.1', null, first.cookie);
    expect(second.cookie).toBe(first.cookie);
    expect(pending.take(first.relayState, first.cookie).requestId).toBe(first.requestId);
    expect(pending.take(second.relayState, first.cookie).requestId).toBe(second.requestId);
    expect(pending.begin('10.0.0.1', null, 'short').cookie).toMatch(/^[\w-]{43}$/);
  });

  it('forgets after ten minutes', () => {
    const { relayState, cookie } = pending.begin('10.0.0.1', null, null);
    now += LIMITS.preLoginMs;
    expect(() => pending.take(relayState, cookie)).toThrow(expect.objectContaining({ code: 'CW_SAML_NO_PENDING' }));
    expect(pending.size).toBe(0);
  });

  it('is bounded for each address and altogether, and frees what ended', () => {
    for (let n = 0; n < 100; n++) pending.begin('10.0.0.1', null, null);
    expect(() => pending.begin('10.0.0.1', null, null)).toThrow(expect.objectContaining({ code: 'CW_BUSY' }));
    for (let n = 0; n < 9_900; n++) pending.begin(`10.1.${n >> 8}.${n & 255}`, null, null);
    expect(() => pending.begin('10.0.0.2', null, null)).toThrow(expect.objectContaining({ code: 'CW_BUSY' }));
    now += LIMITS.preLoginMs;
    expect(pending.begin('10.0.0.1', null, null).cookie).not.toBe('');
    expect(pending.size).toBe(1);
  });
});
