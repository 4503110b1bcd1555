import { afterAll, beforeAll, describe } from 'vitest';
import { lackingPostgres, startPostgres, type PostgresServer } from '../store/fixtures/postgres-server.ts';
import { signOnSuite } from './sign-on-suite.ts';

signOnSuite('SQLite, one PoP', () => Promise.resolve({ pops: 1 }));

describe.skipIf(lackingPostgres('logins across PoPs'))('with a server', () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres();
  }, 60_000);
  afterAll(() => server.stop());

  signOnSuite('PostgreSQL, two PoPs', async () => ({ pops: 2, url: (await server.database()).url }));
});
