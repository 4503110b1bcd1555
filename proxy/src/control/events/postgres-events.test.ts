import { afterAll, beforeAll, describe } from 'vitest';
import { lackingPostgres, startPostgres, type PostgresServer } from '../store/fixtures/postgres-server.ts';
import { eventSuite } from './event-suite.ts';

describe.skipIf(lackingPostgres('events'))('with a server', () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres();
  }, 60_000);
  afterAll(() => server.stop());

  eventSuite('PostgreSQL', () => server.database());
});
