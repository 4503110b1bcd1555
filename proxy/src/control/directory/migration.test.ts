import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { lackingPostgres, startPostgres, type PostgresServer } from '../store/fixtures/postgres-server.ts';
import { sqlitePlace, type StorePlace } from '../store/fixtures/store-place.ts';
import type { Connections, StoreLocation } from '../store/database.ts';
import { migrate } from '../store/migrate.ts';
import { foundation } from '../store/migrations/0001-foundation.ts';
import { organisationalUnits } from '../store/migrations/0002-organisational-units.ts';
import { openDatabase } from '../store/open-database.ts';
import { openPostgres } from '../store/postgres-database.ts';
import { openSqlite } from '../store/sqlite-database.ts';
import { Directory } from './directory.ts';

const lacking = lackingPostgres('the directory');
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
  'whoever logged in before is a person of the directory: %s',
  async (_name, makePlace) => {
    const place = await makePlace();
    const before = await connect(place.location);
    await migrate(before.write, before.dialect, [
      { name: 'foundation', up: foundation },
      { name: 'organisational-units', up: organisationalUnits },
    ]);
    const person = (user: string, groups: string, seen: number, ou: string | null = null) =>
      sql`insert into person (${sql.ref('user')}, display_name, groups, ou, seen_at)
        values (${user}, ${`${user}!`}, ${groups}, ${ou}, ${seen})`.execute(before.write);
    await person('Ann@corp.example', '["old"]', 5);
    await person('ann@corp.example', '["staff"]', 9, 'corp/sales');
    for (let i = 0; i < 510; i++) await person(`p${i}`, '[]', 1);
    await before.close();

    const database = await openDatabase(place.location);
    const directory = new Directory({ database, loginIdp: () => 'default', now: () => 10 });
    expect(await directory.groupsOf('ANN@corp.example')).toEqual({
      user: 'ann@corp.example',
      displayName: 'ann@corp.example!',
      groups: ['staff'],
      ou: 'corp/sales',
      active: true,
      seenAt: 9,
    });
    const { count } = await database.read
      .selectFrom('directory_user')
      .select((e) => e.fn.countAll<number>().as('count'))
      .executeTakeFirstOrThrow();
    expect(count).toBe(511);
    // Nobody is provisioned, so a stranger may still come.
    await directory.signIn({ user: 'new@corp.example', displayName: 'New', groups: [], ou: null }, async () => {});
    expect(await directory.groupsOf('new@corp.example')).toMatchObject({ active: true, seenAt: 10 });
    await database.close();
    await place.remove();
  },
);
