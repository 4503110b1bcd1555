import { X509Certificate } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { agentName, CausewayError, codeOf, LIMITS, type AcceptorMessage, type ErrorCode } from '@causeway/contract';
import {
  Dialler,
  joinTunnel,
  parseHostPort,
  readSystemFacts,
  type IdentityKeeper,
  type JoinedTunnel,
  type MuxStream,
  type TransportName,
} from '@causeway/tunnel';
import type { Logger } from 'pino';
import { Steering, type Steered } from './steering.ts';

/**
 *     enrolling --identity--> connecting <--> up
 *         |                       |           |
 *         |                       +--close()--+--> draining --streams ended--> closed
 *         +---------------------- destroy() ---------------------------------->
 */
export const AGENT_STATES = ['enrolling', 'connecting', 'up', 'draining', 'closed'] as const;
export type AgentState = (typeof AGENT_STATES)[number];

export interface AgentOptions {
  /** Finds or makes the identity; rejects for good when there is none and no way to one. */
  readonly identify: () => Promise<IdentityKeeper>;
  readonly transport: TransportName;
  readonly log: Logger;
  readonly random?: () => number;
  /** How long a flow waits for a tunnel that is down before it is refused. */
  readonly offlineMs?: number;
  readonly revokedRetryMs?: number;
}

export interface AgentStatus {
  readonly state: AgentState;
  readonly id: string | null;
  readonly name: string | null;
  readonly pop: string | null;
  readonly user: string | null;
  readonly apps: readonly string[];
  readonly certificateUntil: string | null;
  readonly rttMs: number | null;
  readonly flows: number;
  /** Why it is not up, once there is a reason. */
  readonly code: string | null;
  readonly pid: number;
}

/** A flow's stream; whoever has it says `release` when it has ended. */
export interface AgentFlow {
  readonly stream: MuxStream;
  /** Rejects with the PoP's refusal. Data may be written before. */
  readonly opened: Promise<void>;
  release(): void;
}

interface Connection extends JoinedTunnel {
  flows: number;
  onIdle: (() => void) | null;
}

const OFFLINE_MS = 5_000;
const CLOCK_SKEW_MS = 5 * 60_000;
const REVOKED_RETRY_MS = 5 * 60_000;
const SUSPENDED_RETRY_MS = 60_000;
/** What somebody else has to change first: asking in seconds would only be noise. */
const SLOW: Partial<Record<ErrorCode, { readonly retryMs: number; readonly advice: string }>> = {
  CW_CERT_REVOKED: { retryMs: REVOKED_RETRY_MS, advice: 'this device was removed: log out and enrol again' },
  CW_DEVICE_QUARANTINED: {
    retryMs: SUSPENDED_RETRY_MS,
    advice: 'an administrator has put this device into quarantine: ask them to release it',
  },
  CW_PERSON_INACTIVE: { retryMs: SUSPENDED_RETRY_MS, advice: 'this device’s person has no access any more' },
};
const SOFTWARE = 'causeway-agent/0.1.0';

/** The device's one tunnel: enrols, dials, follows the steering, opens flows. */
export class Agent {
  readonly #options: AgentOptions;
  readonly #steering = new Steering();
  readonly #connections = new Set<Connection>();
  readonly #waiting = new Set<() => void>();
  #state: AgentState = 'enrolling';
  #keeper: IdentityKeeper | null = null;
  #dialler: Dialler<Connection> | null = null;
  readonly #startedAt = Date.now();
  #code: string | null = null;

  constructor(options: AgentOptions) {
    this.#options = options;
  }

  /** Resolves when the device has an identity and dials; rejects with why it has none. */
  async start(): Promise<void> {
    const keeper = await this.#options.identify();
    if (this.#state !== 'enrolling') return; // closed meanwhile
    const { random } = this.#options;
    this.#keeper = keeper;
    keeper.start();
    this.#changeState('connecting');
    this.#dialler = new Dialler<Connection>({
      dial: (signal) => this.#dial(keeper, signal),
      closed: (connection) => connection.ended,
      onUp: (connection, previous) => this.#onUp(connection, previous),
      onDown: (error, retryMs) => this.#onDown(error, retryMs),
      discard: ({ tunnel }) => tunnel.destroy(),
      ...(random === undefined ? {} : { random }),
    });
    this.#dialler.start();
  }

  get steering(): Steering {
    return this.#steering;
  }

  get status(): AgentStatus {
    const identity = this.#keeper?.current ?? null;
    return {
      state: this.#state,
      id: identity?.id ?? null,
      name: identity?.name ?? null,
      pop: identity?.pop ?? null,
      user: this.#steering.user,
      apps: this.#steering.apps,
      certificateUntil: identity === null ? null : new X509Certificate(identity.certificate).validToDate.toISOString(),
      rttMs: this.#dialler?.current?.tunnel.rttMs ?? null,
      flows: [...this.#connections].reduce((sum, { flows }) => sum + flows, 0),
      code: this.#state === 'up' ? null : this.#code,
      pid: process.pid,
    };
  }

  /**
   * Begins a flow to a private app. Rejects with `CW_APP_UNKNOWN` where steering names none, `CW_AGENT_OFFLINE` when
   * no tunnel came back in time.
   */
  async open(host: string, port: number, flow: string): Promise<AgentFlow> {
    const early = this.#steering.user === null ? null : this.#mustSteer(host, port);
    const connection = await this.#whenUp();
    const { host: named } = early ?? this.#mustSteer(host, port);
    const { stream, opened } = connection.tunnel.openEager({ v: 1, kind: 'tcp', host: named, port, flow });
    connection.flows++;
    let released = false;
    return {
      stream,
      opened,
      release: () => {
        if (released) return;
        released = true;
        connection.flows--;
        if (connection.flows === 0) connection.onIdle?.();
      },
    };
  }

  /** No new flows; those that are open may end by themselves, for `LIMITS.drainMs` at most. Idempotent. */
  async close(): Promise<void> {
    if (this.#state === 'closed') return;
    this.#changeState('draining');
    this.#dialler?.stop();
    await Promise.all([...this.#connections].map((connection) => this.#retire(connection)));
    this.#changeState('closed');
  }

  /** Cuts everything now. Idempotent. */
  destroy(): void {
    this.#dialler?.stop();
    for (const { tunnel } of this.#connections) tunnel.destroy();
    this.#changeState('closed');
  }

  #changeState(next: AgentState): void {
    if (this.#state === 'closed' || this.#state === next) return;
    if (this.#state === 'draining' && next !== 'closed') return;
    this.#options.log.info({ from: this.#state, to: next }, 'state');
    this.#state = next;
    if (next === 'draining' || next === 'closed') this.#keeper?.stop();
    if (next !== 'connecting') for (const wake of this.#waiting) wake();
  }

  #mustSteer(host: string, port: number): Steered {
    const steered = this.#steering.steer(host, port);
    if (steered.app === null) throw new CausewayError('CW_APP_UNKNOWN', steered.why);
    return steered;
  }

  async #whenUp(): Promise<Connection> {
    if (this.#state === 'enrolling' || this.#state === 'connecting') {
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          clearTimeout(timer);
          this.#waiting.delete(wake);
          resolve();
        };
        const timer = setTimeout(wake, this.#options.offlineMs ?? OFFLINE_MS);
        this.#waiting.add(wake);
      });
    }
    const connection = this.#state === 'up' ? this.#dialler?.current : null;
    if (connection === null || connection === undefined) {
      throw new CausewayError('CW_AGENT_OFFLINE', `the agent is ${this.#state}${this.#code ? ` (${this.#code})` : ''}`);
    }
    return connection;
  }

  async #dial(keeper: IdentityKeeper, signal: AbortSignal): Promise<Connection> {
    const { log, transport } = this.#options;
    try {
      const identity = await keeper.fresh();
      const steered = Promise.withResolvers<void>();
      const joined = await joinTunnel({
        address: parseHostPort(identity.pop),
        serverName: agentName(identity.tunnelDomain),
        transport,
        identity,
        role: 'agent',
        software: SOFTWARE,
        signal,
        now: Date.now,
        onOpen: (request) => request.refuse('CW_OPEN_INVALID'),
        onMessage: (message) => {
          this.#onMessage(message);
          if (message.t === 'steer') steered.resolve();
        },
        onGoAway: () => this.#dialler?.replace(),
      });
      // Up means useful: flows that waited for the tunnel are sorted by what this connection says.
      await Promise.race([steered.promise, joined.ended, delay(LIMITS.openHeaderMs, undefined, { ref: false })]);
      const skew = joined.welcome.clock - Date.now();
      if (Math.abs(skew) > CLOCK_SKEW_MS) log.warn({ code: 'CW_CLOCK_SKEW', skewMs: skew }, 'clocks differ');
      const connection: Connection = { ...joined, flows: 0, onIdle: null };
      this.#connections.add(connection);
      void joined.ended.then(() => {
        this.#connections.delete(connection);
        connection.onIdle?.();
      });
      return connection;
    } catch (error) {
      this.#code = codeOf(error);
      const slow = SLOW[codeOf(error)];
      if (slow !== undefined) {
        const retryMs = this.#options.revokedRetryMs ?? slow.retryMs;
        log.error({ code: this.#code, retryMs }, slow.advice);
        await delay(retryMs, undefined, { signal });
      }
      throw error;
    }
  }

  #onUp(connection: Connection, previous: Connection | null): void {
    this.#code = null;
    const { name, worker } = connection.welcome;
    this.#options.log.info({ name, worker, user: this.#steering.user, apps: this.#steering.apps }, 'tunnel up');
    this.#changeState('up');
    void this.#tellOfItself(connection);
    if (previous !== null) void this.#retire(previous);
  }

  /** So that administrators find the device by what they know of it. */
  async #tellOfItself(connection: Connection): Promise<void> {
    connection.report({ software: SOFTWARE, startedAt: this.#startedAt, system: await readSystemFacts() });
  }

  #onDown(error: CausewayError | null, retryMs: number): void {
    this.#code = error === null ? 'CW_TUNNEL_CLOSED' : codeOf(error);
    this.#options.log.warn({ code: this.#code, why: error?.message, retryMs: Math.round(retryMs) }, 'tunnel down');
    this.#changeState('connecting');
  }

  #onMessage(message: AcceptorMessage): void {
    const { log } = this.#options;
    switch (message.t) {
      case 'steer':
        this.#steering.put(message.user, message.apps);
        log.info({ user: message.user, apps: this.#steering.apps }, 'steering');
        return;
      case 'drain':
        log.info({ deadlineMs: message.deadlineMs }, 'the PoP drains');
        this.#dialler?.replace();
        return;
      case 'workers':
        return; // an agent stays on the worker where it landed
      default:
        log.warn({ code: 'CW_MESSAGE_INVALID', t: message.t }, 'a message that is not for an agent');
    }
  }

  async #retire(connection: Connection): Promise<void> {
    const { tunnel } = connection;
    tunnel.goAway();
    if (connection.flows > 0 && !tunnel.closed) await idle(connection, LIMITS.drainMs);
    tunnel.destroy();
    await connection.ended;
  }
}

function idle(connection: Connection, timeoutMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, timeoutMs);
    connection.onIdle = () => {
      clearTimeout(timer);
      resolve();
    };
  });
}
