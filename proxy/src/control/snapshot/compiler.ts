import { Worker } from 'node:worker_threads';
import { CausewayError, codeOf } from '@causeway/contract';
import type { StoreLocation } from '../store/database.ts';
import type { FromSnapshotThread, JobName, Jobs } from './job.ts';

export interface CompilerOptions {
  /** How long one job may take; far more than a hundred thousand rules do. */
  readonly timeoutMs?: number;
  /** Jobs that may wait for the one that runs. */
  readonly maxWaiting?: number;
  /** How long a thread that holds much is kept for the next job. */
  readonly idleMs?: number;
}

/**
 * A thread whose heap has grown beyond this is replaced by a fresh one. A hundred thousand rules stay below it: a warm
 * thread compiles them several times as fast.
 */
const MAX_HEAP_BYTES = 512 * 1024 * 1024;
/** What a job may take at most: one beyond it is refused, and the process goes on. */
const LIMITS = { maxOldGenerationSizeMb: 2_048, maxYoungGenerationSizeMb: 48 };
/** A thread that holds more than this ends when nobody has asked it for anything for so long: its memory goes back. */
const IDLE_HEAP_BYTES = 64 * 1024 * 1024;
const IDLE_MS = 20_000;

/**
 * The thread that reads, checks and compiles contents, so that neither a huge file nor a huge policy stops the control
 * loop. It does one job after the other, and stays, because loading its code takes longer than most jobs.
 */
export class SnapshotCompiler {
  readonly #timeoutMs: number;
  readonly #maxWaiting: number;
  #worker: Worker | null = null;
  #tail: Promise<unknown> = Promise.resolve();
  #waiting = 0;
  #closed = false;
  readonly #idleMs: number;
  #idle: NodeJS.Timeout | null = null;

  constructor({ timeoutMs = 60_000, maxWaiting = 32, idleMs = IDLE_MS }: CompilerOptions = {}) {
    this.#idleMs = idleMs;
    this.#timeoutMs = timeoutMs;
    this.#maxWaiting = maxWaiting;
  }

  /**
   * @throws CausewayError of `compile` `CW_SNAPSHOT_REFUSED`, its message every problem on a line of its own, its cause
   *   the error with the exact code; of the others the very error; `CW_BUSY` where too many wait
   */
  run<J extends JobName>(location: StoreLocation, job: J, args: Jobs[J]['args']): Promise<Jobs[J]['answer']> {
    if (this.#waiting >= this.#maxWaiting) {
      return Promise.reject(new CausewayError('CW_BUSY', `${this.#waiting} jobs wait for the compiling thread`));
    }
    this.#waiting++;
    const next = this.#tail.then(() => {
      this.#waiting--;
      return this.#run(location, job, args);
    });
    this.#tail = next.catch(() => undefined);
    return next;
  }

  /** Ends the thread, and with it the job that it does. */
  async close(): Promise<void> {
    this.#closed = true;
    if (this.#idle !== null) clearTimeout(this.#idle);
    await this.#worker?.terminate();
    await this.#tail;
  }

  async #run<J extends JobName>(location: StoreLocation, job: J, args: Jobs[J]['args']): Promise<Jobs[J]['answer']> {
    if (this.#closed) throw new CausewayError('CW_SNAPSHOT_REFUSED', 'the compiling thread is closed');
    if (this.#idle !== null) clearTimeout(this.#idle);
    this.#idle = null;
    const worker = this.#worker ?? this.#start();
    const { promise, resolve, reject } = Promise.withResolvers<FromSnapshotThread>();
    const onExit = (): void => reject(new Error('the compiling thread ended without an answer'));
    const timer = setTimeout(() => {
      reject(new Error(`it takes longer than ${this.#timeoutMs} ms`));
      void this.#end(worker);
    }, this.#timeoutMs);
    worker.once('message', resolve).once('error', reject).once('exit', onExit);
    worker.postMessage({ location, job, args });
    try {
      const said = await promise;
      if (said.heapBytes > MAX_HEAP_BYTES) await this.#end(worker);
      else if (said.heapBytes > IDLE_HEAP_BYTES) this.#endWhenIdle(worker);
      if (said.t === 'done') return said.answer;
      const { code, message, problems } = said;
      throw new CausewayError(code, message, { problems });
    } catch (error) {
      if (codeOf(error) === 'CW_STORE_LOST' || (job !== 'compile' && error instanceof CausewayError)) throw error;
      const message = error instanceof Error ? error.message : String(error);
      const problems = error instanceof CausewayError ? error.problems : [];
      throw new CausewayError('CW_SNAPSHOT_REFUSED', message, { cause: error, problems });
    } finally {
      clearTimeout(timer);
      worker.off('message', resolve).off('error', reject).off('exit', onExit);
    }
  }

  #start(): Worker {
    const worker = new Worker(new URL('./snapshot-thread.ts', import.meta.url), { resourceLimits: LIMITS });
    worker.on('error', () => {});
    worker.on('exit', () => {
      if (this.#worker === worker) this.#worker = null;
    });
    this.#worker = worker;
    return worker;
  }

  #endWhenIdle(worker: Worker): void {
    this.#idle = setTimeout(() => void this.#end(worker), this.#idleMs).unref();
  }

  async #end(worker: Worker): Promise<void> {
    if (this.#worker === worker) this.#worker = null;
    await worker.terminate();
  }
}
