import { join } from 'node:path';
import {
  fillStore,
  followed,
  ISSUE_SIZE,
  makeControlFixture,
  openScim,
  openTestPop,
  SnapshotCompiler,
  sqlitePlace,
  startPostgres,
  writeDeployment,
  type StorePlace,
} from '@causeway/proxy/measured-control';
import { limitRow, type Row } from '../row.ts';
import type { PartOptions } from './part.ts';

const LIMIT_MS = 1_000;
const BY = { actor: 'bench', comment: '', source: 'api' } as const;
/** People and sessions, and of objects next to nothing. */
const SIGNED_IN = { ...ISSUE_SIZE, apps: 10, rules: 10, events: 10, audit: 10, requests: 10, devices: 10_000 };

/** How soon a change is told: to another PoP of the store, and to edges where it is of very many people. */
export async function followRows({ rounds }: PartOptions): Promise<Row[]> {
  const server = await startPostgres();
  try {
    const rows = [await publishedElsewhere(() => server.database(), rounds)];
    rows.push(await regrouped('sqlite', sqlitePlace, rounds));
    rows.push(await regrouped('postgres', () => server.database(), rounds));
    return rows;
  } finally {
    await server.stop();
  }
}

async function publishedElsewhere(fresh: () => Promise<StorePlace>, rounds: number): Promise<Row> {
  const fixture = await makeControlFixture();
  const file = join(fixture.dir, 'deployment.yaml');
  writeDeployment(file);
  const place = await fresh();
  const compilers = [new SnapshotCompiler(), new SnapshotCompiler()];
  const pops = await Promise.all(compilers.map((compiler) => openTestPop(compiler, place.location, file)));
  const taken: number[] = [];
  try {
    const [one, two] = pops;
    for (let round = 0; round <= rounds; round++) {
      await one?.objects.apply([{ kind: 'tags', name: `t${round}`, op: 'put', body: {} }], BY);
      const number = (await one?.snapshots.publish(BY))?.number ?? 0;
      const from = performance.now();
      await two?.inForce(number);
      if (round > 0) taken.push(performance.now() - from);
    }
  } finally {
    for (const pop of pops) await pop.close();
    for (const compiler of compilers) await compiler.close();
    await place.remove();
    fixture.remove();
  }
  return limitRow('postgres: published by one PoP, in force in the other', 'ms', taken, LIMIT_MS);
}

/** A group of 50,000, of whom 10,000 are signed in and have a device each, gets another name. */
async function regrouped(dialect: string, fresh: () => Promise<StorePlace>, rounds: number): Promise<Row> {
  const place = await openScim(await fresh());
  try {
    const client = await place.client();
    await fillStore(place.database, client.idp, SIGNED_IN);
    const told = followed(place);
    const taken: number[] = [];
    for (let round = 0; round <= rounds; round++) {
      told.sessions = 0;
      const from = performance.now();
      await client.patch('/Groups/g1', { op: 'replace', path: 'displayName', value: `Name ${round}` });
      await told.follower.idle();
      if (round > 0) taken.push(performance.now() - from);
      // Some of them are inactive.
      if (told.sessions < 0.99 * SIGNED_IN.sessions) throw new Error(`${told.sessions} sessions were told`);
    }
    await told.follower.stop();
    return limitRow(`${dialect}: a group gets another name, 10,000 sessions and devices told`, 'ms', taken, LIMIT_MS);
  } finally {
    await place.close();
  }
}
