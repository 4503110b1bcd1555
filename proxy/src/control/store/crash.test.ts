import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openDatabase } from './open-database.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'causeway-crash-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

/** Runs the writer until it acknowledged `count` writes, then kills it where it stands. */
async function writeAndKill(file: string, prefix: string, count: number): Promise<string[]> {
  const writer = new URL('./fixtures/endless-writer.ts', import.meta.url);
  const child = spawn(process.execPath, [writer.pathname, file, prefix], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  const acknowledged: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    acknowledged.push(line);
    if (acknowledged.length === count) child.kill('SIGKILL');
  }
  await exited;
  return acknowledged;
}

test('nothing acknowledged is lost when the process is killed', async () => {
  const file = join(folder, 'causeway.sqlite');
  for (let round = 0; round < 4; round++) {
    const count = 1 + Math.floor(Math.random() * 60);
    const acknowledged = await writeAndKill(file, `r${round}`, count);
    expect(acknowledged.length).toBeGreaterThanOrEqual(count);
    const database = await openDatabase({ file });
    const kept = await database.read.selectFrom('join_token').select('hash').execute();
    await database.close();
    expect(kept.map(({ hash }) => hash)).toEqual(expect.arrayContaining(acknowledged));
  }
});
