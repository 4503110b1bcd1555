import { afterAll, beforeAll, describe } from 'vitest';
import { lackingPostgres, startPostgres, type PostgresServer } from '../store/fixtures/postgres-server.ts';
import { sqlitePlace } from '../store/fixtures/store-place.ts';
import { ticketsSuite } from './tickets-suite.ts';

ticketsSuite('SQLite', sqlitePlace);

describe.skipIf(lackingPostgres('tickets'))('with a server', () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres();
  }, 60_000);
  afterAll(() => server.stop());

  ticketsSuite('PostgreSQL', () => server.database());
});
