import { readdirSync, readFileSync } from 'node:fs';

/**
 * Nanoseconds that a process has spent on a CPU, user and system, from the scheduler's own count of each of its
 * threads (`/proc/<pid>/task/<tid>/schedstat`, first field). Times of threads that have ended are not in it: the
 * programs measured here keep theirs.
 */
export function cpuTimeNs(pid: number): number {
  let total = 0;
  for (const task of readdirSync(`/proc/${pid}/task`)) {
    total += Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0]);
  }
  return total;
}

/** CPU time of each named process while `work` runs. */
export async function measureCpu<T>(
  pids: Readonly<Record<string, readonly number[]>>,
  work: () => Promise<T>,
): Promise<{ result: T; cpuNs: Record<string, number> }> {
  const read = (): Record<string, number> =>
    Object.fromEntries(
      Object.entries(pids).map(([name, group]) => [name, group.reduce((sum, pid) => sum + cpuTimeNs(pid), 0)]),
    );
  const before = read();
  const result = await work();
  const after = read();
  const cpuNs = Object.fromEntries(Object.keys(pids).map((name) => [name, (after[name] ?? 0) - (before[name] ?? 0)]));
  return { result, cpuNs };
}
