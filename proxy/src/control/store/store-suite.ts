import { codeOf } from '@causeway/contract';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { StorePlace } from './fixtures/store-place.ts';
import { openStore } from './kysely-store.ts';
import type { SessionRecord, Store } from './store.ts';

/** What `Store` does on every database. */
export function storeSuite(name: string, makePlace: () => Promise<StorePlace>): void {
  describe(`the store contract on ${name}`, () => {
    let place: StorePlace;
    let store: Store;
    const open = (): Promise<Store> => openStore(place.location);

    beforeEach(async () => {
      place = await makePlace();
      store = await open();
    });
    afterEach(async () => {
      await store.close();
      await place.remove();
    });

    const reopen = async (): Promise<void> => {
      await store.close();
      store = await open();
    };

    test('a session is found by id, login and person', async () => {
      const ann = session('s_1', 'ann');
      await store.createSession(ann);
      await store.createSession({ ...session('s_2', 'bob'), sessionIndex: 'idx', expiresAt: 500 });
      expect(await store.session('s_1')).toEqual(ann);
      expect(await store.session('s_3')).toBeNull();
      expect(await store.sessionByLoginHash('login-s_1')).toEqual(ann);
      expect(await store.sessionByLoginHash('login-s_3')).toBeNull();
      expect(await store.sessionsOf('ann')).toEqual([ann]);
      expect(await store.sessions(499)).toHaveLength(2);
      expect(await store.sessions(500)).toEqual([ann]);
    });

    test('two sessions never share an id or a login', async () => {
      await store.createSession(session('s_1', 'ann'));
      await expect(store.createSession(session('s_1', 'bob'))).rejects.toMatchObject({ code: 'CW_STORE_FAILED' });
      await expect(store.createSession({ ...session('s_2', 'bob'), loginHash: 'login-s_1' })).rejects.toMatchObject({
        code: 'CW_STORE_FAILED',
      });
      expect(await store.session('s_1')).toMatchObject({ user: 'ann' });
    });

    test('a grant carries its session’s principal and ends with it', async () => {
      await store.createSession(session('s_1', 'ann'));
      await store.addAppToken({ tokenHash: 't1', session: 's_1', host: 'a.example', createdAt: 5 });
      await store.addAppToken({ tokenHash: 't2', session: 's_1', host: 'b.example', createdAt: 6 });
      const grant = await store.grant('t1', 0);
      expect(grant).toEqual({
        tokenHash: 't1',
        host: 'a.example',
        principal: {
          user: 'ann',
          displayName: 'ann!',
          groups: ['staff'],
          ou: 'corp/sales',
          method: 'browser',
          authenticatedAt: 1,
          session: 's_1',
        },
        expiresAt: 1_000,
      });
      expect((await store.grants(0)).map((g) => g.tokenHash).toSorted()).toEqual(['t1', 't2']);
      expect(await store.grant('t1', 1_000)).toBeNull();
      expect(await store.grants(1_000)).toEqual([]);
      expect(await store.grant('t3', 0)).toBeNull();
    });

    test('no token outlives or precedes its session', async () => {
      const token = { tokenHash: 't1', session: 's_1', host: 'a.example', createdAt: 5 };
      await expect(store.addAppToken(token)).rejects.toMatchObject({ code: 'CW_STORE_FAILED' });
      await store.createSession(session('s_1', 'ann'));
      await store.addAppToken(token);
      const before = await store.epoch();
      expect(await store.endSession('s_1')).toBe(true);
      expect(await store.grant('t1', 0)).toBeNull();
      expect(await store.grants(0)).toEqual([]);
      expect(await store.session('s_1')).toBeNull();
      expect(await store.epoch()).toBe(before + 1);
      expect(await store.endSession('s_1')).toBe(false);
      expect(await store.epoch()).toBe(before + 1);
    });

    test('a join token is taken exactly once, also when many try at once', async () => {
      const token = { hash: 'h', kind: 'device', owner: 'ann', expiresAt: 100 } as const;
      await store.createJoinToken(token);
      const other = await open();
      const tries = await Promise.all(
        Array.from({ length: 40 }, (_, i) => (i % 2 === 0 ? store : other).takeJoinToken('h', 99)),
      );
      await other.close();
      expect(tries.filter((t) => t !== null)).toEqual([token]);
    });

    test('a join token that has expired or is unknown is not given', async () => {
      await store.createJoinToken({ hash: 'h', kind: 'publisher', owner: 'dc1', expiresAt: 100 });
      expect(await store.takeJoinToken('h', 100)).toBeNull();
      expect(await store.takeJoinToken('other', 0)).toBeNull();
      expect(await store.takeJoinToken('h', 99)).toMatchObject({ kind: 'publisher', owner: 'dc1' });
    });

    test('join tokens of publishers are listed while they are good, and recalled', async () => {
      const token = (hash: string, kind: 'publisher' | 'device', expiresAt: number) => ({
        hash,
        kind,
        owner: 'dc1',
        expiresAt,
      });
      const late = token('late', 'publisher', 300);
      for (const one of [
        late,
        token('soon', 'publisher', 200),
        token('over', 'publisher', 100),
        token('d', 'device', 300),
      ]) {
        await store.createJoinToken(one);
      }
      expect(await store.publisherJoinTokens(100)).toEqual([token('soon', 'publisher', 200), late]);
      expect(await store.dropPublisherJoinToken('soon')).toBe(true);
      expect(await store.takeJoinToken('soon', 0)).toBeNull();
      expect([await store.dropPublisherJoinToken('soon'), await store.dropPublisherJoinToken('d')]).toEqual([
        false,
        false,
      ]);
      expect(await store.publisherJoinTokens(0)).toHaveLength(2);
    });

    test('devices that come at once never pass the limit of their person together', async () => {
      const device = { name: 'laptop', createdAt: 1, revokedAt: null };
      const add = (id: string, user: string): Promise<string> =>
        store.createDevice({ ...device, id, user }, 2).then(() => 'added', codeOf);
      for (const [round, user] of ['ann', 'bob', 'eve'].entries()) {
        const tries = Array.from({ length: 6 }, (_, i) =>
          add(`${round}-${i}`, i % 2 === 0 ? user : user.toUpperCase()),
        );
        expect((await Promise.all(tries)).filter((result) => result === 'added')).toHaveLength(2);
      }
      const [first] = await store.devicesOf(['ann']);
      if (first !== undefined) await store.revokeDevice(first.id, 9);
      expect([await add('3', 'ann'), await add('4', 'ann')]).toEqual(['added', 'CW_DEVICE_LIMIT']);
    });

    test('publishers and devices are revoked once and for good', async () => {
      const publisher = { id: 'p_1', name: 'dc1', createdAt: 1, revokedAt: null };
      const device = { id: 'd_1', name: 'laptop', user: 'ann', createdAt: 1, revokedAt: null };
      await store.createPublisher(publisher);
      await store.createPublisher({ ...publisher, id: 'p_2' });
      await store.createDevice(device);
      await store.createDevice({ ...device, id: 'd_2', user: 'bob' });
      expect(await store.publisher('p_1')).toEqual(publisher);
      expect(await store.publisher('p_3')).toBeNull();
      expect(await store.publishers()).toHaveLength(2);
      expect(await store.device('d_1')).toEqual(device);
      expect(await store.device('d_3')).toBeNull();
      expect(await store.devices()).toHaveLength(2);
      expect(await store.devicesOf(['ann', 'nobody'])).toEqual([device]);

      expect(await store.revokePublisher('p_1', 7)).toBe(true);
      expect(await store.revokePublisher('p_1', 8)).toBe(false);
      expect(await store.revokePublisher('p_3', 8)).toBe(false);
      expect(await store.revokeDevice('d_1', 9)).toBe(true);
      expect(await store.revokeDevice('d_1', 9)).toBe(false);
      expect(await store.epoch()).toBe(2);
      expect((await store.publisher('p_1'))?.revokedAt).toBe(7);
      expect((await store.publisher('p_2'))?.revokedAt).toBeNull();
      expect((await store.device('d_1'))?.revokedAt).toBe(9);
    });

    test('a certificate is known by its fingerprint', async () => {
      const certificate = { fingerprint: 'f'.repeat(64), kind: 'device', owner: 'd_1', notAfter: 9 } as const;
      await store.addCertificate(certificate);
      expect(await store.certificate(certificate.fingerprint)).toEqual(certificate);
      expect(await store.certificate('0'.repeat(64))).toBeNull();
    });

    test('an assertion is used once, also when many try at once', async () => {
      const tries = await Promise.all(Array.from({ length: 20 }, () => store.useOnce(['a'], 100)));
      expect(tries.filter(Boolean)).toHaveLength(1);
      expect(await store.useOnce(['b'], 100)).toBe(true);
      expect(await store.useOnce(['a', 'c'], 100)).toBe(false);
      const pairs = await Promise.all(Array.from({ length: 20 }, (_, i) => store.useOnce([`d${i}`, 'e'], 100)));
      expect(pairs.filter(Boolean)).toHaveLength(1);
    });

    test('a sweep forgets what has expired and nothing else', async () => {
      await store.createSession(session('s_1', 'ann'));
      await store.createSession({ ...session('s_2', 'ann'), expiresAt: 2_000 });
      await store.addAppToken({ tokenHash: 't1', session: 's_1', host: 'a.example', createdAt: 5 });
      await store.addAppToken({ tokenHash: 't2', session: 's_2', host: 'a.example', createdAt: 5 });
      await store.createJoinToken({ hash: 'h1', kind: 'device', owner: 'ann', expiresAt: 1_000 });
      await store.createJoinToken({ hash: 'h2', kind: 'device', owner: 'ann', expiresAt: 2_000 });
      await store.useOnce(['a1'], 1_000);
      await store.useOnce(['a2'], 2_000);
      await store.sweep(1_000);
      expect(await store.session('s_1')).toBeNull();
      expect((await store.grants(0)).map((g) => g.tokenHash)).toEqual(['t2']);
      expect(await store.takeJoinToken('h1', 0)).toBeNull();
      expect(await store.takeJoinToken('h2', 0)).not.toBeNull();
      expect(await store.useOnce(['a1'], 1_000)).toBe(true);
      expect(await store.useOnce(['a2'], 2_000)).toBe(false);
    });

    test('everything is there after closing and opening again', async () => {
      await store.createSession(session('s_1', 'ann'));
      await store.addAppToken({ tokenHash: 't1', session: 's_1', host: 'a.example', createdAt: 5 });
      await store.createSession(session('s_2', 'bob'));
      await store.endSession('s_2');
      await reopen();
      expect(await store.session('s_1')).toEqual(session('s_1', 'ann'));
      expect(await store.grants(0)).toHaveLength(1);
      expect(await store.epoch()).toBe(1);
    });

    test('writes at once from two openers all arrive', async () => {
      const other = await open();
      const writes = Array.from({ length: 60 }, (_, i) =>
        (i % 2 === 0 ? store : other).createSession(session(`s_${i}`, 'ann')),
      );
      await Promise.all(writes);
      await other.close();
      expect(await store.sessionsOf('ann')).toHaveLength(60);
    });

    test('closing twice is closing once, and a closed store says so', async () => {
      await store.close();
      await store.close();
      await expect(store.epoch()).rejects.toMatchObject({ code: 'CW_STORE_FAILED' });
    });
  });
}

function session(id: string, user: string): SessionRecord {
  return {
    id,
    user,
    displayName: `${user}!`,
    groups: ['staff'],
    ou: 'corp/sales',
    loginHash: `login-${id}`,
    createdAt: 1,
    expiresAt: 1_000,
    address: '127.0.0.1',
    nameId: user,
    sessionIndex: null,
  };
}
