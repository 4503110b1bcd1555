import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { awaitCondition } from './await-condition.ts';
import { awaitGone } from './leftovers.ts';
import { processesBelow } from './process-tree.ts';
import { jsonLine, Program, ROOT } from './program.ts';
import { causeway } from './dev-pop.ts';

/** What `causeway pop --json` prints when it is ready. */
export interface PopReady {
  readonly ready: true;
  readonly pids: { readonly supervisor: number; readonly control: number; readonly edges: readonly number[] };
  readonly operations: string;
  readonly portal: string;
  readonly data: string;
}

/** The parts of `causeway status --json` that tests look at. */
export interface Status {
  readonly snapshot: number;
  readonly sessions: number;
  readonly edges: readonly { readonly worker: number; readonly pid: number; readonly openStreams: number }[];
  readonly publishers: readonly {
    readonly name: string;
    readonly enrolled: boolean;
    readonly connectedWorkers: number;
  }[];
  readonly devices: readonly { readonly id: string; readonly user: string; readonly connected: boolean }[];
  readonly degraded: readonly string[];
}

export async function statusOf(data: string): Promise<Status> {
  return (await causeway(data, 'status')).json as Status;
}

export interface Folder {
  readonly path: string;
  file(name: string, content: string | object): string;
  forget(): Promise<void>;
}

/** A temporary folder that outlives the processes that use it; objects become JSON, which is YAML too. */
export function temporaryFolder(name: string): Folder {
  const path = mkdtempSync(join(tmpdir(), `causeway-${name}-`));
  return {
    path,
    file(file, content) {
      const full = join(path, file);
      writeFileSync(full, typeof content === 'string' ? content : `${JSON.stringify(content, null, 2)}\n`);
      return full;
    },
    forget: () => rm(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 }),
  };
}

export interface Pop extends PopReady {
  readonly program: Program;
  readonly ca: string;
  /** A join token for a publisher of the configuration. */
  token(publisher: string): Promise<string>;
  status(): Promise<Status>;
  /** SIGTERM: exit 0, and every process of the PoP is gone. Idempotent. */
  stop(): Promise<void>;
}

export interface PopOptions {
  readonly configFile: string;
  readonly data: string;
  /** Words before the command, such as `ip netns exec NAME`. */
  readonly prefix?: readonly string[];
}

/** `causeway pop` with a configuration of the test's own. */
export async function startPop({ configFile, data, prefix = [] }: PopOptions): Promise<Pop> {
  mkdirSync(data, { recursive: true, mode: 0o700 });
  const program = prefixed('causeway pop', prefix, 'proxy/src/cli/causeway.ts', [
    'pop',
    '--config',
    configFile,
    '--data',
    data,
    '--json',
  ]);
  let ready: PopReady;
  try {
    ready = await program.line('to be ready', (line) => jsonLine(line, 'ready') as PopReady | undefined);
  } catch (error) {
    await program.stop().catch(() => undefined);
    throw error;
  }
  let stopping: Promise<void> | null = null;
  const stop = async (): Promise<void> => {
    const below = processesBelow(program.pid);
    const exit = await program.stop(30_000);
    await awaitGone(below);
    if (exit.code !== 0) throw new Error(`causeway pop ended with ${JSON.stringify(exit)}\n${program.tail()}`);
  };
  return {
    ...ready,
    program,
    ca: join(data, 'ca.pem'),
    async token(publisher) {
      return ((await causeway(data, 'token', publisher)).json as { token: string }).token;
    },
    status: () => statusOf(data),
    stop: () => (stopping ??= stop()),
  };
}

export interface PublisherOptions {
  readonly join?: string;
  readonly allow: readonly string[];
  readonly map?: readonly string[];
  readonly data: string;
  readonly transport?: 'tls' | 'websocket' | 'auto';
  readonly prefix?: readonly string[];
}

export function startPublisher(options: PublisherOptions): Program {
  const { join: token, allow, map = [], data, transport, prefix = [] } = options;
  return prefixed('causeway-publisher', prefix, 'publisher/src/causeway-publisher.ts', [
    'up',
    '--data',
    data,
    ...(token === undefined ? [] : ['--join', token]),
    ...allow.flatMap((entry) => ['--allow', entry]),
    ...map.flatMap((entry) => ['--map', entry]),
    ...(transport === undefined ? [] : ['--transport', transport]),
  ]);
}

/** Until the PoP sees the publisher on so many of its workers. */
export async function awaitPublisher(data: string, name: string, workers: number, publisher: Program): Promise<void> {
  try {
    await awaitCondition(
      `publisher ${name} on ${workers} worker(s)`,
      async () =>
        (await statusOf(data)).publishers.some((one) => one.name === name && one.connectedWorkers === workers),
      { timeoutMs: 20_000, everyMs: 200 },
    );
  } catch (error) {
    throw new Error(`${String(error)}\n${publisher.tail()}`, { cause: error });
  }
}

/** A program of this repository, perhaps behind a prefix. */
export function prefixed(name: string, prefix: readonly string[], file: string, args: readonly string[]): Program {
  const [command = process.execPath, ...rest] = [...prefix, process.execPath, ROOT + file, ...args];
  return new Program({ name, command, args: rest });
}
