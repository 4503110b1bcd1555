import { fork, type ChildProcess } from 'node:child_process';
import type { Socket } from 'node:net';
import { CausewayError, isErrorCode } from '@causeway/contract';
import type { Logger } from 'pino';
import { stopReading } from '../rpc/stop-reading.ts';
import type { ChildMessage, ComponentHealth, SupervisorMessage } from '../rpc/supervision.ts';

/**
 *     starting --ready--> up --exit--> waiting --(back-off)--> starting
 *         |                |
 *         +--fatal---------+--stop--> stopped
 *
 * A child that falls over is started again, after 100 ms at first and after 5 s at most; one that says `fatal` before
 * it was ever up is not, because nothing would change.
 */
export type ChildState = 'starting' | 'up' | 'waiting' | 'stopped';

const FIRST_DELAY_MS = 100;
const LAST_DELAY_MS = 5_000;
/** A child that ran this long starts over with the shortest delay. */
const HELD_MS = 30_000;
const KILL_AFTER_MS = 5_000;

export interface ChildOptions {
  readonly name: string;
  readonly main: string;
  readonly start: object;
  /** What is secret, and would be seen by everybody among the arguments; `undefined` is not passed on to it. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Of the runtime. */
  readonly flags?: readonly string[];
  readonly log: Logger;
  /** Said to each process before it says anything. */
  readonly greeting?: () => SupervisorMessage | null;
  onMessage(message: ChildMessage, socket: Socket | undefined): void;
  onState(state: ChildState): void;
}

export class Child {
  readonly name: string;
  readonly #options: ChildOptions;
  #process: ChildProcess | null = null;
  #state: ChildState = 'stopped';
  #delay = FIRST_DELAY_MS;
  #startedAt = 0;
  #timer: NodeJS.Timeout | null = null;
  #wasUp = false;
  #firstReady: PromiseWithResolvers<void> = Promise.withResolvers();
  #health: { ready: boolean; components: readonly ComponentHealth[] } = { ready: false, components: [] };
  restarts = 0;

  constructor(options: ChildOptions) {
    this.name = options.name;
    this.#options = options;
  }

  get state(): ChildState {
    return this.#state;
  }

  get pid(): number | null {
    return this.#process?.pid ?? null;
  }

  get ready(): boolean {
    return this.#state === 'up' && this.#health.ready;
  }

  get components(): readonly ComponentHealth[] {
    return this.#health.components;
  }

  /** Resolves when the child said `ready` for the first time; rejects with what it called fatal. */
  start(): Promise<void> {
    this.#spawn();
    return this.#firstReady.promise;
  }

  send(message: SupervisorMessage, socket?: Socket): boolean {
    const child = this.#process;
    if (child === null || !child.connected || this.#state !== 'up') return false;
    if (socket !== undefined) stopReading(socket);
    child.send(message, socket, { keepOpen: false }, (error) => {
      if (error !== null) socket?.destroy();
    });
    return true;
  }

  /** Asks it to drain, and ends it when it has not after the deadline. */
  async stop(deadlineMs: number): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    const child = this.#process;
    const wasUp = this.#state === 'up';
    this.#changeState('stopped');
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    if (wasUp && child.connected) child.send({ t: 'stop', deadlineMs } satisfies SupervisorMessage, () => undefined);
    else child.kill('SIGTERM');
    const kill = setTimeout(() => child.kill('SIGKILL'), deadlineMs + KILL_AFTER_MS);
    await exited;
    clearTimeout(kill);
  }

  #changeState(state: ChildState): void {
    this.#state = state;
    this.#options.onState(state);
  }

  #spawn(): void {
    this.#changeState('starting');
    this.#startedAt = Date.now();
    this.#health = { ready: false, components: [] };
    const child = fork(this.#options.main, [JSON.stringify(this.#options.start)], {
      env: { ...process.env, ...this.#options.env },
      execArgv: [...process.execArgv, ...(this.#options.flags ?? [])],
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      serialization: 'json',
    });
    this.#process = child;
    child.on('message', (message, handle) => this.#receive(message as ChildMessage, handle as Socket | undefined));
    child.on('error', (error) => this.#options.log.error({ child: this.name, err: error }, 'child process error'));
    child.on('exit', (code, signal) => this.#exited(code, signal));
    const greeting = this.#options.greeting?.() ?? null;
    if (greeting !== null) child.send(greeting, () => undefined);
  }

  #receive(message: ChildMessage, socket: Socket | undefined): void {
    switch (message.t) {
      case 'ready':
        this.#wasUp = true;
        this.#changeState('up');
        this.#firstReady.resolve();
        break;
      case 'fatal': {
        this.#options.log.error({ child: this.name, code: message.code }, message.message);
        if (this.#wasUp) break;
        this.#changeState('stopped');
        this.#firstReady.reject(
          new CausewayError(isErrorCode(message.code) ? message.code : 'CW_CHILD_FAILED', message.message),
        );
        break;
      }
      case 'health':
        this.#health = message;
        break;
      case 'handover':
      case 'metrics':
      case 'identity':
        break;
    }
    this.#options.onMessage(message, socket);
  }

  #exited(code: number | null, signal: string | null): void {
    this.#process = null;
    if (this.#state === 'stopped') return;
    if (Date.now() - this.#startedAt > HELD_MS) this.#delay = FIRST_DELAY_MS;
    this.restarts++;
    this.#options.log.error(
      { child: this.name, exit: code, signal, retryMs: this.#delay, code: 'CW_CHILD_FAILED' },
      'child process ended; starting it again',
    );
    this.#changeState('waiting');
    this.#timer = setTimeout(() => this.#spawn(), this.#delay);
    this.#delay = Math.min(this.#delay * 2, LAST_DELAY_MS);
    if (!this.#wasUp && this.restarts >= 5) {
      clearTimeout(this.#timer);
      this.#changeState('stopped');
      this.#firstReady.reject(new CausewayError('CW_CHILD_FAILED', `${this.name} cannot start; see its log above`));
    }
  }
}
