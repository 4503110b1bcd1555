import { afterAll, beforeAll, describe } from 'vitest';
import { startPostgres, type PostgresServer } from '../store/fixtures/postgres-server.ts';
import { sqlitePlace, type StorePlace } from '../store/fixtures/store-place.ts';
import { accessSuite } from './access-suite.ts';
import { certificatesSuite } from './certificates-suite.ts';
import { clientSuite } from './client-suite.ts';
import { eventsSuite } from './events-suite.ts';
import { hostileSuite } from './hostile-suite.ts';
import { operationsSuite } from './operations-suite.ts';
import { openAdmin, type AdminPlace } from './fixtures/admin-place.ts';
import { objectsSuite } from './objects-suite.ts';
import { peopleSuite } from './people-suite.ts';

let server: PostgresServer;
beforeAll(async () => {
  server = await startPostgres();
}, 60_000);
afterAll(() => server.stop());

const DATABASES: readonly [string, () => Promise<StorePlace>][] = [
  ['SQLite', sqlitePlace],
  ['PostgreSQL', () => server.database()],
];

describe.each(DATABASES)('the admin API on %s', (_name, makePlace) => {
  let place: AdminPlace;
  beforeAll(async () => {
    place = await openAdmin(await makePlace());
  }, 60_000);
  afterAll(() => place.close());

  describe('objects', () => {
    objectsSuite(() => place);
  });
  certificatesSuite(() => place);
  describe('access', () => {
    accessSuite(() => place);
  });
  describe('somebody hostile', () => {
    hostileSuite(() => place);
  });
  describe('events', () => {
    eventsSuite(() => place);
  });
  describe('people kept here', () => {
    peopleSuite(() => place);
  });
  // Last: it has the login's provider keep its people here, and the others sign in people whom nobody sent.
  describe('operation', () => {
    operationsSuite(() => place);
  });
  describe('the typed client', () => {
    clientSuite(() => place);
  });
});
