import { runProgram } from '../harness/program.ts';

/** The core of the process under test, and that of everything else: load, origin, and the rest of Causeway. */
export const SUBJECT_CORE = 0;
export const OTHER_CORE = 1;

/** Moves every thread of the processes to one core. */
export async function pin(core: number, pids: readonly number[]): Promise<void> {
  for (const pid of pids) {
    const { code, err } = await runProgram({
      name: 'taskset',
      command: 'taskset',
      args: ['-a', '-c', '-p', String(core), String(pid)],
    });
    if (code !== 0) throw new Error(`taskset could not pin ${pid}: ${err}`);
  }
}
