import { X509Certificate } from 'node:crypto';
import { workerName, type TunnelWorker } from '@causeway/contract';
import { parseHostPort, readSystemFacts, type IdentityKeeper, type TransportName } from '@causeway/tunnel';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import { AllowList } from './allow-list.ts';
import type { Connect } from './connect-in-turn.ts';
import { PublisherMetrics } from './metrics.ts';
import { Opener } from './opener.ts';
import { OwnReport } from './own-report.ts';
import { Resolver, type Lookup } from './resolve.ts';
import { TargetMap } from './target-map.ts';
import { TunnelLink, type LinkStatus } from './tunnel-link.ts';

export interface PublisherOptions {
  readonly keeper: IdentityKeeper;
  readonly allow: readonly string[];
  readonly map: Readonly<Record<string, string>>;
  readonly transport: TransportName;
  readonly log: Logger;
  readonly registry: Registry;
  readonly lookup?: Lookup;
  readonly connect?: Connect;
  readonly random?: () => number;
  /** Between two reports to the PoP. */
  readonly reportMs?: number;
}

export interface PublisherStatus {
  readonly id: string;
  readonly name: string;
  readonly pop: string;
  readonly state: PublisherState;
  readonly pid: number;
  readonly certificateUntil: string;
  readonly links: readonly LinkStatus[];
  readonly allow: readonly string[];
}

/**
 *     serving --drain()--> draining --all streams ended--> closed
 *        |                    |                               ^
 *        +----- destroy() ----+-------------------------------+
 */
export type PublisherState = 'serving' | 'draining' | 'closed';

const SOFTWARE = 'causeway-publisher/0.1.0';
const REPORT_MS = 10_000;

/**
 * One tunnel per edge worker. The first is dialled by the name `w0`, which every PoP has; its welcome lists the rest,
 * and the list is followed as it changes.
 */
export class Publisher {
  readonly #options: PublisherOptions;
  readonly #opener: Opener;
  readonly #metrics: PublisherMetrics;
  readonly #allowList: AllowList;
  readonly #links = new Map<string, TunnelLink>();
  /** Links of workers that are no more, until their streams have ended. */
  readonly #leaving = new Set<TunnelLink>();
  readonly #report = new OwnReport({ software: SOFTWARE });
  #reporting: NodeJS.Timeout | null = null;
  #state: PublisherState = 'serving';

  /** Throws `CW_CONFIG_INVALID` for an allow-list or a map that does not compile. */
  constructor(options: PublisherOptions) {
    this.#options = options;
    this.#metrics = new PublisherMetrics(options.registry);
    this.#allowList = new AllowList(options.allow);
    this.#opener = new Opener({
      allowList: this.#allowList,
      resolver: new Resolver({
        map: new TargetMap(options.map),
        ...(options.lookup === undefined ? {} : { lookup: options.lookup }),
      }),
      log: options.log,
      metrics: this.#metrics,
      report: this.#report,
      ...(options.connect === undefined ? {} : { connect: options.connect }),
    });
  }

  start(): void {
    if (this.#allowList.entries.length === 0) {
      this.#options.log.warn('the allow-list is empty: nothing will be opened');
    }
    this.#options.keeper.start();
    void this.#tellOfItself();
    this.#follow([{ index: 0, serverName: workerName(0, this.#options.keeper.current.tunnelDomain) }]);
  }

  get status(): PublisherStatus {
    const { id, name, pop, certificate } = this.#options.keeper.current;
    return {
      id,
      name,
      pop,
      state: this.#state,
      pid: process.pid,
      certificateUntil: new X509Certificate(certificate).validToDate.toISOString(),
      links: [...this.#links.values()].map((link) => link.status).toSorted((a, b) => a.worker - b.worker),
      allow: this.#allowList.entries,
    };
  }

  /** Takes no new streams and lets the open ones end, for `LIMITS.drainMs` at most. Idempotent. */
  async close(): Promise<void> {
    if (this.#state === 'serving') this.#changeState('draining');
    await Promise.all([...this.#links.values(), ...this.#leaving].map((link) => link.drain()));
    this.#changeState('closed');
  }

  /** Cuts everything now. Idempotent. */
  destroy(): void {
    for (const link of [...this.#links.values(), ...this.#leaving]) link.destroy();
    this.#changeState('closed');
  }

  #changeState(next: PublisherState): void {
    if (this.#state === 'closed' || this.#state === next) return;
    this.#options.log.info({ from: this.#state, to: next }, 'state');
    this.#state = next;
    this.#options.keeper.stop();
    if (this.#reporting !== null) clearInterval(this.#reporting);
  }

  async #tellOfItself(): Promise<void> {
    this.#report.system = await readSystemFacts();
    if (this.#state === 'serving') {
      this.#reporting = setInterval(() => this.#tell(), this.#options.reportMs ?? REPORT_MS).unref();
    }
  }

  /** To one worker: they all tell the same control process. */
  #tell(): void {
    const link = [...this.#links.values()].find((one) => one.status.up);
    link?.report(this.#report.take());
  }

  #follow(workers: readonly TunnelWorker[]): void {
    if (this.#state !== 'serving') return;
    const { keeper, transport, log, random } = this.#options;
    const wanted = new Set(workers.map(({ serverName }) => serverName));
    for (const [serverName, link] of this.#links) {
      if (wanted.has(serverName)) continue;
      this.#links.delete(serverName);
      this.#leaving.add(link);
      void link.drain().finally(() => this.#leaving.delete(link));
    }
    for (const worker of workers) {
      if (this.#links.has(worker.serverName)) continue;
      const link = new TunnelLink({
        worker,
        address: parseHostPort(keeper.current.pop),
        keeper,
        transport,
        opener: this.#opener,
        metrics: this.#metrics,
        log: log.child({ worker: worker.index }),
        software: SOFTWARE,
        onUp: () => this.#tell(),
        onWorkers: (list) => this.#follow(list),
        ...(random === undefined ? {} : { random }),
      });
      this.#links.set(worker.serverName, link);
      link.start();
    }
  }
}
