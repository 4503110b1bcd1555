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

/** Before a thread that died is started again; twice as long each time that it dies again soon. */
const FIRST_RESTART_MS = 50;
const LAST_RESTART_MS = 5_000;
/** A thread that was up so long starts over with the shortest pause. */
const HELD_MS = 30_000;

/**
 * Statements for the thread that holds a connection to SQLite, by id.
 *
 *     opening --open--> up --exit--> down --(after a pause)--> opening
 *        |first time failed |close      |close
 *        v                  v           v
 *       closed <-------- closing <------+     (closed is final)
 *
 * While it is down every call fails with what ended it.
 */
export class ThreadCalls {
  readonly #start: StoreThreadStart;
  readonly #maxPending: number;
  readonly #timeoutMs: number;
  readonly #entry: URL;
  readonly #pending = new Map<number, Pending>();
  #worker: Worker | null = null;
  /** What ended the thread that is down. */
  #why: CausewayError = failed('the store is not open');
  #restart: NodeJS.Timeout | null = null;
  #restartMs = FIRST_RESTART_MS;
  #wasUp = false;
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
   * Counts up when a thread that died was started again, or a statement was given up: with it went the transaction that
   * it was in.
   */
  get generation(): number {
    return this.#generation;
  }

  query(sql: string, parameters: readonly unknown[]): Promise<RawResult> {
    if (this.#closing !== null) return Promise.reject(new CausewayError('CW_STORE_FAILED', 'the store is closed'));
    const worker = this.#worker;
    if (worker === null) return Promise.reject(this.#why);
    if (this.#pending.size >= this.#maxPending) {
      return Promise.reject(new CausewayError('CW_BUSY', `${this.#pending.size} statements wait for the store`));
    }
    const id = this.#nextId++;
    const { promise, resolve, reject } = Promise.withResolvers<RawResult>();
    const timer = setTimeout(() => {
      this.#pending.delete(id);
      // It may have begun what nobody waits for any more: who comes next begins anew.
      this.#generation++;
      this.reset();
      reject(failed(`the store did not answer within ${this.#timeoutMs} ms`));
    }, this.#timeoutMs);
    this.#pending.set(id, { resolve, reject, timer });
    worker.postMessage({ t: 'query', id, sql, parameters } satisfies ToStoreThread);
    return promise;
  }

  /** Takes back the transaction that is open after the statements asked for until now, if one is. */
  reset(): void {
    this.#worker?.postMessage({ t: 'reset' } satisfies ToStoreThread);
  }

  /** Lets the calls under way end, then the thread. */
  close(): Promise<void> {
    this.#closing ??= this.#end();
    return this.#closing;
  }

  async #end(): Promise<void> {
    if (this.#restart !== null) clearTimeout(this.#restart);
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
    const startedAt = performance.now();
    this.#worker = worker;
    worker.on('message', (message: FromStoreThread) => {
      switch (message.t) {
        case 'open':
          this.#wasUp = true;
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
      why = new CausewayError('CW_STORE_LOST', `the store’s thread failed: ${String(error)}`, { cause: error });
    });
    worker.on('exit', () => {
      this.#worker = null;
      for (const id of this.#pending.keys()) this.#settle(id)?.reject(why);
      reject(why);
      this.#why = why;
      if (this.#closing !== null || !this.#wasUp) return;
      if (performance.now() - startedAt > HELD_MS) this.#restartMs = FIRST_RESTART_MS;
      this.#restart = setTimeout(() => void this.#run().catch(() => {}), this.#restartMs);
      this.#restartMs = Math.min(this.#restartMs * 2, LAST_RESTART_MS);
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
  return new CausewayError('CW_STORE_LOST', message);
}
