import {
  fillStore,
  ISSUE_SIZE,
  openAdmin,
  openApiDocument,
  sqlitePlace,
  startPostgres,
  type AdminPlace,
} from '@causeway/proxy/measured-control';
import { limitRow, median, type Row } from '../row.ts';
import { listRoutes, queriesOf, type ApiDocument, type Item, type ListRoute, type Query } from './list-queries.ts';
import type { PartOptions } from './part.ts';

const LIMIT_MS = 300;
/** Pages that are followed from a list's beginning. */
const DEEP = 60;
/** Of each route, queries that were slowest once and are asked again. */
const SLOWEST = 3;

interface Asked {
  readonly path: string;
  readonly query: Query;
  readonly ms: number;
}

/** Every list of the API: its slowest page, of all sorts, filters, searches, pairs of filters and deep cursors. */
export async function sqliteListRows(options: PartOptions): Promise<Row[]> {
  return listRows(await openAdmin(await sqlitePlace()), options);
}

export async function postgresListRows(options: PartOptions): Promise<Row[]> {
  const server = await startPostgres();
  try {
    return await listRows(await openAdmin(await server.database()), options);
  } finally {
    await server.stop();
  }
}

async function listRows(place: AdminPlace, { rounds }: PartOptions): Promise<Row[]> {
  try {
    const { database } = place.services;
    await fillStore(database, 'default', ISSUE_SIZE);
    await publish(place);
    const rows: Row[] = [];
    for (const route of listRoutes(openApiDocument() as ApiDocument)) {
      rows.push(...(await worstOf(place, route, database.dialect, rounds)));
    }
    return rows;
  } finally {
    await place.close();
  }
}

async function publish(place: AdminPlace): Promise<void> {
  const { status, body } = await place.send('POST', 'snapshots', { body: { comment: 'filled' } });
  if (status >= 300) throw new Error(`nothing was published: ${JSON.stringify(body).slice(0, 500)}`);
}

async function worstOf(place: AdminPlace, route: ListRoute, dialect: string, rounds: number): Promise<Row[]> {
  const path = await concrete(place, route.path);
  const sample = (await ask(place, path, {}, true)).items[0];
  const asked: Asked[] = [];
  for (const query of queriesOf(route, sample)) asked.push(await time(place, path, query));
  if (route.parameters.some(({ name }) => name === 'cursor')) asked.push(...(await follow(place, path)));
  const slowest = asked.toSorted((a, b) => b.ms - a.ms).slice(0, SLOWEST);
  let worst: { query: Query; rounds: number[] } = { query: {}, rounds: [0] };
  for (const { query } of slowest) {
    const times: number[] = [];
    for (let round = 0; round < rounds; round++) times.push((await time(place, path, query)).ms);
    if (median(times) >= median(worst.rounds)) worst = { query, rounds: times };
  }
  const row = limitRow(nameOf(dialect, route, asked.length, worst.query), 'ms', worst.rounds, LIMIT_MS);
  const [first] = slowest;
  // What is kept of an answer must not hide how long it took to make.
  if (first === undefined || first.ms <= LIMIT_MS || row.ok === false) return [row];
  const name = `${nameOf(dialect, route, asked.length, first.query)}, the first time`;
  return [row, limitRow(name, 'ms', [first.ms], LIMIT_MS)];
}

function nameOf(dialect: string, { path }: ListRoute, asked: number, query: Query): string {
  const text = new URLSearchParams(query).toString().replaceAll(/cursor=[^&]*/g, 'cursor=…');
  return `${dialect}: GET ${path}, slowest of ${asked}: ${decodeURIComponent(text)}`;
}

/** With the first item of the list above it in place of each parameter. */
async function concrete(place: AdminPlace, path: string): Promise<string> {
  const parameter = /^(.*)\/\{(\w+)\}/.exec(path);
  const [whole, parent, name] = parameter ?? [];
  if (whole === undefined || parent === undefined || name === undefined) return path;
  const { items } = await ask(place, parent, {}, true);
  const value = items[0]?.[name];
  const text = typeof value === 'string' || typeof value === 'number' ? String(value) : 'none';
  return concrete(place, path.replace(whole, `${parent}/${encodeURIComponent(text)}`));
}

async function follow(place: AdminPlace, path: string): Promise<Asked[]> {
  const asked: Asked[] = [];
  let cursor: string | null = null;
  for (let page = 0; page < DEEP; page++) {
    const query: Query = { limit: '500', ...(cursor === null ? {} : { cursor }) };
    const from = performance.now();
    const { next } = await ask(place, path, query, true);
    asked.push({ path, query, ms: performance.now() - from });
    cursor = next;
    if (cursor === null) break;
  }
  return asked;
}

async function time(place: AdminPlace, path: string, query: Query): Promise<Asked> {
  const from = performance.now();
  await ask(place, path, query, false);
  return { path, query, ms: performance.now() - from };
}

/** @param sure whether a refusal is a fault of this measurement; some conditions are refused together */
async function ask(
  place: AdminPlace,
  path: string,
  query: Query,
  sure: boolean,
): Promise<{ items: readonly Item[]; next: string | null }> {
  const { status, body } = await place.send('GET', `${path}?${new URLSearchParams(query).toString()}`);
  if (status >= 500) throw new Error(`${path} ${JSON.stringify(query)}: ${JSON.stringify(body)}`);
  if (status >= 400 && sure && status !== 404 && status !== 422) throw new Error(`${path}: ${status}`);
  return { items: body.items ?? [], next: body.next ?? null };
}
