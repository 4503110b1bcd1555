import { afterAll, beforeAll, describe } from 'vitest';
import { startPostgres, type PostgresServer } from '../store/fixtures/postgres-server.ts';
import { sqlitePlace, type StorePlace } from '../store/fixtures/store-place.ts';
import { openAdmin, type AdminPlace } from './fixtures/admin-place.ts';
import { noFaultsSuite } from './no-faults-suite.ts';

let server: PostgresServer;
beforeAll(async () => {
  server = await startPostgres();
}, 60_000);
afterAll(() => server.stop());

const DATABASES: readonly [string, () => Promise<StorePlace>][] = [
  ['SQLite', sqlitePlace],
  ['PostgreSQL', () => server.database()],
];

/** Requests to each route. */
const RUNS = 6;

describe.each(DATABASES)('no input is a fault, on %s', (_name, makePlace) => {
  let place: AdminPlace;
  beforeAll(async () => {
    place = await openAdmin(await makePlace());
  }, 60_000);
  afterAll(() => place.close());

  noFaultsSuite(() => place, RUNS);
});
