import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { awaitCondition, within } from './await-condition.ts';
import { RUN_MARK, RUN_VARIABLE } from './leftovers.ts';

/** The top of the checkout, with a final slash. */
export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

const MAX_LINES = 5_000;

export interface ProgramOptions {
  /** What failing tests call it. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Whether `type` is used; without it there is nobody at the keyboard. */
  readonly keyboard?: boolean;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A process under test: its output by lines (the newest 5,000), its exit, and an orderly or brutal end. */
export class Program {
  readonly name: string;
  readonly pid: number;
  readonly exited: Promise<Exit>;
  readonly stdout: string[] = [];
  readonly stderr: string[] = [];
  readonly #child: ChildProcess;
  #exit: Exit | null = null;

  constructor(options: ProgramOptions) {
    this.name = options.name;
    this.#child = spawn(options.command, options.args, {
      cwd: options.cwd ?? ROOT,
      env: { ...process.env, [RUN_VARIABLE]: RUN_MARK, ...options.env },
      stdio: [options.keyboard === true ? 'pipe' : 'ignore', 'pipe', 'pipe'],
    });
    this.pid = this.#child.pid ?? -1;
    this.#collect(this.#child.stdout, this.stdout);
    this.#collect(this.#child.stderr, this.stderr);
    this.exited = new Promise((resolve) => {
      const settle = (exit: Exit): void => {
        this.#exit = exit;
        resolve(exit);
      };
      this.#child.once('error', (error) => {
        this.stderr.push(String(error));
        settle({ code: null, signal: null });
      });
      // `close`, not `exit`: the last lines of output are there then.
      this.#child.once('close', (code, signal) => settle({ code, signal }));
    });
  }

  get exit(): Exit | null {
    return this.#exit;
  }

  /** The first line of output for which `read` gives something; fails at once when the program ends before. */
  async line<T>(what: string, read: (line: string) => T | undefined, timeoutMs = 60_000): Promise<T> {
    try {
      return await awaitCondition(
        `${this.name}: ${what}`,
        () => {
          for (const line of [...this.stdout, ...this.stderr]) {
            const value = read(line);
            if (value !== undefined) return { value };
          }
          if (this.#exit !== null) return { ended: this.#exit };
          return undefined;
        },
        { timeoutMs },
      ).then((found) => {
        if ('ended' in found) throw new Error(`${this.name} ended with ${JSON.stringify(found.ended)} before: ${what}`);
        return found.value;
      });
    } catch (error) {
      throw new Error(`${error instanceof Error ? error.message : String(error)}\n${this.tail()}`, { cause: error });
    }
  }

  /** SIGTERM, and the exit code; a program that does not end within `timeoutMs` is killed and reported. */
  async stop(timeoutMs = 20_000): Promise<Exit> {
    if (this.#exit !== null) return this.#exit;
    this.signal('SIGTERM');
    try {
      return await within(`${this.name} to end after SIGTERM`, timeoutMs, this.exited);
    } catch (error) {
      this.signal('SIGKILL');
      await this.exited;
      throw new Error(`${String(error)}\n${this.tail()}`, { cause: error });
    }
  }

  /** What a person types, and Enter. */
  type(text: string): void {
    if (this.#child.stdin === null) throw new Error(`${this.name} was started without a keyboard`);
    this.#child.stdin.write(`${text}\n`);
  }

  signal(name: NodeJS.Signals): void {
    if (this.#exit === null) this.#child.kill(name);
  }

  /** Its last lines, for the message of a failing test. */
  tail(lines = 40): string {
    const part = (title: string, all: string[]): string =>
      all.length === 0 ? '' : `--- ${this.name} ${title}\n${all.slice(-lines).join('\n')}\n`;
    return part('stdout', this.stdout) + part('stderr', this.stderr);
  }

  #collect(stream: NodeJS.ReadableStream | null, into: string[]): void {
    let open = '';
    stream?.setEncoding('utf8');
    stream?.on('data', (text: string) => {
      const parts = (open + text).split('\n');
      open = parts.pop() ?? '';
      into.push(...parts);
      if (into.length > MAX_LINES) into.splice(0, into.length - MAX_LINES);
    });
    stream?.on('end', () => {
      if (open !== '') into.push(open);
    });
  }
}

/** A TypeScript program of this repository on the runtime that runs the test. */
export function nodeProgram(name: string, file: string, args: readonly string[], keyboard = false): Program {
  return new Program({ name, command: process.execPath, args: [ROOT + file, ...args], keyboard });
}

/** The JSON value of a line that is an object with `key`, else `undefined`. */
export function jsonLine(line: string, key: string): unknown {
  if (!line.startsWith('{')) return undefined;
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null && Object.hasOwn(value, key) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Runs to its end and gives the whole output. */
export async function runProgram(
  options: ProgramOptions,
  timeoutMs = 30_000,
): Promise<Exit & { out: string; err: string }> {
  const program = new Program(options);
  try {
    const exit = await within(`${options.name} to end`, timeoutMs, program.exited);
    return { ...exit, out: program.stdout.join('\n'), err: program.stderr.join('\n') };
  } finally {
    if (program.exit === null) {
      program.signal('SIGKILL');
      await program.exited;
    }
  }
}
