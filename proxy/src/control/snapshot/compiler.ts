import { createHash } from 'node:crypto';
import { Worker } from 'node:worker_threads';
import { CausewayError } from '@causeway/contract';
import type { NeverDeciding } from '../../config/load.ts';
import type { Config } from '../../config/schema.ts';
import type { Snapshot } from '../../rpc/messages.ts';
import type { Store } from '../store/store.ts';
import type { FromSnapshotThread } from './snapshot-thread.ts';

export interface CompiledSnapshot {
  readonly config: Config;
  /** Not yet published, so without a number. */
  readonly snapshot: Omit<Snapshot, 'number'>;
  readonly warnings: readonly string[];
  readonly analysis: Analysis;
}

/** The search for rules that can never decide, which goes on in the thread when the snapshot is compiled. */
export interface Analysis {
  /** `null` where it took too long or was stopped. */
  readonly done: Promise<NeverDeciding | null>;
  stop(): void;
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
  const thread = new CompilerThread(configFile);
  try {
    const answer = await thread.first;
    if (answer.t === 'refused') throw new CausewayError(answer.code, answer.message);
    const { config, snapshot, warnings } = answer;
    const { number: _unpublished, ...rest } = snapshot;
    return { config, snapshot: rest, warnings, analysis: thread };
  } catch (error) {
    thread.stop();
    const message = error instanceof Error ? error.message : String(error);
    throw new CausewayError('CW_SNAPSHOT_REFUSED', message, { cause: error });
  }
}

/** Compiles the configuration and keeps it in the store, under the number that it had if nothing changed. */
export async function publishSnapshot(store: Store, configFile: string, now: number): Promise<PublishedSnapshot> {
  const compiled = await compileSnapshot(configFile);
  compiled.analysis.stop();
  return numberSnapshot(store, compiled, now);
}

/** The last step: what has a number is published, so everything that could still refuse it comes before. */
export async function numberSnapshot(
  store: Store,
  compiled: Omit<CompiledSnapshot, 'analysis'>,
  now: number,
): Promise<PublishedSnapshot> {
  const { config, snapshot, warnings } = compiled;
  // The image follows from the rest; its hash alone tells when another version compiles it differently.
  const image = createHash('sha256').update(snapshot.policyImage).digest('hex');
  const number = await store.publishSnapshot(JSON.stringify({ ...snapshot, policyImage: image }), now);
  return { config, snapshot: { ...snapshot, number }, warnings };
}

type First = Exclude<FromSnapshotThread, { t: 'analysed' }>;

/** The thread of one configuration, from its file to the end of its analysis. */
class CompilerThread implements Analysis {
  readonly first: Promise<First>;
  readonly done: Promise<NeverDeciding | null>;
  readonly #worker: Worker;
  readonly #analysed = Promise.withResolvers<NeverDeciding | null>();
  readonly #timer: NodeJS.Timeout;

  constructor(configFile: string) {
    const first = Promise.withResolvers<First>();
    this.first = first.promise;
    this.done = this.#analysed.promise;
    this.#worker = new Worker(new URL('./snapshot-thread.ts', import.meta.url), { workerData: configFile });
    this.#timer = setTimeout(() => {
      first.reject(new Error(`it takes longer than ${TIMEOUT_MS} ms`));
      this.stop();
    }, TIMEOUT_MS);
    this.#worker.on('message', (message: FromSnapshotThread) => {
      if (message.t !== 'analysed') {
        first.resolve(message);
        // Nobody who wants to end waits for the analysis.
        this.#worker.unref();
        this.#timer.unref();
        return;
      }
      this.#analysed.resolve({ shadowed: message.shadowed, warnings: message.warnings });
      this.stop();
    });
    this.#worker.once('error', (error) => {
      first.reject(error);
      this.stop();
    });
    this.#worker.once('exit', () => {
      first.reject(new Error('the compiling thread ended without an answer'));
      this.stop();
    });
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#analysed.resolve(null);
    void this.#worker.terminate();
  }
}
