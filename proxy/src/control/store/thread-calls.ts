import { Worker } from 'node:worker_threads';
import { CausewayError } from '@causeway/contract';
import type { FromStoreThread, RawResult, StoreThreadStart, ToStoreThread } from './thread-protocol.ts';

export interface ThreadOptions {
  /** Statements under way at once; one more is refused with `CW_BUSY`. */
  readonly maxPending?: number;
  /** How long a statement, the opening and the closing may take. */
  readonly timeoutMs?: number;
  /** The thread's entry. */
  readonly entry?: URL;
}

interface Pending {
  readonly resolve: (value: RawResult) => void;
  readonly reject: (error: CausewayError) => void;
  readonly timer: NodeJS.Timeout;
}

/** A thread that dies within so long of a restart is not started once more: the fault is not a passing one. */
const RESTART_PAUSE_MS = 60_000;

/**
 * Statements for the thread that holds a connection to SQLite, by id.
 *
 *     opening --open--> up --exit--> opening (a restart) ... up
 *        |failed, exit   |close         |exit again within a minute
 *        v               v              v
 *       gone          closing ------> gone (final: every call fails)
 */
export class ThreadCalls {
  readonly #start: StoreThreadStart;
  readonly #maxPending: number;
  readonly #timeoutMs: number;
  readonly #entry: URL;
  readonly #pending = new Map<number, Pending>();
  #worker: Worker | null = null;
  /** Why no call can succeed any more. */
  #gone: CausewayError | null = null;
  #restartedAt = Number.NEGATIVE_INFINITY;
  #nextId = 1;
  #generation = 0;
  #closing: Promise<void> | null = null;

  constructor(start: StoreThreadStart, options: ThreadOptions) {
    this.#start = start;
    this.#maxPending = options.maxPending ?? 4_096;
    this.#timeoutMs = options.timeoutMs ?? 15_000;
    this.#entry = options.entry ?? new URL('./sqlite-thread.ts', import.meta.url);
  }

  /** Starts the thread. @throws CausewayError `CW_STORE_FAILED` where it cannot open the file */
  async open(): Promise<void> {
    const timeout = Promise.withResolvers<never>();
    const timer = setTimeout(
      () => timeout.reject(new CausewayError('CW_STORE_FAILED', `opening took longer than ${this.#timeoutMs} ms`)),
      this.#timeoutMs,
    );
    try {
      await Promise.race([this.#run(), timeout.promise]);
    } catch (error) {
      await this.#worker?.terminate();
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  get maxPending(): number {
    return this.#maxPending;
  }

  /**
   * Which thread it is: it counts up when one that died was started again, and with it went the transaction that it
   * was in.
   */
  get generation(): number {
    return this.#generation;
  }

  query(sql: string, parameters: readonly unknown[]): Promise<RawResult> {
    if (this.#closing !== null) return Promise.reject(failed('the store is closed'));
    const worker = this.#worker;
    if (worker === null) return Promise.reject(this.#gone ?? failed('the store is not open'));
    if (this.#pending.size >= this.#maxPending) {
      return Promise.reject(new CausewayError('CW_BUSY', `${this.#pending.size} statements wait for the store`));
    }
    const id = this.#nextId++;
    const { promise, resolve, reject } = Promise.withResolvers<RawResult>();
    const timer = setTimeout(() => {
      this.#pending.delete(id);
      reject(failed(`the store did not answer within ${this.#timeoutMs} ms`));
    }, this.#timeoutMs);
    this.#pending.set(id, { resolve, reject, timer });
    worker.postMessage({ t: 'query', id, sql, parameters } satisfies ToStoreThread);
    return promise;
  }

  /** Lets the calls under way end, then the thread. */
  close(): Promise<void> {
    this.#closing ??= this.#end();
    return this.#closing;
  }

  async #end(): Promise<void> {
    const worker = this.#worker;
    if (worker === null) return;
    const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
    worker.postMessage({ t: 'close' } satisfies ToStoreThread);
    const timer = setTimeout(() => void worker.terminate(), this.#timeoutMs);
    await exited;
    clearTimeout(timer);
  }

  #run(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const worker = new Worker(this.#entry, { workerData: this.#start });
    let why = failed('the store’s thread ended');
    let up = false;
    this.#worker = worker;
    worker.on('message', (message: FromStoreThread) => {
      switch (message.t) {
        case 'open':
          up = true;
          this.#generation++;
          resolve();
          break;
        case 'failed':
          why = new CausewayError(message.code, message.message);
          break;
        case 'answer':
          this.#settle(message.id)?.resolve(message.value);
          break;
        case 'refusal':
          this.#settle(message.id)?.reject(new CausewayError(message.code, message.message));
          break;
      }
    });
    worker.on('error', (error) => {
      why = new CausewayError('CW_STORE_FAILED', `the store’s thread failed: ${String(error)}`, { cause: error });
    });
    worker.on('exit', () => {
      this.#worker = null;
      for (const id of this.#pending.keys()) this.#settle(id)?.reject(why);
      reject(why);
      const now = performance.now();
      if (this.#closing !== null) return;
      if (!up || now - this.#restartedAt < RESTART_PAUSE_MS) {
        this.#gone = why;
        return;
      }
      this.#restartedAt = now;
      this.#run().catch(() => {});
    });
    return promise;
  }

  #settle(id: number): Pending | undefined {
    const pending = this.#pending.get(id);
    if (pending === undefined) return undefined;
    this.#pending.delete(id);
    clearTimeout(pending.timer);
    return pending;
  }
}

function failed(message: string): CausewayError {
  return new CausewayError('CW_STORE_FAILED', message);
}
