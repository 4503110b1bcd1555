import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { awaitGone } from './leftovers.ts';
import { freePorts } from './ports.ts';
import { processesBelow } from './process-tree.ts';
import { jsonLine, nodeProgram, runProgram, ROOT, type Program } from './program.ts';

/** What `causeway dev --json` prints when everything runs. */
export interface DevReady {
  readonly ready: true;
  readonly urls: { readonly portal: string; readonly apps: Readonly<Record<string, string>> };
  readonly pids: {
    readonly supervisor: number;
    readonly control: number;
    readonly edges: readonly number[];
    readonly publisher: number;
    readonly idp: number;
    readonly intranet: number;
    readonly agent: number | null;
  };
  readonly ca: string;
  readonly operations: string;
  readonly agentProxy: string | null;
  readonly data: string;
}

export interface DevOptions {
  readonly workers?: number;
  /** An own app to publish. */
  readonly publish?: string;
  readonly agent?: boolean;
  /** A folder of an earlier run, which `stop` then leaves alone. */
  readonly data?: string;
  readonly ports?: DevPorts;
}

export interface DevPorts {
  readonly pop: number;
  readonly idp: number;
  readonly operations: number;
  readonly agent: number;
}

export interface DevPop extends DevReady {
  readonly program: Program;
  readonly ports: DevPorts;
  /** The URL of an app, with a path. */
  readonly url: (app: string, path?: string) => string;
  /** Ctrl-C for all of it: exit 0, and every process that it named is gone. Idempotent. */
  stop(): Promise<void>;
}

const START_MS = 90_000;
const STOP_MS = 30_000;

export async function devPorts(): Promise<DevPorts> {
  const [pop = 0, idp = 0, operations = 0, agent = 0] = await freePorts(4);
  return { pop, idp, operations, agent };
}

/** `causeway dev` as a person starts it, on free ports and in a data folder of its own. */
export async function startDev(options: DevOptions = {}): Promise<DevPop> {
  const data = options.data ?? mkdtempSync(join(tmpdir(), 'causeway-dev-'));
  const ports = options.ports ?? (await devPorts());
  const forget = async (): Promise<void> => {
    if (options.data === undefined) await rm(data, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
  };
  const args = [
    'dev',
    ...(options.publish === undefined ? [] : [options.publish]),
    '--json',
    '--data',
    data,
    '--workers',
    String(options.workers ?? 1),
    '--port',
    String(ports.pop),
    '--idp-port',
    String(ports.idp),
    '--operations-port',
    String(ports.operations),
    ...(options.agent === true ? ['--agent', '--agent-port', String(ports.agent)] : []),
  ];
  const program = nodeProgram('causeway dev', 'proxy/src/cli/causeway.ts', args, options.agent === true);
  let ready: DevReady;
  try {
    ready = await program.line('to be ready', (line) => jsonLine(line, 'ready') as DevReady | undefined, START_MS);
  } catch (error) {
    const below = processesBelow(program.pid);
    if (program.exit === null) await program.stop().catch(() => undefined);
    await awaitGone(below).catch(() => undefined);
    await forget();
    throw error;
  }
  let stopping: Promise<void> | null = null;
  const stop = async (): Promise<void> => {
    const { supervisor, control, edges, publisher, idp, intranet, agent } = ready.pids;
    const named = [supervisor, control, ...edges, publisher, idp, intranet, ...(agent === null ? [] : [agent])];
    const all = [...new Set([...named, ...processesBelow(program.pid)])];
    const exit = await program.stop(STOP_MS);
    await awaitGone(all);
    await forget();
    if (exit.code !== 0) throw new Error(`causeway dev ended with ${JSON.stringify(exit)}\n${program.tail()}`);
  };
  return {
    ...ready,
    program,
    ports,
    url(app, path = '/') {
      const base = ready.urls.apps[app];
      if (base === undefined) throw new Error(`no app ${app} among ${Object.keys(ready.urls.apps).join(', ')}`);
      return new URL(path, base).href;
    },
    stop: () => (stopping ??= stop()),
  };
}

/** A verb of the command line for a running PoP; `--json` is added and what it prints is read. */
export async function causeway(
  data: string,
  ...args: readonly string[]
): Promise<{ code: number | null; json: unknown }> {
  const { code, out, err } = await runProgram({
    name: `causeway ${args.join(' ')}`,
    command: process.execPath,
    args: [`${ROOT}proxy/src/cli/causeway.ts`, ...args, '--data', data, '--json'],
  });
  try {
    return { code, json: JSON.parse(out) as unknown };
  } catch (error) {
    throw new Error(`causeway ${args.join(' ')} ended with ${code} and printed no JSON\n${out}\n${err}`, {
      cause: error,
    });
  }
}
