import { afterAll, beforeAll, describe } from 'vitest';
import { lackingPostgres, startPostgres, type PostgresServer } from '../store/fixtures/postgres-server.ts';
import { sqlitePlace } from '../store/fixtures/store-place.ts';
import { backupSuite } from './backup-suite.ts';

describe.skipIf(lackingPostgres('backups'))('with a server', () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres();
  }, 60_000);
  afterAll(() => server.stop());

  const postgresPlace = () => server.database();
  backupSuite('of PostgreSQL into PostgreSQL', postgresPlace, postgresPlace, true);
  backupSuite('of SQLite into PostgreSQL', sqlitePlace, postgresPlace, false);
  backupSuite('of PostgreSQL into SQLite', postgresPlace, sqlitePlace, false);
});
