import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Database } from '../store/database.ts';
import type { StorePlace } from '../store/fixtures/store-place.ts';
import { openDatabase } from '../store/open-database.ts';

/** A few rounds in every test run; `CRASH_ROUNDS=200` is the long one. */
const ROUNDS = Number(process.env['CRASH_ROUNDS'] ?? 3);
const ROUND_MS = 20_000;

/**
 * Kills whoever writes objects, at random points.
 *
 * @param kill besides the writer itself what may be killed in its place, and comes back when this resolves
 */
export function crashSuite(
  dialect: string,
  makePlace: () => Promise<StorePlace>,
  kill: (() => Promise<void>) | null = null,
): void {
  describe(`objects of a killed process on ${dialect}`, () => {
    let place: StorePlace;
    beforeEach(async () => {
      place = await makePlace();
    });
    afterEach(() => place.remove());

    /** @returns the lines that were acknowledged */
    const writeAndKill = async (prefix: string, count: number, other: boolean): Promise<string[]> => {
      const writer = new URL('./fixtures/object-writer.ts', import.meta.url).pathname;
      const args = [writer, JSON.stringify(place.location), prefix];
      const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'] });
      const exited = once(child, 'exit');
      const acknowledged: string[] = [];
      let killed: Promise<void> | undefined;
      for await (const line of createInterface({ input: child.stdout })) {
        acknowledged.push(line);
        if (acknowledged.length !== count) continue;
        if (other) killed = kill?.();
        else child.kill('SIGKILL');
      }
      await Promise.all([exited, killed]);
      return acknowledged;
    };

    test(
      'nothing acknowledged is lost, and nothing is there by half',
      async () => {
        for (let round = 0; round < ROUNDS; round++) {
          const count = 1 + Math.floor(Math.random() * 40);
          const acknowledged = await writeAndKill(`r${round}`, count, kill !== null && round % 2 === 1);
          expect(acknowledged.length).toBeGreaterThanOrEqual(count);
          const database = await openDatabase(place.location);
          await expectWhole(database, acknowledged);
          await database.close();
        }
      },
      ROUNDS * ROUND_MS,
    );
  });
}

async function expectWhole(database: Database, acknowledged: readonly string[]): Promise<void> {
  const { read } = database;
  const said = (what: string): string[] =>
    acknowledged.flatMap((line) => (line.startsWith(`${what} `) ? [line.slice(what.length + 1)] : []));
  const rows = await read.selectFrom('object').select(['kind', 'name', 'revision', 'body']).execute();
  const names = (kind: string): Set<string> => new Set(rows.flatMap((row) => (row.kind === kind ? [row.name] : [])));
  expect(names('tags')).toEqual(names('rules'));
  expect(said('object').filter((name) => !names('tags').has(name))).toEqual([]);

  const sizes = await sql<{ size: number }>`
    select count(*) as size from object_revision group by change
  `.execute(read);
  expect(new Set(sizes.rows.map(({ size }) => size))).toEqual(new Set([3]));
  const changes = await read.selectFrom('object_change').select('number').orderBy('number').execute();
  expect(changes.map(({ number }) => number)).toEqual(sizes.rows.map((_, i) => i + 1));
  const last = await sql<{ kind: string; name: string; revision: number; body: string }>`
    select kind, name, revision, body from object_revision r
    where revision = (select max(revision) from object_revision o where o.kind = r.kind and o.name = r.name)
  `.execute(read);
  const sorted = <T extends { kind: string; name: string }>(list: readonly T[]): T[] =>
    list.toSorted((a, b) => (`${a.kind}/${a.name}` < `${b.kind}/${b.name}` ? -1 : 1));
  expect(sorted(rows)).toEqual(sorted(last.rows));

  const counters = await read.selectFrom('counter').selectAll().where('name', 'in', ['working', 'snapshot']).execute();
  const counter = new Map(counters.map(({ name, value }) => [name, value]));
  expect(counter.get('working')).toBe(changes.length);
  const snapshots = await read.selectFrom('snapshot').select('number').orderBy('number').execute();
  const numbers = snapshots.map(({ number }) => number);
  expect(counter.get('snapshot')).toBe(numbers.at(-1) ?? 0);
  expect(counter.get('snapshot')).toBeGreaterThanOrEqual(Math.max(0, ...said('snapshot').map(Number)));
  const parts = await read.selectFrom('snapshot_part').select(['snapshot', 'chunk']).orderBy('snapshot').execute();
  expect(parts.map(({ snapshot }) => snapshot)).toEqual(numbers);
  const chunks = await read.selectFrom('snapshot_chunk').select('hash').execute();
  expect(new Set(chunks.map(({ hash }) => hash))).toEqual(new Set(parts.map(({ chunk }) => chunk)));
}
