import { pino } from 'pino';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { EpochFollower } from './epoch-follower.ts';
import { sqlitePlace } from './store/fixtures/store-place.ts';
import { openStore } from './store/kysely-store.ts';
import type { Store } from './store/store.ts';

let place: Awaited<ReturnType<typeof sqlitePlace>>;
let here: Store;
let elsewhere: Store;
let feed: { epoch: number; advance: (epoch: number) => Promise<void> };
let follower: EpochFollower;
let told: number[];

beforeEach(async () => {
  place = await sqlitePlace();
  [here, elsewhere] = await Promise.all([openStore(place.location), openStore(place.location)]);
  told = [];
  feed = {
    epoch: 0,
    advance: async (epoch) => {
      feed.epoch = epoch;
      told.push(epoch);
    },
  };
  follower = new EpochFollower({ store: here, feed, log: pino({ level: 'silent' }), ownMs: 5 });
});

afterEach(async () => {
  await follower.stop();
  await Promise.all([here.close(), elsewhere.close()]);
  await place.remove();
});

async function endDevice(store: Store, id: string): Promise<void> {
  await store.createDevice({ id, name: id, user: 'ann', createdAt: 1, revokedAt: null });
  await store.revokeDevice(id, 2);
}

test('what another process ended raises the epoch that the edges hear of, once', async () => {
  await follower.look();
  expect(told).toEqual([]);
  await endDevice(elsewhere, 'd1');
  await endDevice(elsewhere, 'd2');
  await Promise.all([follower.look(), follower.look()]);
  expect(told).toEqual([2]);
  await follower.look();
  expect(told).toEqual([2]);
});

test('what this process ended and told itself is not told again', async () => {
  await endDevice(here, 'd1');
  const looking = follower.look();
  feed.epoch = 1;
  await looking;
  expect(told).toEqual([]);
});

test('a store that does not answer is asked again by the next look', async () => {
  await endDevice(elsewhere, 'd1');
  vi.spyOn(here, 'epoch').mockRejectedValueOnce(new Error('away'));
  await follower.look();
  expect(told).toEqual([]);
  await follower.look();
  expect(told).toEqual([1]);
});
