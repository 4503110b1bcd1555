import { afterAll, beforeAll, describe } from 'vitest';
import { startPostgres, type PostgresServer } from '../store/fixtures/postgres-server.ts';
import { sqlitePlace, type StorePlace } from '../store/fixtures/store-place.ts';
import { openScim, type ScimPlace } from './fixtures/scim-place.ts';
import { accessSuite } from './access-suite.ts';
import { admissionSuite } from './admission-suite.ts';
import { bulkSuite } from './bulk-suite.ts';
import { filtersSuite } from './filters-suite.ts';
import { groupsSuite } from './groups-suite.ts';
import { pagesSuite } from './pages-suite.ts';
import { patchSuite } from './patch-suite.ts';
import { usersSuite } from './users-suite.ts';

let server: PostgresServer;
beforeAll(async () => {
  server = await startPostgres();
}, 60_000);
afterAll(() => server.stop());

const DATABASES: readonly [string, () => Promise<StorePlace>][] = [
  ['SQLite', sqlitePlace],
  ['PostgreSQL', () => server.database()],
];

describe.each(DATABASES)('SCIM on %s', (_name, makePlace) => {
  let place: ScimPlace;
  beforeAll(async () => {
    place = await openScim(await makePlace());
  }, 60_000);
  afterAll(() => place.close());

  describe('users', () => {
    usersSuite(() => place);
  });
  describe('groups', () => {
    groupsSuite(() => place);
  });
  describe('filters', () => {
    filtersSuite(() => place);
  });
  describe('access', () => {
    accessSuite(() => place);
  });
  describe('bulk', () => {
    bulkSuite(() => place);
  });
  describe('admission', () => {
    admissionSuite(() => place);
  });
  describe('pages', () => {
    pagesSuite(() => place);
  });
  describe('PATCH of users', () => {
    patchSuite(() => place);
  });
});
