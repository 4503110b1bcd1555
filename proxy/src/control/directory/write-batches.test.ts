import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Database } from '../store/database.ts';
import { sqlitePlace } from '../store/fixtures/store-place.ts';
import { openDatabase } from '../store/open-database.ts';
import { WriteBatches } from './write-batches.ts';

let place: Awaited<ReturnType<typeof sqlitePlace>>;
let database: Database;
let batches: WriteBatches;
let transactions: number;

beforeEach(async () => {
  place = await sqlitePlace();
  database = await openDatabase(place.location);
  transactions = 0;
  batches = new WriteBatches({
    ...database,
    dialect: database.dialect,
    transaction: (body) => {
      transactions++;
      return database.transaction(body);
    },
  });
});

afterEach(async () => {
  await database.close();
  await place.remove();
});

const put = (name: string, idp = 'a', fail = false): Promise<string> =>
  batches.write(idp, async (tx) => {
    await tx.insertInto('secret').values({ name, value: '' }).execute();
    if (fail) throw new Error(`no ${name}`);
    return name;
  });
const names = async (): Promise<string[]> =>
  (await database.read.selectFrom('secret').select('name').orderBy('name').execute()).map(({ name }) => name);

test('what came while another wrote shares a commit, and what fails of it takes back only its own', async () => {
  const answers = await Promise.allSettled([put('a'), put('b'), put('c', 'a', true), put('a'), put('d')]);
  expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'rejected', 'fulfilled']);
  expect(answers[2]).toMatchObject({ reason: { message: 'no c' } });
  expect(await names()).toEqual(['a', 'b', 'd']);
  // The first came alone; the others were tried together, and again when one of them failed.
  expect(transactions).toBe(3);
  await expect(put('e', 'a', true)).rejects.toThrow('no e');
  expect(await names()).toEqual(['a', 'b', 'd']);
});

test('providers do not share one', async () => {
  await Promise.all([put('a', 'one'), put('b', 'two'), put('c', 'two'), put('d', 'one')]);
  expect(transactions).toBe(3);
});

test('a commit that fails fails all of it', async () => {
  await put('a');
  await database.close();
  const answers = await Promise.allSettled([put('b'), put('c')]);
  expect(answers.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
});

test('more than the bound are refused', async () => {
  const writes = Array.from({ length: 1_010 }, (_, i) => put(`${i}`.padStart(4, '0')).catch((error: unknown) => error));
  const refused = (await Promise.all(writes)).filter((answer) => typeof answer !== 'string');
  expect(refused).toHaveLength(9);
  expect(refused[0]).toMatchObject({ code: 'CW_BUSY' });
  expect(await names()).toHaveLength(1_001);
});
