import { afterAll, beforeAll } from 'vitest';
import { startPostgres, type PostgresServer } from '../store/fixtures/postgres-server.ts';
import { objectSuite } from './object-suite.ts';

let server: PostgresServer;
beforeAll(async () => {
  server = await startPostgres();
}, 60_000);
afterAll(() => server.stop());

objectSuite('PostgreSQL', () => server.database());
