import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { makeControlFixture } from '../control-fixture.ts';
import { SnapshotCompiler } from '../snapshot/compiler.ts';
import { openTestPop, writeDeployment } from '../snapshot/pop-fixture.ts';
import type { StoreLocation } from '../store/database.ts';
import { startPostgres } from '../store/fixtures/postgres-server.ts';
import type { Author, ObjectChange } from './model.ts';

/**
 * `node measure-objects.ts [sqlite|postgres] [APPS] [RULES]`: prints how long it takes to apply, list, search and
 * publish many objects. Figures, not a test.
 */
const [dialect = 'sqlite', apps = '10000', rules = '100000'] = process.argv.slice(2);
const BY: Author = { actor: 'measure', comment: '', source: 'api' };
const APPLY = 5_000;

const fixture = await makeControlFixture();
const file = join(fixture.dir, 'deployment.yaml');
writeDeployment(file);
const server = dialect === 'postgres' ? await startPostgres() : null;
const location: StoreLocation =
  server === null ? { file: join(fixture.dir, 'measure.sqlite') } : (await server.database()).location;
const compiler = new SnapshotCompiler();
const pop = await openTestPop(compiler, location, file);

/** Runs something and says how long it took, how much CPU all threads used (not PostgreSQL's), and how long the
 * loop was blocked at most. */
async function timed<T>(what: string, body: () => Promise<T>): Promise<T> {
  let last = performance.now();
  let blocked = 0;
  const timer = setInterval(() => {
    blocked = Math.max(blocked, performance.now() - last - 1);
    last = performance.now();
  }, 1);
  const cpu = process.cpuUsage();
  const start = performance.now();
  const result = await body();
  clearInterval(timer);
  const used = process.cpuUsage(cpu);
  const ms = (value: number): string => value.toFixed(value < 10 ? 1 : 0).padStart(7);
  const figures = `${ms(performance.now() - start)} ms, CPU ${ms((used.user + used.system) / 1_000)}, loop ${ms(blocked)}`;
  process.stdout.write(`${dialect.padEnd(9)}${what.padEnd(52)}${figures}\n`);
  return result;
}

async function applyAll(changes: readonly ObjectChange[]): Promise<void> {
  for (let from = 0; from < changes.length; from += APPLY) {
    await pop.objects.apply(changes.slice(from, from + APPLY), BY);
  }
}

const appChanges = Array.from({ length: Number(apps) }, (_, i): ObjectChange => {
  const body = {
    description: `App number ${i} of the measurement`,
    tags: [`tag-${i % 50}`],
    hosts: [`app-${i}.corp.example`],
    ports: ['tcp/443'],
    publishers: [`dc${i % 10}`],
    clientless: {
      urls: [`app-${i}.causeway.localhost`],
      upstream: { host: `app-${i}.corp.example`, port: 443, scheme: 'https' },
    },
  };
  return { kind: 'apps', name: `app-${i}`, op: 'put', body };
});
const ruleChanges = Array.from({ length: Number(rules) }, (_, i): ObjectChange => {
  const body = {
    groups: [`group-${i % 5_000}`],
    apps: [`app-${i % Number(apps)}`],
    ports: ['tcp/443'],
    action: i % 7 === 0 ? 'block' : 'allow',
  };
  return { kind: 'rules', name: `rule-${i}`, op: 'put', body };
});
const publishers = Array.from({ length: 10 }, (_, i): ObjectChange => {
  return { kind: 'publishers', name: `dc${i}`, op: 'put', body: {} };
});

await pop.objects.apply(publishers, BY);
await timed(`apply ${apps} apps at once`, () => pop.objects.apply(appChanges, BY));
await timed(`apply ${apps} apps again, nothing changed`, () => pop.objects.apply(appChanges, BY));
await timed(`apply ${rules} rules, ${APPLY} at a time`, () => applyAll(ruleChanges));
const list = (what: string, kind: 'apps' | 'rules', query: object): Promise<unknown> =>
  timed(`list ${what}`, () => pop.objects.list(kind, { limit: 100, ...query }));
for (const kind of ['apps', 'rules'] as const) {
  await list(`${kind}, first page`, kind, {});
  await list(`${kind}, newest first`, kind, { sort: '-updatedAt' });
  await list(`${kind}, search finds many`, kind, { q: '99' });
  await list(`${kind}, search finds one`, kind, { q: kind === 'apps' ? 'app-9999 measurement' : 'rule-99999' });
  await list(`${kind}, search finds none`, kind, { q: 'nowhere' });
}
await list('apps, filter by tag, newest first', 'apps', { filter: { tags: 'tag-7' }, sort: '-updatedAt' });
await list('rules, filter by group', 'rules', { filter: { groups: 'group-4999' } });
await list('rules, filter by app, backwards', 'rules', { filter: { apps: 'app-1' }, sort: '-position' });
await list('rules, filter that all pass, by name', 'rules', { filter: { managedBy: 'api' }, sort: 'name' });
let cursor = '';
for (let page = 0; page < Number(rules) / 1_000; page++) {
  cursor = (await pop.objects.list('rules', { limit: 500, ...(cursor === '' ? {} : { cursor }) })).next ?? '';
}
await list('rules, a page in the middle', 'rules', cursor === '' ? {} : { cursor });
await timed('publish everything for the first time', () => pop.snapshots.publish(BY));
const touch = (name: string): ObjectChange => ({
  ...ruleChanges[7],
  kind: 'rules',
  name,
  op: 'put',
  body: { action: 'block' },
});
await timed('put one rule before another', () =>
  pop.objects.apply([{ ...touch('fresh'), position: { before: 'rule-500' } }], BY),
);
await timed('publish after one change', () => pop.snapshots.publish(BY));
await pop.objects.apply([touch('rule-9')], BY);
await timed('publish after another', () => pop.snapshots.publish(BY));
await timed('compare the last two snapshots', () => pop.snapshots.differences({ before: 2, after: 4, limit: 100 }));
await timed('rules that never decide', () => pop.snapshots.shadowed({ limit: 100 }));
const principals = Array.from({ length: 1_000 }, (_, i) => ({
  user: `u${i}`,
  groups: [`group-${i}`, `group-${i + 1}`],
}));
await timed('who gains, first page', () => pop.snapshots.impact({ principals, limit: 100 }));
process.stdout.write(`${dialect.padEnd(9)}resident ${Math.round(process.memoryUsage().rss / 1e6)} MB\n`);

await pop.close();
await compiler.close();
await server?.stop();
rmSync(fixture.dir, { recursive: true });
