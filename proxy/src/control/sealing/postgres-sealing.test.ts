import { afterAll, beforeAll, describe } from 'vitest';
import { lackingPostgres, startPostgres, type PostgresServer } from '../store/fixtures/postgres-server.ts';
import { sealingSuite } from './sealing-suite.ts';

describe.skipIf(lackingPostgres('sealed secrets'))('with a server', () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres();
  }, 60_000);
  afterAll(() => server.stop());

  sealingSuite('PostgreSQL', () => server.database());
});
