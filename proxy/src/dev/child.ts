import { fork } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CausewayError, isErrorCode } from '@causeway/contract';
import type { DevMessage } from './dev-process.ts';

/** A process of the demo. */
export interface DevChild {
  readonly pid: number;
  /** What it listens on, in the order of its options; empty for one that does not say. */
  readonly ports: readonly number[];
  /** Its exit code, `null` when a signal ended it. */
  readonly exited: Promise<number | null>;
  /** SIGTERM, and SIGKILL when it takes too long; resolves when the process is gone. Idempotent. */
  stop(): Promise<void>;
}

export interface DevChildOptions {
  /** Of its log file. */
  readonly name: string;
  /** Path or URL of the program. */
  readonly main: string;
  readonly args: readonly string[];
  /** Folder of log files; what the process prints goes to `<name>.log` there. */
  readonly logDir: string;
  /** `says-ready` waits for the message of `dev-process.ts`; a program that knows nothing of it is up when it runs. */
  readonly up: 'says-ready' | 'runs';
}

const READY_MS = 30_000;
const STOP_MS = 8_000;
const LEASH = new URL('leash.ts', import.meta.url).href;

/**
 * Starts a program with this very runtime. It ends when we do, even when we are killed.
 *
 * @throws CausewayError with the code the child called fatal; `CW_CHILD_FAILED` with the end of its log otherwise
 */
export async function startDevChild(options: DevChildOptions): Promise<DevChild> {
  mkdirSync(options.logDir, { recursive: true, mode: 0o700 });
  const logFile = join(options.logDir, `${options.name}.log`);
  const log = openSync(logFile, 'a', 0o600);
  const child = fork(options.main, [...options.args], {
    execPath: process.execPath,
    execArgv: options.up === 'runs' ? ['--import', LEASH] : [],
    stdio: ['ignore', log, log, 'ipc'],
    serialization: 'json',
  });
  closeSync(log);
  const exited = new Promise<number | null>((resolve) => {
    child.once('exit', (code) => resolve(code));
    child.once('error', () => resolve(null));
  });
  let stopping: Promise<void> | null = null;
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
    await exited;
    clearTimeout(timer);
  };
  const started = { exited, stop: () => (stopping ??= stop()) };
  try {
    const ports = options.up === 'runs' ? await once(child, 'spawn').then(() => []) : await ready();
    return { ...started, pid: child.pid ?? 0, ports };
  } catch (error) {
    await started.stop();
    throw error;
  }

  function ready(): Promise<readonly number[]> {
    return new Promise((resolve, reject) => {
      const failed = (why: string): void =>
        reject(new CausewayError('CW_CHILD_FAILED', `${options.name} ${why}\n${lastLines(logFile)}`));
      const timer = setTimeout(() => failed('did not become ready'), READY_MS);
      child.once('message', (message: DevMessage) => {
        clearTimeout(timer);
        if (message.t === 'ready') return resolve(message.ports);
        const code = isErrorCode(message.code) ? message.code : 'CW_CHILD_FAILED';
        reject(new CausewayError(code, `${options.name}: ${message.message}`));
      });
      void exited.then((code) => {
        clearTimeout(timer);
        failed(`ended with ${code ?? 'a signal'} before it was ready`);
      });
    });
  }
}

function lastLines(file: string): string {
  try {
    return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-10).join('\n');
  } catch {
    return '';
  }
}
