import { Worker } from 'node:worker_threads';
import { CausewayError } from '@causeway/contract';
import type { CompiledContents, FromSnapshotThread, SnapshotJob } from './job.ts';

/** Far more than a hundred thousand rules take. */
const TIMEOUT_MS = 60_000;

/**
 * Reads, checks and compiles contents in a thread, so that neither a huge file nor a huge policy stops the control
 * loop. Nothing of contents that do not compile is used.
 *
 * @throws CausewayError `CW_SNAPSHOT_REFUSED`, its message every problem on a line of its own, its cause the error with
 *   the exact code
 */
export async function compileSnapshot(job: SnapshotJob): Promise<CompiledContents> {
  const worker = new Worker(new URL('./snapshot-thread.ts', import.meta.url), { workerData: job });
  const { promise, resolve, reject } = Promise.withResolvers<FromSnapshotThread>();
  const timer = setTimeout(() => reject(new Error(`it takes longer than ${TIMEOUT_MS} ms`)), TIMEOUT_MS);
  worker.once('message', resolve);
  worker.once('error', reject);
  worker.once('exit', () => reject(new Error('the compiling thread ended without an answer')));
  try {
    const answer = await promise;
    if (answer.t === 'compiled') return answer;
    const { code, message, problems } = answer;
    throw new CausewayError(code, message, { problems });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const problems = error instanceof CausewayError ? error.problems : [];
    throw new CausewayError('CW_SNAPSHOT_REFUSED', message, { cause: error, problems });
  } finally {
    clearTimeout(timer);
    await worker.terminate();
  }
}
