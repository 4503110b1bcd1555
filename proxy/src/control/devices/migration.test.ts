import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Connections, StoreLocation } from '../store/database.ts';
import { migrate } from '../store/migrate.ts';
import { foundation } from '../store/migrations/0001-foundation.ts';
import { openPostgres } from '../store/postgres-database.ts';
import { openSqlite } from '../store/sqlite-database.ts';
import { sqlitePlace, type StorePlace } from '../store/fixtures/store-place.ts';
import { startPostgres, type PostgresServer } from '../store/fixtures/postgres-server.ts';

let server: PostgresServer;
beforeAll(async () => {
  server = await startPostgres();
}, 60_000);
afterAll(() => server.stop());

const DATABASES: readonly [string, () => Promise<StorePlace>][] = [
  ['SQLite', sqlitePlace],
  ['PostgreSQL', () => server.database()],
];

const open = (location: StoreLocation): Promise<Connections> =>
  'file' in location ? openSqlite(location.file, {}) : openPostgres(location.url);

describe.each(DATABASES)('devices enrolled before on %s', (_name, makePlace) => {
  it('are registered or removed, and found by their owner', async () => {
    const place = await makePlace();
    const connections = await open(place.location);
    const { write: db, dialect } = connections;
    await migrate(db, dialect, [{ name: 'foundation', up: foundation }]);
    for (const [id, revoked] of [
      ['d_1', null],
      ['d_2', 7],
    ] as const) {
      await sql`insert into device (id, name, "user", created_at, revoked_at) values (${id}, 'Laptop', 'Ada', 5, ${revoked})`.execute(
        db,
      );
    }
    await migrate(db, dialect);
    const devices = await db.selectFrom('device').selectAll().where('user_key', '=', 'ada').orderBy('id').execute();
    expect(devices).toMatchObject([
      { id: 'd_1', state: 'registered', state_at: 5, name_key: 'laptop', revision: 1, seen_at: 0 },
      { id: 'd_2', state: 'removed', state_at: 7 },
    ]);
    await connections.close();
    await place.remove();
  });
});
