import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Principal } from '@causeway/contract';
import type { SessionGrant } from '../rpc/messages.ts';
import { Directory } from './directory/directory.ts';
import type { UserInput } from './directory/records.ts';
import { DirectoryFollower } from './directory-follower.ts';
import { Sessions } from './identity/sessions.ts';
import type { Revoked } from './revocation-feed.ts';
import { sqlitePlace } from './store/fixtures/store-place.ts';
import { KyselyStore } from './store/kysely-store.ts';
import { openDatabase } from './store/open-database.ts';

const IDP = 'default';
const input = (userName: string, change: Partial<UserInput> = {}): UserInput => ({
  userName,
  externalId: null,
  displayName: userName,
  active: true,
  ou: null,
  body: {},
  values: [],
  ...change,
});

let place: Awaited<ReturnType<typeof sqlitePlace>>;
let store: KyselyStore;
let directory: Directory;
let sessions: Sessions;
let follower: DirectoryFollower;
let revoked: Revoked[];
let regrouped: [string, readonly string[]][];
let failing: number;

beforeEach(async () => {
  place = await sqlitePlace();
  const database = await openDatabase(place.location);
  store = new KyselyStore(database);
  directory = new Directory({ database, loginIdp: () => IDP, now: Date.now });
  revoked = [];
  regrouped = [];
  failing = 0;
  const revocations = {
    epoch: 0,
    revoke: async (what: Revoked): Promise<number> => {
      if (failing-- > 0) throw new Error('the store does not answer');
      revoked.push(what);
      return 1;
    },
  };
  sessions = new Sessions(store, directory, revocations, Date.now);
  follower = new DirectoryFollower({
    directory,
    store,
    edges: {
      push: async (call, args) => {
        if (call === 'sessions.regroup') {
          const { grants } = args as { grants: SessionGrant[] };
          for (const { tokenHash, principal } of grants) regrouped.push([tokenHash, principal.groups]);
        } else {
          const { device, principal } = args as { device: string; principal: Principal };
          regrouped.push([device, principal.groups]);
        }
        return [];
      },
    },
    revocations,
    log: pino({ level: 'silent' }),
    now: Date.now,
    retryMs: 1,
  });
});

afterEach(async () => {
  await follower.stop();
  await store.close();
  await place.remove();
});

async function signIn(user: string): Promise<string> {
  const person = { user, displayName: user, groups: [], ou: null, nameId: user, sessionIndex: null, notAfter: null };
  const { session } = await sessions.begin(person, '10.0.0.1', 60_000);
  await store.addAppToken({ tokenHash: `t-${session.id}`, session: session.id, host: 'a.example', createdAt: 1 });
  return session.id;
}

const device = (id: string, user: string, revokedAt: number | null = null) =>
  store.createDevice({ id, name: id, user, createdAt: 1, revokedAt });

test('the end of somebody’s access reaches sessions and devices, though the store failed at first', async () => {
  const { id } = await directory.createUser(IDP, input('ann'));
  const one = await signIn('ann');
  const two = await signIn('ANN');
  await device('d1', 'ann');
  await device('d2', 'ann', 5);
  await device('d3', 'bob');
  failing = 2;
  await directory.changeUser(IDP, id, () => input('ann', { active: false }));
  await follower.idle();
  expect(revoked).toHaveLength(1);
  expect(revoked[0]).toMatchObject({ suspended: ['d1'], why: 'the person was deactivated' });
  expect(revoked[0]?.sessions?.toSorted()).toEqual([one, two].toSorted());
});

test('other groups reach every token of the person and every device, and nobody else', async () => {
  const ann = await directory.createUser(IDP, input('ann'));
  const bob = await directory.createUser(IDP, input('bob'));
  const one = await signIn('ann');
  await signIn('bob');
  await device('d1', 'ann');
  const group = await directory.createGroup(IDP, { name: 'staff', externalId: null }, [ann.id]);
  await follower.idle();
  expect(regrouped).toEqual([
    [`t-${one}`, ['staff']],
    ['d1', ['staff']],
  ]);
  expect(revoked).toEqual([{ why: 'groups changed' }]);
  regrouped.length = 0;
  await directory.changeGroup(IDP, group.id, [{ t: 'members', members: [bob.id] }]);
  await follower.idle();
  expect(Object.fromEntries(regrouped)).toMatchObject({ [`t-${one}`]: [], d1: [] });
  expect(regrouped).toHaveLength(3);
});

test('what changes while another change is told is told too', async () => {
  const people = await Promise.all(['a', 'b', 'c', 'd'].map((name) => directory.createUser(IDP, input(name))));
  for (const { userName } of people) await signIn(userName);
  await Promise.all(
    people.map(({ id, userName }) => directory.changeUser(IDP, id, () => input(userName, { active: false }))),
  );
  await follower.idle();
  expect(revoked.flatMap(({ sessions: ended }) => ended ?? [])).toHaveLength(4);
  expect(revoked.length).toBeLessThanOrEqual(4);
});
