import { parentPort, workerData } from 'node:worker_threads';
import { CausewayError, codeOf } from '@causeway/contract';
import { compileContents } from './compile-contents.ts';
import type { FromSnapshotThread, SnapshotJob } from './job.ts';

/** Entry of the thread that reads, checks and compiles contents. */
async function run(job: SnapshotJob): Promise<FromSnapshotThread> {
  try {
    return { t: 'compiled', ...(await compileContents(job)) };
  } catch (error) {
    const problems = error instanceof CausewayError ? error.problems : [];
    return {
      t: 'refused',
      code: codeOf(error),
      message: error instanceof Error ? error.message : String(error),
      problems,
    };
  }
}

const said = await run(workerData as SnapshotJob);
parentPort?.postMessage(said, said.t === 'compiled' ? [said.image.buffer] : []);
