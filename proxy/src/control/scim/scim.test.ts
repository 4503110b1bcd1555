import { afterAll, beforeAll, describe } from 'vitest';
import { lackingPostgres, startPostgres, type PostgresServer } from '../store/fixtures/postgres-server.ts';
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

const lacking = lackingPostgres('SCIM');
let server: PostgresServer | null = null;
beforeAll(async () => {
  if (!lacking) server = await startPostgres();
}, 60_000);
afterAll(() => server?.stop());

const onPostgres = async (): Promise<StorePlace> => {
  if (server === null) throw new Error('PostgreSQL was not started');
  return server.database();
};
const DATABASES: readonly [string, () => Promise<StorePlace>][] = [
  ['SQLite', sqlitePlace],
  ['PostgreSQL', onPostgres],
];

describe.each(lacking ? DATABASES.slice(0, 1) : DATABASES)('SCIM on %s', (_name, makePlace) => {
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
