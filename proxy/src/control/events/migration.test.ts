import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { EventQuery } from '../../rpc/messages.ts';
import type { Connections, StoreLocation } from '../store/database.ts';
import { lackingPostgres, startPostgres, type PostgresServer } from '../store/fixtures/postgres-server.ts';
import { sqlitePlace, type StorePlace } from '../store/fixtures/store-place.ts';
import { migrate } from '../store/migrate.ts';
import { foundation } from '../store/migrations/0001-foundation.ts';
import { openDatabase } from '../store/open-database.ts';
import { openPostgres } from '../store/postgres-database.ts';
import { openSqlite } from '../store/sqlite-database.ts';
import { eventOf, openEventLog } from './event-fixture.ts';

const lacking = lackingPostgres('events of before');
let server: PostgresServer | null = null;
beforeAll(async () => {
  if (!lacking) server = await startPostgres();
}, 60_000);
afterAll(() => server?.stop());

const connect = (location: StoreLocation): Promise<Connections> =>
  'file' in location ? openSqlite(location.file, {}) : openPostgres(location.url);
const onPostgres = async (): Promise<StorePlace> => {
  if (server === null) throw new Error('PostgreSQL was not started');
  return server.database();
};
const DATABASES: [string, () => Promise<StorePlace>][] = [
  ['SQLite', sqlitePlace],
  ['PostgreSQL', onPostgres],
];

test.each(lacking ? DATABASES.slice(0, 1) : DATABASES)(
  'events of before are found like those of now: %s',
  async (_, makePlace) => {
    const place = await makePlace();
    const before = await connect(place.location);
    await migrate(before.write, before.dialect, [{ name: 'foundation', up: foundation }]);
    const full = eventOf({ user: 'Ann@corp.example', device: 'D_1', path: '/Wiki' });
    const empty = eventOf({
      at: 2,
      kind: 'cut',
      user: null,
      session: null,
      app: null,
      verdict: null,
      verb: null,
      status: null,
    });
    const odd = eventOf({ at: 3, path: '/\0' });
    for (const event of [full, empty, odd]) {
      await sql`insert into event (at, kind, ${sql.ref('user')}, app, record)
      values (${event.at}, ${event.kind}, ${event.user}, ${event.app}, ${JSON.stringify(event)})`.execute(before.write);
    }
    await before.close();

    const database = await openDatabase(place.location);
    const log = openEventLog(database);
    const found = async (query: EventQuery) =>
      (await log.search(query, { limit: 9 })).items.map(({ id: _id, ...event }) => event);
    const queries: EventQuery[] = [
      { method: 'browser', verb: 'get', worker: 0, minMs: 3, minBytes: 3, app: 'wiki' },
      { user: 'ann@corp.example', device: 'd_1' },
      { session: 's_Ann', rule: 'staff', action: 'allow', decision: 'dA1', address: '10.0.0.1', status: 200 },
      { text: 'get /wiki rule' },
    ];
    for (const query of queries) {
      expect([query, await found(query)]).toEqual([query, [full]]);
    }
    expect(await found({})).toEqual([full, odd, empty]);
    expect(await found({ kind: 'cut' })).toEqual([empty]);
    await database.close();
    await place.remove();
  },
);
