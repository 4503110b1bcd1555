import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { sql } from 'kysely';
import { codeOf } from '@causeway/contract';
import type { Database } from '../store/database.ts';
import { openDatabase } from '../store/open-database.ts';
import { withTables } from '../store/fixtures/earlier-store.ts';
import type { StorePlace } from '../store/fixtures/store-place.ts';
import { addMasterKey, keyState, removeMasterKey, rotateDataKey } from './key-rotation.ts';
import { newMasterKeyText, parseMasterKey } from './master-key.ts';
import { masterKeyPlace, openSecrets } from './open-secrets.ts';
import type { SealedSecrets } from './sealed-secrets.ts';

/** What sealed secrets do on every database. */
export function sealingSuite(name: string, makePlace: () => Promise<StorePlace>): void {
  describe(`sealed secrets on ${name}`, () => {
    let place: StorePlace;
    let folder: string;
    let databases: Database[];
    beforeEach(async () => {
      place = await makePlace();
      folder = mkdtempSync(join(tmpdir(), 'causeway-sealing-'));
      databases = [];
    });
    afterEach(async () => {
      for (const database of databases) await database.close();
      await place.remove();
      rmSync(folder, { recursive: true });
    });

    const open = async (): Promise<Database> => {
      const database = await openDatabase(place.location);
      databases.push(database);
      return database;
    };
    const start = async (file = join(folder, 'master.key'), database?: Database): Promise<SealedSecrets> =>
      openSecrets({
        database: database ?? (await open()),
        place: { ...masterKeyPlace(folder, undefined), source: { file } },
        now: () => 5,
      });
    const keyFile = (file: string): string => {
      const path = join(folder, file);
      writeFileSync(path, newMasterKeyText(), { mode: 0o600 });
      return path;
    };
    const idIn = (file: string): string => parseMasterKey(readFileSync(file, 'utf8'), file).id;
    const rows = (database: Database) => database.read.selectFrom('secret').selectAll().orderBy('name').execute();

    test('a secret is made once, whoever asks first, and never stored in the clear', async () => {
      const secrets = await start();
      expect(await secrets.findSecret('key')).toBeNull();
      const other = await start();
      const both = await Promise.all([
        secrets.secret('key', () => 'one-in-the-clear'),
        other.secret('key', () => 'two-in-the-clear'),
      ]);
      expect(new Set(both).size).toBe(1);
      expect(await secrets.findSecret('key')).toBe(both[0]);
      expect(await secrets.secret('other', () => 'three')).toBe('three');
      expect(JSON.stringify(await rows(secrets.database))).not.toContain('clear');
    });

    test('a secret is replaced only where nobody was quicker', async () => {
      const secrets = await start();
      await secrets.secret('key', () => 'one');
      expect(await secrets.replaceSecret('key', 'one', 'two')).toBe('two');
      expect(await secrets.replaceSecret('key', 'one', 'three')).toBe('two');
      expect(await secrets.findSecret('key')).toBe('two');
      await expect(secrets.replaceSecret('nothing', 'a', 'b')).rejects.toMatchObject({ code: 'CW_STORE_FAILED' });
    });

    test('of many that start at once one makes the keys', async () => {
      const openers = await Promise.all([open(), open(), open()]);
      const started = await Promise.allSettled(
        openers.map((database, i) => start(join(folder, `pop${i}.key`), database)),
      );
      // Each has a data folder of its own here, so only the first has the key; nobody else made one.
      const up = started.filter(({ status }) => status === 'fulfilled');
      expect(up).toHaveLength(1);
      expect([0, 1, 2].filter((i) => existsSync(join(folder, `pop${i}.key`)))).toHaveLength(1);
      const refused = started.flatMap((one) => (one.status === 'rejected' ? [codeOf(one.reason)] : []));
      expect(refused).toEqual(['CW_MASTER_KEY_MISSING', 'CW_MASTER_KEY_MISSING']);
      const shared = keyFile('unused.key');
      expect(await openers[0]?.read.selectFrom('data_key').selectAll().execute()).toHaveLength(1);
      await expect(start(shared)).rejects.toMatchObject({ code: 'CW_MASTER_KEY_WRONG' });
    });

    test('of many that share a master key all start, with one data key', async () => {
      const shared = keyFile('shared.key');
      const started = await Promise.all([start(shared), start(shared), start(shared)]);
      const made = await Promise.all(started.map((secrets, i) => secrets.secret('ca', () => `ca ${i}`)));
      expect(new Set(made).size).toBe(1);
      expect(await databases[0]?.read.selectFrom('data_key').selectAll().execute()).toHaveLength(1);
    });

    test('a missing or wrong master key is said so, and changes nothing', async () => {
      const secrets = await start();
      await secrets.secret('ca', () => 'the key');
      const before = await rows(secrets.database);
      const good = idIn(join(folder, 'master.key'));
      await expect(start(join(folder, 'absent.key'))).rejects.toMatchObject({
        code: 'CW_MASTER_KEY_MISSING',
        message: expect.stringContaining(good),
      });
      expect(existsSync(join(folder, 'absent.key'))).toBe(false);
      const wrong = keyFile('wrong.key');
      await expect(start(wrong)).rejects.toMatchObject({
        code: 'CW_MASTER_KEY_WRONG',
        message: expect.stringMatching(new RegExp(`${idIn(wrong)}.*${good}`)),
      });
      expect(await rows(secrets.database)).toEqual(before);
    });

    test('a master key that is configured is never made', async () => {
      const source = { file: join(folder, 'configured.key') };
      const opening = openSecrets({ database: await open(), place: masterKeyPlace(folder, source), now: () => 5 });
      await expect(opening).rejects.toMatchObject({
        code: 'CW_MASTER_KEY_MISSING',
        message: expect.stringContaining('openssl rand'),
      });
      expect(existsSync(source.file)).toBe(false);
    });

    test('what an earlier version left in the clear is sealed on start', async () => {
      // The last schema that was released without a master key.
      await withTables(place, 'events', async (write) => {
        const ca = '{"key":"PRIVATE KEY of before"}';
        await sql`insert into secret (name, value) values ('ca', ${ca}), ('intent-key', 'clear')`.execute(write);
      });
      const database = await open();
      const secrets = await start(undefined, database);
      expect(await secrets.findSecret('ca')).toBe('{"key":"PRIVATE KEY of before"}');
      expect(await secrets.findSecret('intent-key')).toBe('clear');
      expect(JSON.stringify(await rows(database))).not.toMatch(/PRIVATE|clear/);
      // Of PostgreSQL's files nothing is said.
      const kept = ['', '-wal'].map((suffix) => placeBytes(place, suffix));
      expect(kept.join('')).not.toContain('PRIVATE KEY of before');
    });

    test('what is changed, moved or put there in the clear is refused', async () => {
      const secrets = await start();
      const { write } = secrets.database;
      await secrets.secret('a', () => 'one');
      await secrets.secret('b', () => 'two');
      const [a, b] = await rows(secrets.database);
      const damaged = { code: 'CW_SECRET_DAMAGED' };
      await write
        .updateTable('secret')
        .set({ value: b?.value ?? '' })
        .where('name', '=', 'a')
        .execute();
      await expect(secrets.findSecret('a')).rejects.toMatchObject(damaged);
      await write
        .updateTable('secret')
        .set({ value: `A${a?.value.slice(1)}` })
        .where('name', '=', 'a')
        .execute();
      await expect(secrets.findSecret('a')).rejects.toMatchObject(damaged);
      await write.updateTable('secret').set({ value: 'mine', data_key: null }).where('name', '=', 'a').execute();
      await expect(secrets.findSecret('a')).rejects.toMatchObject(damaged);
      await write.deleteFrom('data_key_wrap').execute();
      await write.deleteFrom('data_key').execute();
      await expect(start()).rejects.toMatchObject(damaged);
      expect(await secrets.findSecret('b')).toBe('two');
    });

    test('a rotation seals everything anew while another PoP goes on', async () => {
      const one = await start();
      const two = await start();
      await one.secret('ca', () => 'the key');
      const before = await rows(one.database);
      await rotateDataKey(one, 7);
      const state = await keyState(one);
      expect(state).toMatchObject({ dataKeySince: 7, secrets: 1, masterKeys: [{ inUse: true }] });
      const after = await rows(one.database);
      expect(after[0]?.data_key).toBe(state.dataKey);
      expect(after[0]?.value).not.toBe(before[0]?.value);
      expect(await one.database.read.selectFrom('data_key').selectAll().execute()).toHaveLength(1);
      expect(await two.secret('late', () => 'by two')).toBe('by two');
      expect(await two.findSecret('ca')).toBe('the key');
      expect(await one.findSecret('late')).toBe('by two');
    });

    test('rotations and writes at once lose nothing', async () => {
      const [one, two] = await Promise.all([start(keyFile('k')), open()]);
      const other = await start(join(folder, 'k'), two);
      const names = Array.from({ length: 30 }, (_, i) => `s${i}`);
      const rotations = (async () => {
        for (let i = 0; i < 6; i++) await rotateDataKey(i % 2 === 0 ? one : other, i);
      })();
      const writes = names.map(async (name, i) => {
        const by = i % 2 === 0 ? one : other;
        await by.secret(name, () => name);
        expect(await by.findSecret(name)).toBe(name);
      });
      await Promise.all([rotations, ...writes]);
      for (const name of names) expect(await one.findSecret(name)).toBe(name);
    });

    test('killed in a rotation at any point it leaves a store that opens', { timeout: 60_000 }, async () => {
      const names = Array.from({ length: 20 }, (_, i) => `s${i}`);
      const first = await start();
      for (const name of names) await first.secret(name, () => name);
      for (let round = 0; round < 2; round++) {
        await rotateAndKill(place, folder, 1 + Math.floor(Math.random() * 20));
        const secrets = await start();
        for (const name of names) expect(await secrets.findSecret(name)).toBe(name);
        expect(await secrets.database.read.selectFrom('data_key').selectAll().execute()).toHaveLength(1);
      }
    });

    test('a PoP whose master key was removed elsewhere can neither lose the last one nor bring its own back', async () => {
      const here = await start();
      const old = here.master.id;
      const next = keyFile('next.key');
      await addMasterKey(here, readFileSync(next, 'utf8'), 6);
      const there = await start(next);
      await removeMasterKey(there, old);
      await expect(removeMasterKey(here, idIn(next))).rejects.toMatchObject({ code: 'CW_MASTER_KEY_WRONG' });
      await expect(rotateDataKey(here, 7)).rejects.toMatchObject({ code: 'CW_MASTER_KEY_WRONG' });
      expect((await keyState(there)).masterKeys).toMatchObject([{ id: idIn(next), inUse: true }]);
      await start(next);
    });

    test('the master key is changed in steps that can be taken back', async () => {
      const [oldFile, newFile] = [keyFile('old'), keyFile('new')];
      const first = await start(oldFile);
      await first.secret('ca', () => 'the key');
      await addMasterKey(first, readFileSync(newFile, 'utf8'), 6);
      await addMasterKey(first, readFileSync(newFile, 'utf8'), 7);
      expect((await keyState(first)).masterKeys).toEqual([
        { id: idIn(oldFile), since: 5, inUse: true },
        { id: idIn(newFile), since: 6, inUse: false },
      ]);
      await expect(rotateDataKey(first, 8)).rejects.toMatchObject({ code: 'CW_CONFLICT' });
      await expect(removeMasterKey(first, idIn(oldFile))).rejects.toMatchObject({ code: 'CW_CONFLICT' });
      await expect(removeMasterKey(first, 'mk_0')).rejects.toMatchObject({ code: 'CW_NOT_FOUND' });
      expect(await (await start(oldFile)).findSecret('ca')).toBe('the key');
      const second = await start(newFile);
      expect(await second.findSecret('ca')).toBe('the key');
      await removeMasterKey(second, idIn(oldFile));
      await expect(start(oldFile)).rejects.toMatchObject({ code: 'CW_MASTER_KEY_WRONG' });
      await rotateDataKey(second, 9);
      expect(await second.findSecret('ca')).toBe('the key');
      // The first still runs, with the old key: it says what is wrong until it finds the new one where it looks.
      await expect(first.findSecret('ca')).rejects.toMatchObject({ code: 'CW_MASTER_KEY_WRONG' });
      writeFileSync(oldFile, readFileSync(newFile));
      expect(await first.findSecret('ca')).toBe('the key');
      expect(first.master.id).toBe(idIn(newFile));
    });
  });
}

/** Until it has rotated so often, and is under way with the next. */
async function rotateAndKill({ location }: StorePlace, folder: string, count: number): Promise<void> {
  const rotation = new URL('./fixtures/endless-rotation.ts', import.meta.url).pathname;
  const args = [rotation, JSON.stringify(location), folder];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  let done = 0;
  for await (const _ of createInterface({ input: child.stdout })) if (++done === count) child.kill('SIGKILL');
  await exited;
  expect(done).toBeGreaterThanOrEqual(count);
}

function placeBytes({ location }: StorePlace, suffix: string): string {
  if (!('file' in location) || !existsSync(location.file + suffix)) return '';
  return readFileSync(location.file + suffix, 'latin1');
}
