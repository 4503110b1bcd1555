import { pino } from 'pino';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Edges } from './edges.ts';
import { EpochFollower } from './epoch-follower.ts';
import { RevocationFeed } from './revocation-feed.ts';
import { sqlitePlace } from './store/fixtures/store-place.ts';
import { openStore } from './store/kysely-store.ts';
import type { Store } from './store/store.ts';

let place: Awaited<ReturnType<typeof sqlitePlace>>;
let here: Store;
let elsewhere: Store;
let feed: { epoch: number; advance: (epoch: number) => Promise<void> };
const log = pino({ level: 'silent' });
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
  follower = new EpochFollower({ store: here, feed, log, ownMs: 5 });
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

test('what another process ended just before this one did is not taken for its own', async () => {
  const real = new RevocationFeed(here, new Edges(log));
  const following = new EpochFollower({ store: here, feed: real, log, ownMs: 5 });
  await endDevice(elsewhere, 'd1');
  await endDevice(here, 'd2');
  await real.revoke({ devices: ['d2'], why: 'removed' });
  expect(real.epoch).toBe(0);
  await following.look();
  expect(real.epoch).toBe(2);
  // Where nobody else did, edges need not read everything.
  await endDevice(here, 'd3');
  await real.revoke({ devices: ['d3'], why: 'removed' });
  expect(real.epoch).toBe(3);
  await following.stop();
});

test('what was ended is told also where the store is lost right behind it', async () => {
  const edges = new Edges(log);
  const pushed = vi.spyOn(edges, 'push');
  const real = new RevocationFeed(here, edges);
  await endDevice(here, 'd1');
  vi.spyOn(here, 'epoch').mockRejectedValue(new Error('away'));
  await real.revoke({ devices: ['d1'], why: 'removed' });
  expect(pushed).toHaveBeenCalledWith('revoke', expect.objectContaining({ epoch: 1, devices: ['d1'] }));
});

test('a database that went back to an earlier state is lifted over what is known, so that nothing goes unheard', async () => {
  feed.epoch = 40;
  await follower.look();
  expect(told).toEqual([41]);
  await endDevice(elsewhere, 'd1');
  await follower.look();
  expect(told).toEqual([41, 42]);
});
