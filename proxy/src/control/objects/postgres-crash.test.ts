import { afterAll, beforeAll, describe } from 'vitest';
import { lackingPostgres, startPostgres, type PostgresServer } from '../store/fixtures/postgres-server.ts';
import { crashSuite } from './crash-suite.ts';

describe.skipIf(lackingPostgres('objects that survive'))('with a server', () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres();
  }, 60_000);
  afterAll(() => server.stop());

  /** The whole server dies with the writer's transaction, and comes back with what it had. */
  const killServer = async (): Promise<void> => {
    await server.kill();
    await server.start();
  };

  crashSuite('PostgreSQL', () => server.database(), killServer);
});
