import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { sql } from 'kysely';
import { Client } from 'pg';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { openCa } from '../ca/ca.ts';
import { unfinishedRestore } from '../data-dir.ts';
import { masterKeyPlace, openSecrets } from '../sealing/open-secrets.ts';
import type { Database } from '../store/database.ts';
import { withTables } from '../store/fixtures/earlier-store.ts';
import type { StorePlace } from '../store/fixtures/store-place.ts';
import { MIGRATIONS } from '../store/migrate.ts';
import { openDatabase } from '../store/open-database.ts';
import { checkBackup } from './backup-reader.ts';
import { restoreBackup } from './restore-backup.ts';
import { takeBackup } from './take-backup.ts';

const NOW = 1_800_000_000_000;
/** What one database or the other could trip over. */
const HARD = `'"\\\n\u{1F600}\u2028,[]{}`;

/** Backups made of one database and restored into another, or another of its kind. @param more than the way there and back */
export function backupSuite(
  name: string,
  makeSource: () => Promise<StorePlace>,
  makeTarget: () => Promise<StorePlace>,
  more: boolean,
): void {
  describe(`backup ${name}`, () => {
    let source: StorePlace;
    let target: StorePlace;
    let folder: string;
    let file: string;
    beforeEach(async () => {
      [source, target] = [await makeSource(), await makeTarget()];
      folder = mkdtempSync(join(tmpdir(), 'causeway-backup-'));
      file = join(folder, 'backup');
    });
    afterEach(async () => {
      await source.remove();
      await target.remove();
      rmSync(folder, { recursive: true });
    });

    const within = async <T>(place: StorePlace, body: (database: Database) => Promise<T>): Promise<T> => {
      const database = await openDatabase(place.location);
      try {
        return await body(database);
      } finally {
        await database.close();
      }
    };
    const secretsOf = (database: Database) =>
      openSecrets({ database, place: masterKeyPlace(folder, undefined), now: () => 5 });
    const take = (withoutEvents = false) => takeBackup(source.location, file, { withoutEvents, now: NOW });
    const restore = (keepSessions = false) => restoreBackup(target.location, file, { keepSessions, now: NOW });
    /** Every table, index, key and trigger, and those of a store of this version that was never restored. */
    const schemas = async () => {
      const fresh = await makeTarget();
      try {
        return { restored: await within(target, schemaOf), fresh: await within(fresh, schemaOf) };
      } finally {
        await fresh.remove();
      }
    };
    const isEmpty = async (): Promise<boolean> => {
      if ('file' in target.location) return !existsSync(target.location.file);
      // What restored nothing left nothing to back up either.
      return within(target, async ({ read }) => (await read.selectFrom('secret').selectAll().execute()).length === 0);
    };

    test('brings everything back, keys included, and numbers that were given are not given again', async () => {
      const before = await within(source, async (database) => {
        await fill(database);
        const ca = await openCa(await secretsOf(database));
        return { ca: ca.fingerprint, tables: await contents(database) };
      });
      const { header, rows } = await take();
      expect(header).toMatchObject({ madeAt: NOW, events: true, masterKeys: [expect.stringMatching(/^mk_/)] });
      expect(rows).toMatchObject({ event: 3_000, session: 1, secret: 1 });
      expect(readFileSync(join(folder, 'master.key'), 'utf8')).not.toBe('');
      expect(gunzipSync(readFileSync(file)).toString()).not.toContain('PRIVATE KEY');
      await restore(true);
      await within(target, async (database) => {
        const after = await contents(database);
        expect(after.get('counter')).toContainEqual({ name: 'epoch', value: NOW });
        // The epoch has moved, and nothing else.
        after.delete('counter');
        before.tables.delete('counter');
        expect(after).toEqual(before.tables);
        expect((await openCa(await secretsOf(database))).fingerprint).toBe(before.ca);
        const { seq } = await database.write
          .insertInto('event')
          .values({ at: 1, kind: 'request', words: '', record: '{}' })
          .returning('seq')
          .executeTakeFirstOrThrow();
        expect(seq).toBe(3_011);
      });
      const { restored, fresh } = await schemas();
      expect(restored).toEqual(fresh);
      expect(restored).toContainEqual(expect.objectContaining({ name: 'event_by_user' }));
    });

    if (!more) return;

    test('ends what was good when it was made, and leaves events out where they are not wanted', async () => {
      await within(source, fill);
      expect((await take(true)).rows).toMatchObject({ event: 0, publisher: 1 });
      await restore();
      await within(target, async ({ read }) => {
        expect(await read.selectFrom('session').selectAll().execute()).toEqual([]);
        expect(await read.selectFrom('join_token').selectAll().execute()).toEqual([]);
        expect(await read.selectFrom('publisher').select('id').execute()).toEqual([{ id: 'p_1' }]);
        expect(await read.selectFrom('event').selectAll().execute()).toEqual([]);
      });
    });

    test('sees one moment while others write', async () => {
      await within(source, async (database) => {
        await fill(database);
        const taken = new AbortController();
        const writes = (async () => {
          for (let i = 0; !taken.signal.aborted; i++) {
            await database.transaction(async (tx) => {
              await tx
                .insertInto('publisher')
                .values(publisher(`q${i}`))
                .execute();
              await tx
                .insertInto('assertion')
                .values({ id: `q${i}`, expires_at: 1 })
                .execute();
            });
          }
        })();
        const { rows } = await take();
        taken.abort();
        await writes;
        expect(rows['publisher']).toBe((rows['assertion'] ?? 0) + 1);
      });
    });

    test('is refused whole where it is damaged, cut or something else', async () => {
      await within(source, fill);
      await take();
      const good = readFileSync(file);
      const text = gunzipSync(good).toString();
      const lines = text.trimEnd().split('\n');
      const flipped = Buffer.from(good);
      flipped[Math.floor(good.length / 2)] = (flipped[Math.floor(good.length / 2)] ?? 0) ^ 1;
      const damages = [
        flipped,
        good.subarray(0, good.length - 20),
        good.subarray(0, good.length / 2),
        Buffer.alloc(0),
        Buffer.from('no backup'),
        gzipSync(text.replace('"p_1"', '"p_2"')),
        gzipSync(`${lines.slice(0, -1).join('\n')}\n`),
        gzipSync(`${text}[["more"]]\n`),
        gzipSync(text.trimEnd()),
        gzipSync('{"sha256":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}\n'),
      ];
      for (const damage of damages) {
        writeFileSync(file, damage);
        await expect(checkBackup(file)).rejects.toMatchObject({ code: 'CW_BACKUP_DAMAGED' });
      }
      // A whole store, but for the last byte of its hash.
      writeFileSync(file, gzipSync(`${lines.slice(0, -1).join('\n')}\n{"sha256":"${'0'.repeat(64)}"}\n`));
      await expect(restore()).rejects.toMatchObject({ code: 'CW_BACKUP_DAMAGED' });
      expect(await isEmpty()).toBe(true);
    });

    test('goes only where nothing is', async () => {
      await within(source, async () => {});
      await take();
      await within(target, async () => {});
      await expect(restore()).rejects.toMatchObject({ code: 'CW_RESTORE_NOT_EMPTY' });
    });

    test('killed in a restore nothing of it is there, and the next one goes through', { timeout: 60_000 }, async () => {
      await within(source, fill);
      const { rows } = await take();
      const program = new URL('./fixtures/restore-once.ts', import.meta.url).pathname;
      const child = spawn(process.execPath, [program, JSON.stringify(target.location), file], {
        stdio: ['ignore', 'ignore', 'inherit'],
      });
      const exited = once(child, 'exit');
      const filling = (is: boolean): Promise<void> =>
        vi.waitFor(async () => expect(await isFilled(target)).toBe(is), { timeout: 20_000, interval: 1 });
      await filling(true);
      child.kill('SIGKILL');
      expect(await exited).toEqual([null, 'SIGKILL']);
      // A file stays and is removed by the next; a server takes back what nobody can commit any more.
      await filling('file' in target.location);
      expect(await restore(true)).toMatchObject({ event: rows['event'], publisher: 1 });
      await filling(false);
      const events = await within(target, ({ read }) => read.selectFrom('event').select('seq').execute());
      expect(events).toHaveLength(3_000);
    });

    test('of an older version is migrated', async () => {
      await withTables(source, 'sealing', async (write) => {
        await write.insertInto('publisher').values(publisher('p_1')).execute();
      });
      const { header } = await take();
      expect(header.migrations.at(-1)).toBe('sealing');
      await restore();
      await within(target, async ({ read }) => {
        expect(await read.selectFrom('publisher').select('id').execute()).toEqual([{ id: 'p_1' }]);
        const done = await read.selectFrom('migration').select('name').orderBy('number').execute();
        expect(done).toEqual(MIGRATIONS.map(({ name: migration }) => ({ name: migration })));
      });
      const { restored, fresh } = await schemas();
      expect(restored).toEqual(fresh);
    });

    test('of a newer version is refused', async () => {
      await within(source, async ({ write }) => {
        await sql`insert into migration (number, name) values (1000, 'later')`.execute(write);
      });
      await take();
      await expect(restore()).rejects.toMatchObject({
        code: 'CW_BACKUP_REFUSED',
        message: expect.stringContaining('"later"'),
      });
      expect(await isEmpty()).toBe(true);
    });

    test('is written into no file that somebody else has laid ready', async () => {
      await within(source, () => Promise.resolve());
      const elsewhere = join(folder, 'elsewhere');
      writeFileSync(elsewhere, 'mine', { mode: 0o644 });
      symlinkSync(elsewhere, `${file}.partial`);
      await take();
      expect(readFileSync(elsewhere, 'utf8')).toBe('mine');
      expect(statSync(file).mode & 0o777).toBe(0o600);
    });

    test('that says which migrations were made, beside its header, is refused', async () => {
      await within(source, () => Promise.resolve());
      await take();
      const lines = gunzipSync(readFileSync(file)).toString().split('\n').slice(0, -3);
      const end = JSON.parse(gunzipSync(readFileSync(file)).toString().split('\n').at(-3) ?? '') as { end: object };
      lines.push('{"table":"migration","columns":["number","name"],"sequence":null}');
      lines.push(JSON.stringify({ end: { ...end.end, migration: 0 } }));
      const text = lines.map((line) => `${line}\n`).join('');
      const sha256 = createHash('sha256').update(text).digest('hex');
      writeFileSync(file, gzipSync(`${text}${JSON.stringify({ sha256 })}\n`));
      await expect(restore()).rejects.toMatchObject({ code: 'CW_BACKUP_DAMAGED' });
      expect(await isEmpty()).toBe(true);
    });

    test('is not made of a store whose keys are in the clear', async () => {
      await within(source, ({ write }) =>
        write.insertInto('secret').values({ name: 'ca', value: 'clear', data_key: null }).execute(),
      );
      await expect(take()).rejects.toMatchObject({ code: 'CW_BACKUP_REFUSED' });
      expect(existsSync(file)).toBe(false);
    });
  });
}

async function fill(database: Database): Promise<void> {
  const { write } = database;
  await write.insertInto('publisher').values(publisher('p_1')).execute();
  await write
    .insertInto('session')
    .values({
      id: 's_1',
      user: HARD,
      display_name: '',
      groups: '["a"]',
      ou: null,
      login_hash: 'h',
      created_at: 1,
      expires_at: NOW * 2,
      address: '::1',
      name_id: 'n',
      session_index: null,
    })
    .execute();
  await write.insertInto('app_token').values({ token_hash: 't', session: 's_1', host: 'a', created_at: 1 }).execute();
  await write.insertInto('join_token').values({ hash: 'j', kind: 'device', owner: 'ann', expires_at: NOW }).execute();
  await database.transaction(async (tx) => {
    // Ten rows that are gone again: their numbers are not given twice.
    for (const [count, gone] of [
      [3_000, false],
      [10, true],
    ] as const) {
      for (let i = 0; i < count; i += 100) {
        await tx
          .insertInto('event')
          .values(
            Array.from({ length: Math.min(100, count) }, (_, n) => ({
              at: gone ? -1 : i + n,
              kind: 'request' as const,
              user: 'ann',
              words: HARD,
              record: JSON.stringify({ HARD, zero: '\0' }),
            })),
          )
          .execute();
      }
    }
    await tx.deleteFrom('event').where('at', '=', -1).execute();
  });
}

/** Whether a restore is under way, or was killed. */
async function isFilled({ location }: StorePlace): Promise<boolean> {
  if ('file' in location) return existsSync(`${unfinishedRestore(location.file)}-wal`);
  const client = new Client({ connectionString: location.url });
  await client.connect();
  try {
    const own = 'select oid from pg_database where datname = current_database()';
    const { rowCount } = await client.query(
      `select 1 from pg_locks where locktype = 'advisory' and database = (${own})`,
    );
    return rowCount !== 0;
  } finally {
    await client.end();
  }
}

const publisher = (id: string) => ({ id, name: HARD, created_at: NOW, revoked_at: null });

interface SchemaPart {
  readonly name: string;
  readonly definition: string;
}

async function schemaOf({ dialect, write }: Database): Promise<SchemaPart[]> {
  const query =
    dialect === 'sqlite'
      ? sql<SchemaPart>`select name, concat_ws(' ', type, tbl_name, sql) as definition from sqlite_master`
      : sql<SchemaPart>`
          select indexname as name, indexdef || indisvalid as definition
          from pg_indexes join pg_index on indexrelid = indexname::regclass where schemaname = current_schema()
          union all select conname, conrelid::regclass || pg_get_constraintdef(oid)
          from pg_constraint where connamespace = current_schema()::regnamespace
          union all select tgname, pg_get_triggerdef(oid) from pg_trigger where not tgisinternal
          union all select table_name || '.' || column_name, concat_ws(' ', data_type, is_nullable, column_default)
          from information_schema.columns where table_schema = current_schema()`;
  const { rows } = await query.execute(write);
  return rows.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** Every row of every table, as text to be compared. */
async function contents(database: Database): Promise<Map<string, unknown[]>> {
  const tables = await database.write.introspection.getTables();
  const all = new Map<string, unknown[]>();
  for (const { name, columns } of tables.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const order = sql.join(columns.map((column) => sql.ref(column.name)));
    const { rows } = await sql<object>`select * from ${sql.table(name)} order by ${order}`.execute(database.write);
    all.set(name, rows);
  }
  return all;
}
