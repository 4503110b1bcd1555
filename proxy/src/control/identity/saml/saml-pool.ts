import { Worker } from 'node:worker_threads';
import { CausewayError } from '@causeway/contract';
import type { SamlProfile } from './assertion.ts';
import type { SamlJob, SamlThreadMessage } from './saml-thread.ts';

export interface SamlPoolOptions {
  readonly threads?: number;
  /** Responses that wait or are being checked. */
  readonly queue?: number;
  /** For one response on a thread; also the most that a new thread may take to start. */
  readonly timeoutMs?: number;
  /** The thread's program; a test gives one that never answers. */
  readonly program?: URL;
}

interface Waiting {
  readonly job: SamlJob;
  resolve(profile: SamlProfile): void;
  reject(error: CausewayError): void;
}

/**
 * One worker of the pool.
 *
 *     starting --ready--> idle --job--> busy --answer--> idle
 *         \________________\______________\---time, crash---> gone (replaced)
 */
interface Thread {
  readonly worker: Worker;
  state: 'starting' | 'idle' | 'busy' | 'gone';
  current: Waiting | null;
  timer: NodeJS.Timeout | null;
}

/**
 * Checks SAML responses off the event loop: a hostile one costs a thread its few seconds and its bounded heap, and
 * nobody else anything. `CW_BUSY` when the queue is full, `CW_SAML_TIMEOUT` when the thread had to be ended.
 */
export class SamlPool {
  readonly #threads = new Set<Thread>();
  readonly #waiting: Waiting[] = [];
  readonly #limit: number;
  readonly #timeoutMs: number;
  readonly #program: URL;
  #closed = false;

  constructor(options: SamlPoolOptions = {}) {
    this.#limit = options.queue ?? 64;
    this.#timeoutMs = options.timeoutMs ?? 5_000;
    this.#program = options.program ?? new URL('./saml-thread.ts', import.meta.url);
    for (let n = 0; n < (options.threads ?? 1); n++) this.#start();
  }

  verify(job: SamlJob): Promise<SamlProfile> {
    const busy = [...this.#threads].filter((thread) => thread.state === 'busy').length;
    if (this.#closed || this.#waiting.length + busy >= this.#limit) {
      return Promise.reject(new CausewayError('CW_BUSY', 'too many SAML responses wait to be checked'));
    }
    if (this.#threads.size === 0) this.#start();
    return new Promise((resolve, reject) => {
      this.#waiting.push({ job, resolve, reject });
      this.#next();
    });
  }

  /** Ends the threads; what waits is refused. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const waiting of this.#waiting.splice(0)) waiting.reject(new CausewayError('CW_BUSY', 'the PoP is stopping'));
    await Promise.all([...this.#threads].map((thread) => this.#end(thread, 'CW_BUSY')));
  }

  #start(): void {
    const worker = new Worker(this.#program, {
      resourceLimits: { maxOldGenerationSizeMb: 192, maxYoungGenerationSizeMb: 32, stackSizeMb: 4 },
      env: {},
    });
    const thread: Thread = { worker, state: 'starting', current: null, timer: null };
    this.#threads.add(thread);
    // A thread that does not come up in a good while is replaced; loading the libraries takes a second on a busy machine.
    thread.timer = setTimeout(() => void this.#end(thread, 'CW_SAML_TIMEOUT'), this.#timeoutMs * 6);
    thread.timer.unref();
    worker.on('message', (message: SamlThreadMessage) => this.#answer(thread, message));
    worker.on('error', () => void this.#end(thread, 'CW_SAML_TIMEOUT'));
    worker.on('exit', () => void this.#end(thread, 'CW_SAML_TIMEOUT'));
    worker.unref();
  }

  #answer(thread: Thread, message: SamlThreadMessage): void {
    if (thread.state === 'gone') return;
    if (thread.timer !== null) clearTimeout(thread.timer);
    const { current } = thread;
    thread.state = 'idle';
    thread.current = null;
    if (message.t === 'done') current?.resolve(message.profile);
    else if (message.t === 'refused') current?.reject(new CausewayError(message.code, message.message));
    this.#next();
  }

  #next(): void {
    for (const thread of this.#threads) {
      if (thread.state !== 'idle') continue;
      const waiting = this.#waiting.shift();
      if (waiting === undefined) return;
      thread.state = 'busy';
      thread.current = waiting;
      thread.timer = setTimeout(() => void this.#end(thread, 'CW_SAML_TIMEOUT'), this.#timeoutMs);
      thread.worker.postMessage(waiting.job, []);
    }
  }

  /** Final for the thread; its place is taken by a new one unless the pool closes. */
  async #end(thread: Thread, code: 'CW_SAML_TIMEOUT' | 'CW_BUSY'): Promise<void> {
    if (thread.state === 'gone') return;
    const started = thread.state !== 'starting';
    thread.state = 'gone';
    if (thread.timer !== null) clearTimeout(thread.timer);
    this.#threads.delete(thread);
    thread.current?.reject(new CausewayError(code));
    // A program that cannot even start would be started for ever: what waits is told, the next response tries again.
    if (!started) for (const waiting of this.#waiting.splice(0)) waiting.reject(new CausewayError('CW_SAML_TIMEOUT'));
    if (!this.#closed && started) this.#start();
    await thread.worker.terminate();
  }
}
