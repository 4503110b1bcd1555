import { execFileSync } from 'node:child_process';
import { chownSync, existsSync, globSync, mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { awaitCondition } from './await-condition.ts';
import { Program, runProgram } from './program.ts';

/** Debian's PostgreSQL on a Unix socket of its own, as PoPs of a deployment share one. */
export interface SharedPostgres {
  readonly url: string;
  stop(): Promise<void>;
}

export async function startPostgres(): Promise<SharedPostgres> {
  const folder = mkdtempSync(join(tmpdir(), 'causeway-shared-postgres-'));
  const bin = programs();
  if (bin === null) throw new Error('PostgreSQL is not installed: apt-get install postgresql');
  // PostgreSQL refuses to run as root.
  const root = process.getuid?.() === 0;
  const prefix = root ? ['setpriv', '--reuid=postgres', '--regid=postgres', '--clear-groups', '--'] : [];
  const id = (flag: string): number => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
  if (root) chownSync(folder, id('-u'), id('-g'));
  const words = (...args: readonly string[]): { command: string; args: string[] } => {
    const [command = '', ...rest] = [...prefix, ...args];
    return { command, args: rest };
  };
  const data = join(folder, 'data');
  const initdb = ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C.UTF-8', '--no-sync'];
  const made = await runProgram({ name: 'initdb', ...words(join(bin, 'initdb'), ...initdb) }, 60_000);
  if (made.code !== 0) throw new Error(`initdb: ${made.err}`);
  const flags = ['-D', data, '-k', folder, '-c', 'listen_addresses=', '-c', 'fsync=off'];
  const server = new Program({ name: 'postgres', ...words(join(bin, 'postgres'), ...flags) });
  await awaitCondition(
    'PostgreSQL to answer',
    async () => {
      const asked = await runProgram({
        name: 'pg_isready',
        command: join(bin, 'pg_isready'),
        args: ['-q', '-h', folder],
      });
      return asked.code === 0;
    },
    { timeoutMs: 30_000 },
  );
  return {
    url: `postgres://postgres@/postgres?host=${encodeURIComponent(folder)}`,
    async stop() {
      server.signal('SIGINT');
      await server.exited;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** The folder of the newest version's programs. */
function programs(): string | null {
  const versions = globSync('/usr/lib/postgresql/*/bin').toSorted((a, b) => versionOf(b) - versionOf(a));
  return versions.find((folder) => existsSync(join(folder, 'initdb'))) ?? null;
}

const versionOf = (folder: string): number => Number(folder.split('/')[4]);
