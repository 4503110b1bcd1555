import { beforeEach, describe, expect, it } from 'vitest';
import { LIMITS } from '@causeway/contract';
import { PendingLogins } from './pending.ts';

const KEY = Buffer.alloc(32, 1);
const INTENT = { host: 'a.test', path: '/x', nonceHash: 'n', at: 1 };
const REFUSED = expect.objectContaining({ code: 'CW_SAML_NO_PENDING' }) as Error;

const pair = (cookie: string): string => cookie.split(';')[0] ?? '';
const nameOf = (cookie: string): string => cookie.split('=')[0] ?? '';

describe('PendingLogins', () => {
  let now = 1_000_000;
  let pending: PendingLogins;
  beforeEach(() => {
    now = 1_000_000;
    pending = new PendingLogins(KEY, () => now);
  });

  it('gives the login to the browser that began it, at every PoP with the key', () => {
    const { relayState, cookie, requestId } = pending.begin(INTENT, undefined);
    expect(requestId).toMatch(/^_[0-9a-f]{40}$/);
    expect(relayState).toMatch(/^[\w-]{43}$/);
    expect(cookie).toMatch(/; Max-Age=600; Secure; HttpOnly; SameSite=None$/);
    const other = new PendingLogins(KEY, () => now + 5_000);
    expect(other.waits(pair(cookie))).toBe(true);
    const opened = other.open(relayState, pair(cookie));
    expect(opened).toMatchObject({ requestId, intent: INTENT });
    expect(opened.until).toBeGreaterThan(now + LIMITS.preLoginMs);
    expect(opened.cookie).toMatch(new RegExp(`^${nameOf(cookie)}=; Path=/; Max-Age=0; Secure`));
  });

  it('refuses another browser, another deployment, and what was changed', () => {
    const mine = pending.begin(null, undefined);
    const other = pending.begin(null, undefined);
    const value = pair(mine.cookie).split('=')[1] ?? '';
    const changed = `${value.slice(0, 40)}${value[40] === 'A' ? 'B' : 'A'}${value.slice(41)}`;
    const name = nameOf(mine.cookie);
    const twice = `${pair(mine.cookie)}; ${pair(mine.cookie)}`;
    for (const cookies of [pair(other.cookie), undefined, '', `${name}=x`, `${name}=${changed}`, twice]) {
      expect(() => pending.open(mine.relayState, cookies)).toThrow(REFUSED);
    }
    for (const cookies of [undefined, `${name}=x`, `${name}=${changed}`, twice]) {
      expect(pending.waits(cookies)).toBe(false);
    }
    expect(() => pending.open('', pair(mine.cookie))).toThrow(REFUSED);
    const foreign = new PendingLogins(Buffer.alloc(32, 2), () => now);
    expect(() => foreign.open(mine.relayState, pair(mine.cookie))).toThrow(REFUSED);
  });

  it('lets four tabs log in at once; a fifth takes the place of the oldest', () => {
    const begun: ReturnType<PendingLogins['begin']>[] = [];
    const jar = new Map<string, string>();
    const shown = (): string => [...jar.values()].join('; ');
    for (let tab = 0; tab < 5; tab++) {
      const one = pending.begin({ ...INTENT, path: `/${tab}` }, shown());
      begun.push(one);
      jar.set(nameOf(one.cookie), pair(one.cookie));
      now += 1_000;
    }
    expect(jar.size).toBe(4);
    expect(() => pending.open(begun[0]?.relayState ?? '', shown())).toThrow(REFUSED);
    const paths = begun.slice(1).map(({ relayState }) => pending.open(relayState, shown()).intent?.path);
    expect(paths).toEqual(['/1', '/2', '/3', '/4']);
  });

  it('fits a cookie: a deep link that is too long is not kept', () => {
    for (const [path, kept] of [
      [`/${'x'.repeat(2_047)}`, true],
      [`/${'"'.repeat(2_047)}`, false],
    ] as const) {
      const { relayState, cookie } = pending.begin({ ...INTENT, host: 'h'.repeat(253), path }, undefined);
      expect(pair(cookie).length).toBeLessThan(4_096);
      expect(pending.open(relayState, pair(cookie)).intent?.path).toBe(kept ? path : '/');
    }
  });

  it('is over after ten minutes, and never begins in the future', () => {
    const { relayState, cookie } = pending.begin(null, undefined);
    now += LIMITS.preLoginMs - 1;
    expect(pending.open(relayState, pair(cookie)).requestId).toMatch(/^_/);
    now += 1;
    expect(() => pending.open(relayState, pair(cookie))).toThrow(REFUSED);
    now -= 2 * LIMITS.preLoginMs;
    expect(pending.waits(pair(cookie))).toBe(false);
  });
});
