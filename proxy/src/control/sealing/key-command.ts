import { spawn } from 'node:child_process';
import { CausewayError } from '@causeway/contract';

const MAX_OUTPUT = 4_096;

/**
 * What a program prints, run without a shell and without input. It and everything that it started is ended when it
 * takes too long or prints too much.
 *
 * @throws CausewayError `CW_MASTER_KEY_INVALID` with what it said on stderr
 */
export async function commandOutput(argv: readonly string[], timeoutMs: number): Promise<string> {
  const [program = '', ...args] = argv;
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const fail = (why: string, cause?: unknown): void => {
    const said = complaint.trim();
    const message = `the command ${program} gave no master key: ${why}${said === '' ? '' : `; it says: ${said}`}`;
    reject(new CausewayError('CW_MASTER_KEY_INVALID', message, { cause }));
  };
  let output = '';
  let complaint = '';
  // A group of its own, so that what a script leaves behind can be ended with it.
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  const end = (): void => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    } catch {
      // It has ended.
    }
    child.stdout.destroy();
    child.stderr.destroy();
  };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
    if (output.length > MAX_OUTPUT) fail(`it prints more than ${MAX_OUTPUT} characters`);
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(0, 500);
  });
  child.on('error', (error) => fail(error.message, error));
  child.on('close', (code, signal) => (code === 0 ? resolve(output) : fail(`it ended with ${code ?? signal}`)));
  const timer = setTimeout(() => fail(`it took longer than ${timeoutMs} ms`), timeoutMs);
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    end();
  }
}
