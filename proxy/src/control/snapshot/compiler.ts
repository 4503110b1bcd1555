import { createHash } from 'node:crypto';
import { Worker } from 'node:worker_threads';
import { CausewayError } from '@causeway/contract';
import type { Config } from '../../config/schema.ts';
import type { Snapshot } from '../../rpc/messages.ts';
import type { Store } from '../store/store.ts';
import type { FromSnapshotThread } from './snapshot-thread.ts';

export interface CompiledSnapshot {
  readonly config: Config;
  /** Not yet published, so without a number. */
  readonly snapshot: Omit<Snapshot, 'number'>;
  readonly warnings: readonly string[];
}

export interface PublishedSnapshot {
  readonly config: Config;
  readonly snapshot: Snapshot;
  readonly warnings: readonly string[];
}

/** Far more than a hundred thousand rules take. */
const TIMEOUT_MS = 60_000;

/**
 * Loads and compiles the configuration in a thread, so that neither a huge file nor a huge policy stops the control
 * loop. Nothing of a configuration that does not compile is used.
 *
 * @throws CausewayError `CW_SNAPSHOT_REFUSED`, its message every problem on a line of its own, its cause the error with
 *   the exact code
 */
export async function compileSnapshot(configFile: string): Promise<CompiledSnapshot> {
  const { config, snapshot, warnings } = await runThread(configFile);
  const { number: _unpublished, ...rest } = snapshot;
  return { config, snapshot: rest, warnings };
}

/** Compiles the configuration and keeps it in the store, under the number that it had if nothing changed. */
export async function publishSnapshot(store: Store, configFile: string, now: number): Promise<PublishedSnapshot> {
  return numberSnapshot(store, await compileSnapshot(configFile), now);
}

/** The last step: what has a number is published, so everything that could still refuse it comes before. */
export async function numberSnapshot(
  store: Store,
  compiled: CompiledSnapshot,
  now: number,
): Promise<PublishedSnapshot> {
  const { config, snapshot, warnings } = compiled;
  // The image follows from the rest; its hash alone tells when another version compiles it differently.
  const image = createHash('sha256').update(snapshot.policyImage).digest('hex');
  const number = await store.publishSnapshot(JSON.stringify({ ...snapshot, policyImage: image }), now);
  return { config, snapshot: { ...snapshot, number }, warnings };
}

async function runThread(configFile: string): Promise<Extract<FromSnapshotThread, { t: 'compiled' }>> {
  const worker = new Worker(new URL('./snapshot-thread.ts', import.meta.url), { workerData: configFile });
  const { promise, resolve, reject } = Promise.withResolvers<FromSnapshotThread>();
  const timer = setTimeout(() => reject(new Error(`it takes longer than ${TIMEOUT_MS} ms`)), TIMEOUT_MS);
  worker.once('message', resolve);
  worker.once('error', reject);
  worker.once('exit', () => reject(new Error('the compiling thread ended without an answer')));
  try {
    const answer = await promise;
    if (answer.t === 'compiled') return answer;
    throw new CausewayError(answer.code, answer.message);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new CausewayError('CW_SNAPSHOT_REFUSED', message, { cause: error });
  } finally {
    clearTimeout(timer);
    await worker.terminate();
  }
}
