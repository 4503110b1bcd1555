import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { FakeControl } from './control.ts';

const MAIN = fileURLToPath(new URL('crowded-edge.ts', import.meta.url));

/** What the process of a crowded edge is told. */
export interface CrowdCalls {
  /** Opens so many streams under each of these tokens (their hashes). */
  open: { readonly tokens: readonly string[]; readonly each: number };
  /** Collects garbage and begins to look at the loop anew. */
  watch: null;
  report: null;
}

export interface CrowdReport {
  readonly streams: number;
  /** The longest that the loop was kept from its timers since `watch`. */
  readonly blockedMs: number;
}

/** An edge worker as a process, with any number of streams open. */
export class CrowdedEdge {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  static async start(control: FakeControl): Promise<CrowdedEdge> {
    const start = { worker: 0, workers: 1, dataDir: control.dataDir, host: '127.0.0.1', port: 0 };
    const child = fork(MAIN, [JSON.stringify(start)], { execArgv: ['--expose-gc'] });
    await answerOf(child);
    return new CrowdedEdge(child);
  }

  async call<K extends keyof CrowdCalls>(call: K, args: CrowdCalls[K]): Promise<CrowdReport> {
    this.#child.send({ call, args });
    return answerOf(this.#child);
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const exited = once(this.#child, 'exit');
    this.#child.disconnect();
    await exited;
  }
}

async function answerOf(child: ChildProcess): Promise<CrowdReport> {
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`the crowded edge ended with ${code}`);
  });
  ended.catch(() => undefined);
  const [answer] = (await Promise.race([once(child, 'message'), ended])) as [CrowdReport];
  return answer;
}
