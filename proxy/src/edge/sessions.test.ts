import { describe, expect, test, vi } from 'vitest';
import type { SessionGrant } from '../rpc/messages.ts';
import { Sessions } from './sessions.ts';

function grantOf(tokenHash: string, session = `s_${tokenHash}`, expiresAt = 1_000_000): SessionGrant {
  const principal = {
    user: 'alice',
    displayName: 'Alice',
    groups: [],
    method: 'browser' as const,
    authenticatedAt: 0,
    session,
  };
  return { tokenHash, host: 'a.example', principal, expiresAt };
}

function setUp(lookup: (hash: string) => Promise<SessionGrant | null> = () => Promise.resolve(null)) {
  let time = 0;
  const asked = vi.fn<typeof lookup>(lookup);
  const sessions = new Sessions({ lookup: asked, now: () => time });
  return { sessions, asked, at: (ms: number) => (time = ms) };
}

describe('Sessions', () => {
  test('finds what was pushed at once, until it expires', () => {
    const { sessions, at, asked } = setUp();
    sessions.put(grantOf('a', 's_1', 100));
    expect(sessions.find('a')).toMatchObject({ grant: { tokenHash: 'a' } });
    at(100);
    expect(sessions.find('a')).toBeNull();
    expect(sessions.size).toBe(0);
    expect(asked).not.toHaveBeenCalled();
  });

  test('that gets other groups is the same session, which says so', () => {
    const { sessions } = setUp();
    const grant = grantOf('a');
    expect(sessions.put(grant)).toBe(false);
    const held = sessions.find('a');
    expect(sessions.put({ ...grant, principal: { ...grant.principal } })).toBe(false);
    expect(sessions.put({ ...grant, principal: { ...grant.principal, groups: ['staff'] } })).toBe(true);
    expect(sessions.find('a')).toBe(held);
    expect(held).toMatchObject({ principal: { groups: ['staff'] }, ended: false });
  });

  test('asks control once for what it does not know, and remembers the answer for a while', async () => {
    const { sessions, asked, at } = setUp();
    const both = await Promise.all([sessions.find('x'), sessions.find('x')]);
    expect(both).toEqual([null, null]);
    expect(sessions.find('x')).toBeNull();
    expect(asked).toHaveBeenCalledTimes(1);
    at(10_001);
    await sessions.find('x');
    expect(asked).toHaveBeenCalledTimes(2);
  });

  test('a push overrules a remembered miss', async () => {
    const { sessions } = setUp();
    await sessions.find('x');
    sessions.put(grantOf('x'));
    expect(sessions.find('x')).not.toBeNull();
  });

  test('an answer for another token is none', async () => {
    const { sessions } = setUp(() => Promise.resolve(grantOf('other')));
    expect(await sessions.find('x')).toBeNull();
    expect(sessions.size).toBe(0);
  });

  test('asks at most so much per second, and rejects with what control says', async () => {
    const { sessions, asked, at } = setUp();
    const answers = [];
    for (let i = 0; i < 300; i++) answers.push(await sessions.find(`t${i}`));
    expect(asked).toHaveBeenCalledTimes(200);
    expect(answers.filter((answer) => answer === 'busy')).toHaveLength(100);
    at(1_000);
    expect(await sessions.find('t299')).toBeNull();

    const away = setUp(() => Promise.reject(new Error('away')));
    await expect(away.sessions.find('x')).rejects.toThrow('away');
  });

  test('a whole new state ends what is not in it', () => {
    const { sessions } = setUp();
    for (const [hash, session] of [
      ['a', 's_1'],
      ['b', 's_1'],
      ['c', 's_2'],
    ] as const)
      sessions.put(grantOf(hash, session));
    const kept = sessions.find('a');
    expect(sessions.replaceAll([grantOf('a', 's_1'), grantOf('d', 's_3')])).toEqual(['s_2']);
    expect(sessions.find('a')).toBe(kept);
    expect(sessions.size).toBe(2);
  });

  test('a login session that ends takes all its tokens with it', async () => {
    const { sessions } = setUp();
    sessions.put(grantOf('a', 's_1'));
    sessions.put(grantOf('b', 's_1'));
    sessions.put(grantOf('c', 's_2'));
    await sessions.end(['s_1']);
    expect(sessions.size).toBe(1);
  });

  test('sweeping names the login sessions that expired', () => {
    const { sessions, at } = setUp();
    sessions.put(grantOf('a', 's_1', 10));
    sessions.put(grantOf('b', 's_2', 20));
    at(10);
    expect(sessions.sweep()).toEqual(['s_1']);
  });

  test('only what could be a token is hashed', () => {
    expect(Sessions.hashOf('a'.repeat(43))).toMatch(/^[\w-]{43}$/);
    for (const text of ['', 'a'.repeat(42), 'a'.repeat(44), `${'a'.repeat(42)}=`]) {
      expect(Sessions.hashOf(text)).toBeNull();
    }
  });

  test('what ends while others are regrouped in slices does not come back', async () => {
    const { sessions } = setUp();
    const grants = Array.from({ length: 20_000 }, (_, i) => grantOf(`t${i}`, `s_${i}`));
    for (const grant of grants) sessions.put(grant);
    const regrouped = grants.map((grant) => ({ ...grant, principal: { ...grant.principal, groups: ['staff'] } }));
    const regrouping = sessions.regroup(regrouped);
    await sessions.end(['s_19999']);
    await regrouping;
    expect(await sessions.find('t19999')).toBeNull();
    expect(sessions.find('t19998')).toMatchObject({ principal: { groups: ['staff'] } });
    // Nor does what had ended before, of grants that were read before that.
    await sessions.regroup(regrouped.slice(-1));
    expect(sessions.size).toBe(19_999);
  });

  test('an answer from before the session ended lets nobody in, one from before a regrouping is asked for again', async () => {
    const answers = Array.from({ length: 3 }, () => Promise.withResolvers<SessionGrant | null>());
    const { sessions, asked } = setUp(() => answers[asked.mock.calls.length - 1]?.promise ?? Promise.resolve(null));
    const ending = sessions.find('a');
    await sessions.end(['s_a']);
    answers[0]?.resolve(grantOf('a'));
    expect(await ending).toBeNull();
    expect(sessions.size).toBe(0);

    const regrouping = sessions.find('b');
    const now = { ...grantOf('b'), principal: { ...grantOf('b').principal, groups: ['staff'] } };
    await sessions.regroup([now]);
    answers[1]?.resolve(grantOf('b'));
    answers[2]?.resolve(now);
    expect(await regrouping).toMatchObject({ principal: { groups: ['staff'] } });
    expect(asked).toHaveBeenCalledTimes(3);
  });
});
