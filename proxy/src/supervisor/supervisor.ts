import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { CausewayError } from '@causeway/contract';
import type { Logger } from 'pino';
import { AggregatorRegistry, Gauge, Registry } from 'prom-client';
import type { ChildMessage, ControlStart, EdgeStart, HandoverTarget, MasterKeySource } from '../rpc/supervision.ts';
import { Child, type ChildOptions, type ChildState } from './child.ts';
import { lockDataFolder } from './data-lock.ts';
import { startOperations } from './operations.ts';
import { probePort } from './port-probe.ts';

export interface SupervisorOptions {
  readonly configFile: string;
  readonly dataDir: string;
  readonly host: string;
  readonly port: number;
  readonly workers: number;
  /** URL of the PostgreSQL database; a file in the data folder where absent. */
  readonly store?: string;
  /** The file `master.key` in the data folder where absent. */
  readonly masterKey?: MasterKeySource;
  readonly operations: { readonly host: string; readonly port: number };
  readonly log: Logger;
}

const METRICS_MS = 2_000;

/**
 * The control process has half a dozen threads, most of which have nothing to do most of the time. One arena of glibc's
 * allocator gives back what a publish took, and small young generations cost it a hundred megabytes less at rest.
 */
const CONTROL_MEMORY = { MALLOC_ARENA_MAX: '1', MALLOC_TRIM_THRESHOLD_: '131072' };
const CONTROL_FLAGS = ['--max-semi-space-size=4'];

/** The only parent of a PoP: forks, restarts, relays sockets, answers health and metrics, and does nothing else. */
export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #control: Child;
  readonly #edges: Child[];
  readonly #registry = new Registry();
  readonly #collecting = new Map<number, { parts: object[][]; waiting: number; done: () => void }>();
  #identity: Extract<ChildMessage, { t: 'identity' }> | null = null;
  #unlock: (() => void) | null = null;
  #operations: Server | null = null;
  #nextCollection = 1;
  #started = false;
  #stopping: Promise<void> | null = null;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    const { configFile, dataDir, host, port, workers, masterKey } = options;
    const start: ControlStart = { dataDir, configFile, workers, ...(masterKey === undefined ? {} : { masterKey }) };
    // Edges never open the store.
    const withoutKey = masterKey !== undefined && 'env' in masterKey ? { [masterKey.env]: undefined } : {};
    const env = { CAUSEWAY_STORE: options.store ?? '', ...CONTROL_MEMORY };
    this.#control = this.#child('control', '../control/main.ts', start, env, CONTROL_FLAGS);
    this.#edges = Array.from({ length: workers }, (_, worker) =>
      this.#child(
        `edge-${worker}`,
        '../edge/main.ts',
        { worker, workers, dataDir, host, port } satisfies EdgeStart,
        withoutKey,
      ),
    );
    const restarts = new Gauge({
      name: 'causeway_child_restarts',
      help: 'How often a process of this PoP was started again.',
      labelNames: ['child'],
      registers: [this.#registry],
      collect: () => {
        for (const child of this.#children()) restarts.set({ child: child.name }, child.restarts);
      },
    });
  }

  get pids(): { supervisor: number; control: number | null; edges: (number | null)[] } {
    return { supervisor: process.pid, control: this.#control.pid, edges: this.#edges.map((edge) => edge.pid) };
  }

  /** Resolves when control and every edge are ready. Rejects, with everything ended again, with what was wrong. */
  async start(): Promise<void> {
    const { dataDir, host, port, operations } = this.#options;
    this.#unlock = lockDataFolder(dataDir);
    try {
      await probePort(host, port);
      this.#operations = await startOperations(operations.host, operations.port, {
        started: () => this.#started,
        ready: () => this.#ready(),
        metrics: () => this.#metrics(),
      });
      await this.#control.start();
      await Promise.all(this.#edges.map((edge) => edge.start()));
      this.#started = true;
    } catch (error) {
      await this.stop(1_000);
      throw error;
    }
  }

  /** Edges drain first, then control, then the folder is free. */
  stop(deadlineMs: number): Promise<void> {
    this.#stopping ??= (async () => {
      await Promise.all(this.#edges.map((edge) => edge.stop(deadlineMs)));
      await this.#control.stop(deadlineMs);
      const server = this.#operations;
      if (server !== null) {
        server.closeAllConnections();
        await new Promise<void>((resolve) => server.close(() => resolve()));
      }
      this.#unlock?.();
    })();
    return this.#stopping;
  }

  #children(): Child[] {
    return [this.#control, ...this.#edges];
  }

  #child(
    name: string,
    main: string,
    start: object,
    env: ChildOptions['env'] = {},
    flags: readonly string[] = [],
  ): Child {
    const child: Child = new Child({
      name,
      main: fileURLToPath(new URL(main, import.meta.url)),
      start,
      env,
      flags,
      log: this.#options.log,
      ...(name === 'control' ? { greeting: () => this.#identity } : {}),
      onMessage: (message, socket) => this.#receive(message, socket),
      onState: (state: ChildState) => this.#options.log.debug({ child: name, state }, 'child state'),
    });
    return child;
  }

  #receive(message: ChildMessage, socket: Socket | undefined): void {
    if (message.t === 'handover') {
      if (socket === undefined) return; // the client went away on the way here
      const target = this.#target(message.to);
      if (target === undefined || !target.send({ t: 'handover', head: message.head }, socket)) socket.destroy();
    } else if (message.t === 'identity') this.#identity = message;
    else if (message.t === 'metrics') {
      const collection = this.#collecting.get(message.id);
      if (collection === undefined) return; // too late
      collection.parts.push([...message.metrics]);
      if (--collection.waiting === 0) collection.done();
    }
  }

  #target(to: HandoverTarget): Child | undefined {
    return to === 'control' ? this.#control : this.#edges[to];
  }

  #ready(): { ready: boolean; components: { name: string; state: string; detail: string }[] } {
    const components = this.#children().flatMap((child) => [
      { name: child.name, state: child.state === 'up' ? 'ok' : 'down', detail: child.state },
      ...child.components.map((component) => ({ ...component, name: `${child.name}/${component.name}` })),
    ]);
    return { ready: this.#control.ready && this.#edges.some((edge) => edge.ready), components };
  }

  async #metrics(): Promise<string> {
    const id = this.#nextCollection++;
    const parts: object[][] = [await this.#registry.getMetricsAsJSON()];
    const asked = this.#children().filter((child) => child.send({ t: 'metrics', id }));
    if (asked.length > 0) {
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(() => reject(new CausewayError('CW_RPC_TIMEOUT', 'metrics')), METRICS_MS);
        this.#collecting.set(id, {
          parts,
          waiting: asked.length,
          done: () => {
            clearTimeout(timer);
            resolve();
          },
        });
      }).finally(() => this.#collecting.delete(id));
    }
    return AggregatorRegistry.aggregate(parts).metrics();
  }
}
