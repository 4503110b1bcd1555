import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { eventOf, openEventLog } from '../control/events/event-fixture.ts';
import type { EventLog } from '../control/events/event-log.ts';
import { TailCallers } from '../control/events/tail-callers.ts';
import { RpcServer } from '../control/rpc-server.ts';
import type { Database } from '../control/store/database.ts';
import { openDatabase } from '../control/store/open-database.ts';

const CAUSEWAY = fileURLToPath(new URL('causeway.ts', import.meta.url));
let folder: string;
let database: Database;
let eventLog: EventLog;
let server: RpcServer;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'causeway-cli-'));
  database = await openDatabase({ file: join(folder, 'store.sqlite') });
  eventLog = openEventLog(database, { scan: 50 });
  const tails = new TailCallers(eventLog);
  server = await RpcServer.listen({
    path: join(folder, 'run', 'control.sock'),
    log: pino({ level: 'silent' }),
    handlers: (channel) => ({
      ...tails.calls(channel),
      'admin.events': ({ query, ...page }) => eventLog.search(query, page),
    }),
    onClosed: (channel) => tails.remove(channel),
  });
  await eventLog.append([
    eventOf({ at: 1, decision: 'old' }),
    ...Array.from({ length: 120 }, (_, i) => eventOf({ at: 10 + i, decision: `w${i}`, status: 404 })),
    eventOf({ at: 1_000, decision: 'other', app: 'other' }),
  ]);
});
afterEach(async () => {
  await server.close();
  await database.close();
  rmSync(folder, { recursive: true, force: true });
});

function run(...args: string[]) {
  const child = spawn(process.execPath, [CAUSEWAY, 'events', '--data', folder, ...args]);
  const said = { out: '', error: '' };
  child.stdout.on('data', (chunk) => (said.out += String(chunk)));
  child.stderr.on('data', (chunk) => (said.error += String(chunk)));
  return { child, said, ended: once(child, 'close').then(([code]) => code as number) };
}

test('events that are rare are asked for until there are enough or no more', async () => {
  const { said, ended } = run(
    '--json',
    '--app',
    'wiki',
    '--text',
    'get',
    '--since',
    '1970-01-01T00:00Z',
    '--limit',
    '200',
  );
  expect([await ended, said.error]).toEqual([0, '']);
  const found = JSON.parse(said.out) as { decision: string }[];
  expect(found).toHaveLength(121);
  expect(found.at(-1)?.decision).toBe('old');
});

test('events are followed, what was before first, until a signal', async () => {
  const { child, said, ended } = run('--follow', '--json', '--app', 'other', '--since', '1970-01-01T00:00Z');
  const decisions = (): string[] =>
    said.out
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => (JSON.parse(line) as { decision: string }).decision);
  await expect.poll(decisions, { timeout: 15_000 }).toEqual(['other']);
  await eventLog.append([eventOf({ decision: 'no' }), eventOf({ decision: 'new', app: 'other' })]);
  await expect.poll(decisions, { timeout: 5_000 }).toEqual(['other', 'new']);
  child.kill('SIGINT');
  expect([await ended, said.error]).toEqual([0, '']);
});

test('following ends with the PoP, and says so', async () => {
  const { said, ended } = run('--follow', '--since', '1970-01-01T00:00Z', '--app', 'other');
  await expect.poll(() => said.out, { timeout: 15_000 }).toContain('other');
  await server.close();
  expect([await ended, said.error]).toEqual([69, 'causeway: CW_RPC_CLOSED: the PoP has ended the connection\n']);
});
