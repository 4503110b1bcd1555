import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { awaitGone, isAlive } from '../harness/leftovers.ts';

const run = promisify(execFile);

/** Where `ip netns exec` finds the files that it lays over those of /etc. */
const ETC = '/etc/netns';
const OURS = /^cw-(\d+)-[a-z]+$/;

/** A network namespace: `cw-<pid of the run>-<role>`. */
export interface Namespace {
  readonly name: string;
  /** Words before a command that shall run in it. */
  readonly exec: readonly string[];
  /** Runs a command in it to its end; rejects when it fails. */
  run(command: string, ...args: readonly string[]): Promise<string>;
  /** `/etc/hosts` of what runs in it from now on. */
  hosts(entries: Readonly<Record<string, string>>): void;
}

/** Why namespaces cannot be used here, or `null`. Tries, because whether they are permitted cannot be read anywhere. */
export async function namespacesRefused(): Promise<string | null> {
  const name = `cw-${process.pid}-probe`;
  try {
    await run('ip', ['netns', 'add', name]);
    await run('ip', ['netns', 'exec', name, 'nft', 'list', 'ruleset']);
    return null;
  } catch (error) {
    return `network namespaces are not permitted here: ${firstLine(error)}`;
  } finally {
    await run('ip', ['netns', 'delete', name]).catch(() => undefined);
  }
}

export async function addNamespace(role: string): Promise<Namespace> {
  const name = `cw-${process.pid}-${role}`;
  await run('ip', ['netns', 'add', name]);
  const exec = ['ip', 'netns', 'exec', name];
  const space: Namespace = {
    name,
    exec,
    async run(command, ...args) {
      try {
        return (await run('ip', ['netns', 'exec', name, command, ...args])).stdout;
      } catch (error) {
        throw new Error(`${role}: ${command} ${args.join(' ')}: ${firstLine(error)}`, { cause: error });
      }
    },
    hosts(entries) {
      mkdirSync(`${ETC}/${name}`, { recursive: true });
      const lines = Object.entries(entries).map(([host, address]) => `${address} ${host}\n`);
      writeFileSync(`${ETC}/${name}/hosts`, `127.0.0.1 localhost\n${lines.join('')}`);
      // No name server answers in here; asking one would only take time.
      writeFileSync(`${ETC}/${name}/resolv.conf`, 'nameserver 127.0.0.1\noptions timeout:1 attempts:1\n');
    },
  };
  await space.run('ip', 'link', 'set', 'lo', 'up');
  return space;
}

export interface End {
  readonly space: Namespace;
  readonly device: string;
  /** With prefix length. */
  readonly address: string;
}

/** A cable between two namespaces. */
export async function connect(a: End, b: End, mtu: number): Promise<void> {
  const far = ['peer', 'name', b.device, 'netns', b.space.name];
  await run('ip', ['link', 'add', a.device, 'netns', a.space.name, 'type', 'veth', ...far]);
  for (const { space, device, address } of [a, b]) {
    await space.run('ip', 'address', 'add', address, 'dev', device);
    await space.run('ip', 'link', 'set', device, 'mtu', String(mtu), 'up');
  }
}

/** With everything that runs in it, its cables and its files. */
export async function removeNamespace(name: string): Promise<void> {
  const listed = await run('ip', ['netns', 'pids', name]).catch(() => ({ stdout: '' }));
  const pids = listed.stdout.split('\n').filter(Boolean).map(Number);
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It ended meanwhile.
    }
  }
  await awaitGone(pids);
  await run('ip', ['netns', 'delete', name]).catch(() => undefined);
  rmSync(`${ETC}/${name}`, { recursive: true, force: true });
}

/** What runs left behind that ended without cleaning up: theirs are the namespaces whose process is gone. */
export async function removeStaleNamespaces(): Promise<string[]> {
  const stale = (await ourNamespaces()).filter((name) => !isAlive(Number(OURS.exec(name)?.[1])));
  for (const name of stale) await removeNamespace(name);
  return stale;
}

/** Those of any run, by the list of namespaces and by the files that belong to them. */
export async function ourNamespaces(): Promise<string[]> {
  const { stdout } = await run('ip', ['netns', 'list']);
  const listed = stdout.split('\n').map((line) => line.split(' ')[0] ?? '');
  let files: string[] = [];
  try {
    files = readdirSync(ETC);
  } catch {
    // Nobody ever used one here.
  }
  return [...new Set([...listed, ...files])].filter((name) => OURS.test(name)).toSorted();
}

function firstLine(error: unknown): string {
  const text = error instanceof Error && 'stderr' in error ? String(error.stderr) : String(error);
  return text.trim().split('\n')[0] ?? '';
}
