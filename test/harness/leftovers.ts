import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { awaitCondition } from './await-condition.ts';

/** Every program that a test starts carries this in its environment, and so does whatever that program starts. */
export const RUN_VARIABLE = 'CAUSEWAY_TEST_RUN';
export const RUN_MARK = randomUUID();

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  // A zombie whose parent has not reaped it runs nothing any more.
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return process.platform !== 'linux';
  }
}

/** Resolves when none of the processes runs; names those that do not go. */
export async function awaitGone(pids: readonly number[], timeoutMs = 5_000): Promise<void> {
  let alive: number[] = [];
  try {
    await awaitCondition(
      'processes to be gone',
      () => {
        alive = pids.filter(isAlive);
        return alive.length === 0;
      },
      { timeoutMs },
    );
  } catch (error) {
    throw new Error(`still running: ${alive.map((pid) => `${pid} (${commandOf(pid)})`).join(', ')}`, { cause: error });
  }
}

/** Processes that this test run started, directly or not, and that still run. Linux only; elsewhere always empty. */
export function leftoverProcesses(mark = RUN_MARK): { pid: number; command: string }[] {
  const found: { pid: number; command: string }[] = [];
  if (process.platform !== 'linux') return found;
  for (const entry of readdirSync('/proc')) {
    const pid = Number(entry);
    if (!Number.isInteger(pid) || pid === process.pid || !isAlive(pid)) continue;
    try {
      const environment = readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0');
      if (environment.includes(`${RUN_VARIABLE}=${mark}`)) found.push({ pid, command: commandOf(pid) });
    } catch {
      // It ended meanwhile, or is another user's.
    }
  }
  return found;
}

/** For `afterAll`: nothing that the file started runs any more. What does is killed, by its pid, and reported. */
export async function expectNoLeftovers(timeoutMs = 5_000): Promise<void> {
  try {
    await awaitCondition('leftover processes to go', () => leftoverProcesses().length === 0, { timeoutMs });
  } catch {
    const left = leftoverProcesses();
    for (const { pid } of left) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It went by itself.
      }
    }
    if (left.length > 0) throw new Error(`left running: ${left.map((p) => `${p.pid} ${p.command}`).join('; ')}`);
  }
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim().slice(0, 200);
  } catch {
    return 'gone';
  }
}
