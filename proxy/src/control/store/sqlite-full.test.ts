import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, rmdirSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { StoreWatch } from '../store-watch.ts';
import { openDatabase } from './open-database.ts';

/** A file system of its own, so small that it is soon full; `null` for whoever may mount none. */
function smallDisk(): { readonly folder: string; unmount(): void } | null {
  const folder = mkdtempSync(join(tmpdir(), 'causeway-full-'));
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'causeway-test', folder]);
  if (mounted.status === 0) {
    return {
      folder,
      unmount: () => {
        spawnSync('umount', [folder]);
        rmdirSync(folder);
      },
    };
  }
  rmdirSync(folder);
  process.stdout.write('skipped, and so unproven: a full disk: no right to mount one\n');
  return null;
}

test('a disk that is full is a lost store, and one with room again is found by itself', async (context) => {
  const disk = smallDisk();
  if (disk === null) return context.skip();
  const database = await openDatabase({ file: join(disk.folder, 'store.sqlite') });
  const said: string[] = [];
  const watch = new StoreWatch({
    database,
    reread: () => Promise.resolve(),
    onLost: (why) => said.push(why),
    onBack: async () => void said.push('back'),
    clock: () => performance.now(),
  });
  watch.start();
  const filler = join(disk.folder, 'filler');
  const write = (bytes: number): Promise<unknown> =>
    sql`update probe set filler = ${'x'.repeat(bytes)}`.execute(database.write);
  const read = async (): Promise<number> => (await database.read.selectFrom('counter').selectAll().execute()).length;
  try {
    await database.probe(true);
    const counters = await read();
    const { bavail, bsize } = statfsSync(disk.folder);
    writeFileSync(filler, Buffer.alloc(bavail * bsize));
    await expect(write(4 << 20)).rejects.toMatchObject({ code: 'CW_STORE_LOST' });
    await expect.poll(() => said.length, { timeout: 8_000 }).toBe(1);
    expect(said[0]).toMatch(/full|I\/O/);
    await expect(write(1)).rejects.toMatchObject({ code: 'CW_STORE_LOST' });
    await expect(read()).rejects.toMatchObject({ code: 'CW_STORE_LOST' });

    rmSync(filler);
    await expect.poll(() => said.at(-1), { timeout: 8_000 }).toBe('back');
    await write(4 << 20);
    expect(await read()).toBe(counters);
    const [check] = (await sql<{ integrity_check: string }>`pragma integrity_check`.execute(database.read)).rows;
    expect(check?.integrity_check).toBe('ok');
  } finally {
    await watch.stop();
    await database.close();
    disk.unmount();
  }
});
