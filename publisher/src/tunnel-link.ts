import { setTimeout as delay } from 'node:timers/promises';
import {
  CausewayError,
  codeOf,
  LIMITS,
  type AcceptorMessage,
  type Report,
  type TunnelWorker,
} from '@causeway/contract';
import {
  Dialler,
  joinTunnel,
  type HostPort,
  type IdentityKeeper,
  type JoinedTunnel,
  type OpenRequest,
  type TransportName,
} from '@causeway/tunnel';
import type { Logger } from 'pino';
import { Assignment } from './assignment.ts';
import type { PublisherMetrics } from './metrics.ts';
import type { Opener } from './opener.ts';

export interface TunnelLinkOptions {
  readonly worker: TunnelWorker;
  readonly address: HostPort;
  readonly keeper: IdentityKeeper;
  readonly transport: TransportName;
  readonly opener: Opener;
  readonly metrics: PublisherMetrics;
  readonly log: Logger;
  readonly software: string;
  readonly onUp: () => void;
  readonly onWorkers: (workers: readonly TunnelWorker[]) => void;
  readonly random?: () => number;
  /** How long a revoked identity waits before it asks again. */
  readonly revokedRetryMs?: number;
}

export interface LinkStatus {
  readonly worker: number;
  readonly serverName: string;
  readonly up: boolean;
  /** Milliseconds since 1970; null while it is down. */
  readonly since: number | null;
  readonly streams: number;
  readonly rttMs: number | null;
  readonly apps: readonly string[];
  /** Why it is down, once there is a reason. */
  readonly code: string | null;
}

/** One connection of the link with what belongs to it alone: its assignment and its streams. */
interface Connection extends JoinedTunnel {
  readonly assignment: Assignment;
  readonly flows: Set<Promise<void>>;
  readonly since: number;
}

const CLOCK_SKEW_MS = 5 * 60_000;
const REVOKED_RETRY_MS = 5 * 60_000;

/** Keeps one tunnel to one edge worker, whatever happens; make before break when the worker drains. */
export class TunnelLink {
  readonly #options: TunnelLinkOptions;
  readonly #dialler: Dialler<Connection>;
  readonly #open = new Set<Connection>();
  #code: string | null = null;

  constructor(options: TunnelLinkOptions) {
    this.#options = options;
    this.#dialler = new Dialler<Connection>({
      dial: (signal) => this.#dial(signal),
      closed: (connection) => connection.ended,
      onUp: (connection, previous) => this.#onUp(connection, previous),
      onDown: (error, retryMs) => this.#onDown(error, retryMs),
      discard: ({ tunnel }) => tunnel.destroy(),
      ...(options.random === undefined ? {} : { random: options.random }),
    });
  }

  get status(): LinkStatus {
    const { index, serverName } = this.#options.worker;
    const current = this.#dialler.current;
    return {
      worker: index,
      serverName,
      up: current !== null,
      since: current?.since ?? null,
      streams: [...this.#open].reduce((sum, { flows }) => sum + flows.size, 0),
      rttMs: current?.tunnel.rttMs ?? null,
      apps: current?.assignment.names ?? [],
      code: current === null ? this.#code : null,
    };
  }

  start(): void {
    this.#dialler.start();
  }

  /** Passed over while the link is down. */
  report(report: Omit<Report, 't'>): void {
    this.#dialler.current?.report(report);
  }

  /** No new streams; what is open may end by itself, for `LIMITS.drainMs` at most. */
  async drain(): Promise<void> {
    this.#dialler.stop();
    await Promise.all([...this.#open].map((connection) => this.#retire(connection)));
  }

  destroy(): void {
    this.#dialler.stop();
    for (const { tunnel } of this.#open) tunnel.destroy();
  }

  async #dial(signal: AbortSignal): Promise<Connection> {
    const { worker, keeper, log } = this.#options;
    const assignment = new Assignment();
    const flows = new Set<Promise<void>>();
    try {
      const joined = await joinTunnel({
        address: this.#options.address,
        serverName: worker.serverName,
        transport: this.#options.transport,
        identity: await keeper.fresh(),
        role: 'publisher',
        software: this.#options.software,
        signal,
        now: Date.now,
        onOpen: (request) => this.#onOpen(request, assignment, flows),
        onMessage: (message) => this.#onMessage(message, assignment),
        onGoAway: () => this.#dialler.replace(),
      });
      const skew = joined.welcome.clock - Date.now();
      if (Math.abs(skew) > CLOCK_SKEW_MS) log.warn({ code: 'CW_CLOCK_SKEW', skewMs: skew }, 'clocks differ');
      const connection: Connection = { ...joined, assignment, flows, since: Date.now() };
      this.#open.add(connection);
      void joined.ended.then(() => this.#open.delete(connection));
      return connection;
    } catch (error) {
      const code = codeOf(error);
      this.#code = code;
      if (code === 'CW_CERT_REVOKED') {
        const retryMs = this.#options.revokedRetryMs ?? REVOKED_RETRY_MS;
        log.error({ code, retryMs }, 'the PoP says that this publisher was revoked: it must enrol again');
        await delay(retryMs, undefined, { signal });
      }
      throw error;
    }
  }

  #onUp(connection: Connection, previous: Connection | null): void {
    const { welcome, tunnel } = connection;
    this.#code = null;
    this.#options.metrics.tunnels.inc();
    void connection.ended.then(() => this.#options.metrics.tunnels.dec());
    this.#options.log.info({ rttMs: tunnel.rttMs, name: welcome.name }, 'tunnel up');
    this.#options.onWorkers(welcome.workers);
    this.#options.onUp();
    if (previous !== null) void this.#retire(previous);
  }

  #onDown(error: CausewayError | null, retryMs: number): void {
    const code = error === null ? 'CW_TUNNEL_CLOSED' : codeOf(error);
    this.#code = code;
    this.#options.metrics.redials.inc({ code });
    this.#options.log.warn({ code, why: error?.message, retryMs: Math.round(retryMs) }, 'tunnel down');
  }

  #onMessage(message: AcceptorMessage, assignment: Assignment): void {
    const { log } = this.#options;
    switch (message.t) {
      case 'assign':
        assignment.put(message.apps);
        log.info({ apps: assignment.names }, 'apps assigned');
        return;
      case 'workers':
        this.#options.onWorkers(message.workers);
        return;
      case 'drain':
        log.info({ deadlineMs: message.deadlineMs }, 'the worker drains');
        this.#dialler.replace();
        return;
      default:
        log.warn({ code: 'CW_MESSAGE_INVALID', t: message.t }, 'a message that is not for a publisher');
    }
  }

  #onOpen(request: OpenRequest, assignment: Assignment, flows: Set<Promise<void>>): void {
    const flow = this.#options.opener.open(request, assignment).finally(() => flows.delete(flow));
    flows.add(flow);
  }

  async #retire(connection: Connection): Promise<void> {
    connection.tunnel.goAway();
    const late = new AbortController();
    const deadline = delay(LIMITS.drainMs, undefined, { signal: late.signal }).catch(() => undefined);
    await Promise.race([Promise.all(connection.flows), connection.ended, deadline]);
    late.abort();
    connection.tunnel.destroy();
    await connection.ended;
  }
}
