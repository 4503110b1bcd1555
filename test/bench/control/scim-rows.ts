import {
  fillStore,
  ISSUE_SIZE,
  openScim,
  sqlitePlace,
  startPostgres,
  type ScimClient,
  type ScimPlace,
  type StorePlace,
} from '@causeway/proxy/measured-control';
import { limitRow, ratioRow, type Row } from '../row.ts';
import type { PartOptions } from './part.ts';

const ENTERPRISE = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';
const FULL_SYNC = 100_000;
/** Of the hundred thousand, those that a sample creates. */
const SAMPLE = 5_000;
const SYNC_SECONDS = 300;
/** Requests that an identity provider has under way. */
const AT_ONCE = 8;
const PATCH_MS = 50;
const PAGE_MS = 300;
const MEMORY_MB = 400;
/** A directory of the size that the issue names, and nothing else. */
const DIRECTORY = {
  ...ISSUE_SIZE,
  memberships: 2_000_000,
  apps: 10,
  rules: 10,
  events: 10,
  audit: 10,
  devices: 10,
  requests: 10,
};

export function sqliteScimRows(options: PartOptions): Promise<Row[]> {
  return scimRows('sqlite', sqlitePlace, options);
}

export async function postgresScimRows(options: PartOptions): Promise<Row[]> {
  const server = await startPostgres();
  try {
    return await scimRows('postgres', () => server.database(), options);
  } finally {
    await server.stop();
  }
}

async function scimRows(
  dialect: string,
  fresh: () => Promise<StorePlace>,
  { rounds, full }: PartOptions,
): Promise<Row[]> {
  const rows = await opened(await openScim(await fresh()), async (store) => {
    const count = full ? FULL_SYNC : SAMPLE;
    const seconds: number[] = [];
    for (let round = 0; round < (full ? 1 : rounds); round++) {
      seconds.push((await sync(await store.client(), count)) * (FULL_SYNC / count));
    }
    const what = full ? '100,000 users created' : `100,000 users created, extrapolated from ${count}`;
    return [limitRow(`${dialect}: SCIM, ${what}, ${AT_ONCE} at once`, 's', seconds, SYNC_SECONDS)];
  });
  const large = await opened(await openScim(await fresh()), (place) => largeDirectoryRows(dialect, place, rounds));
  return [...rows, ...large];
}

async function opened<T>(place: ScimPlace, work: (place: ScimPlace) => Promise<T>): Promise<T> {
  try {
    return await work(place);
  } finally {
    await place.close();
  }
}

/** @returns seconds */
async function sync(client: ScimClient, count: number): Promise<number> {
  let next = 0;
  const from = performance.now();
  const create = async (): Promise<void> => {
    for (let i = next++; i < count; i = next++) {
      const { status } = await client.send('POST', '/Users', {
        userName: `sync${i}@corp.example`,
        externalId: `external-${i}`,
        displayName: `Person Number ${i}`,
        active: true,
        name: { givenName: 'Person', familyName: `Number ${i}` },
        emails: [{ value: `sync${i}@corp.example`, type: 'work', primary: true }],
        title: 'Engineer',
        [ENTERPRISE]: { department: `Department ${i % 100}`, employeeNumber: `${i}`, manager: { value: 'u1' } },
      });
      if (status !== 201) throw new Error(`user ${i}: ${status}`);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, create));
  return (performance.now() - from) / 1_000;
}

/** 100,000 people, 10,000 groups, 2,000,000 memberships, 50,000 of them of one group. */
async function largeDirectoryRows(dialect: string, place: ScimPlace, rounds: number): Promise<Row[]> {
  const client = await place.client();
  await fillStore(place.database, client.idp, DIRECTORY);
  globalThis.gc?.();
  const newcomer = await client.user('newcomer');
  const others = Array.from({ length: 100 }, (_, i) => ({ value: `u${i * 400 + 1}` }));
  const patch = (operation: object) => (): Promise<unknown> => client.patch('/Groups/g1', operation);
  const get = (path: string) => async (): Promise<void> => {
    const { status } = await client.send('GET', path);
    if (status !== 200) throw new Error(`${path}: ${status}`);
  };
  const filtered = (text: string, more = '') => get(`/Users?filter=${encodeURIComponent(text)}&count=100${more}`);
  const add = (value: object[]) => patch({ op: 'Add', path: 'members', value });
  const changes: [string, () => Promise<unknown>][] = [
    ['PATCH of 50,000 members: one more', add([{ value: newcomer }])],
    ['PATCH of 50,000 members: one less', patch({ op: 'Remove', path: `members[value eq "${newcomer}"]` })],
    ['PATCH of 50,000 members: a hundred leave', patch({ op: 'remove', path: 'members', value: others })],
    ['PATCH of 50,000 members: a hundred come', add(others)],
    ['PATCH of 50,000 members: another name', patch({ op: 'replace', path: 'displayName', value: 'Renamed' })],
  ];
  const pages: [string, () => Promise<unknown>][] = [
    ['userName eq', filtered('userName eq "PERSON77777@corp.example"')],
    ['userName co, no hit', filtered('userName co "nowhere"')],
    ['userName sw', filtered('userName sw "person9999"')],
    ['e-mail eq', filtered('emails[type eq "work"].value eq "person77777@corp.example"')],
    ['e-mail co, no hit', filtered('emails.value co "nowhere"')],
    ['active eq false or displayName co', filtered('active eq false or displayName co "number 99999"')],
    ['the last page by name', get('/Users?startIndex=99900&count=100&sortBy=userName')],
    ['the last page by display name', get('/Users?startIndex=99900&count=100&sortBy=displayName&sortOrder=descending')],
    ['the last page by last change', get('/Users?startIndex=99900&count=100&sortBy=meta.lastModified')],
    ['groups without members, the last page', get('/Groups?excludedAttributes=members&startIndex=9900&count=100')],
    [
      'groups, displayName co',
      get(`/Groups?excludedAttributes=members&filter=${encodeURIComponent('displayName co "99"')}`),
    ],
  ];
  const rows: Row[] = [];
  for (const [name, work] of changes)
    rows.push(limitRow(`${dialect}: SCIM ${name}`, 'ms', await times(rounds, work), PATCH_MS));
  for (const [name, work] of pages)
    rows.push(limitRow(`${dialect}: SCIM list, ${name}`, 'ms', await times(rounds, work), PAGE_MS));
  await client.send('GET', '/Groups/g1');
  const resident = process.memoryUsage().rss / 1_048_576;
  rows.push(
    ratioRow(
      `${dialect}: SCIM, the group of 50,000 read whole`,
      'ms',
      await times(rounds, get('/Groups/g1')),
      null,
      null,
    ),
    limitRow(`${dialect}: resident with 2,000,000 memberships, after all of this`, 'MB', [resident], MEMORY_MB),
  );
  return rows;
}

async function times(rounds: number, work: () => Promise<unknown>): Promise<number[]> {
  await work();
  const taken: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const from = performance.now();
    await work();
    taken.push(performance.now() - from);
  }
  return taken;
}
