import { randomUUID } from 'node:crypto';
import { addressNumber, canonicalName, CausewayError, codeOf, type ErrorCode, type Verdict } from '@causeway/contract';
import { stitch, type OpenRequest, type Stitched, type StitchResult } from '@causeway/tunnel';
import { toldTo } from '../../policy/notice-words.ts';
import type { EventRecord } from '../../rpc/messages.ts';
import type { ActiveSnapshot } from '../config/active-snapshot.ts';
import type { Feed } from '../feed.ts';
import type { LiveStream, LiveStreams } from '../live-streams.ts';
import type { AgentTunnel } from './agents.ts';
import type { Publishers } from './publishers.ts';

export interface AgentFlowsOptions {
  readonly worker: number;
  active(): ActiveSnapshot | null;
  readonly feed: Feed;
  readonly publishers: Publishers;
  readonly live: LiveStreams;
  onEvent(event: EventRecord): void;
  onOutcome(outcome: 'opened' | 'blocked' | 'failed'): void;
}

/** Takes the streams that agents open, decides, and joins each with a stream of a publisher. */
export class AgentFlows {
  readonly #options: AgentFlowsOptions;

  constructor(options: AgentFlowsOptions) {
    this.#options = options;
  }

  async open(agent: AgentTunnel, request: OpenRequest): Promise<void> {
    const { header } = request;
    const flow = new Flow(agent, this.#options, header.host ?? '', header.port ?? 0);
    try {
      if (header.kind !== 'tcp') throw new CausewayError('CW_OPEN_INVALID', 'an agent opens tcp streams only');
      const verdict = flow.decide();
      if (verdict === null) throw new CausewayError('CW_APP_UNKNOWN');
      if (!this.#options.feed.holds(flow.graceMs)) throw new CausewayError(this.#options.feed.code);
      if (verdict.action === 'block') {
        const code: ErrorCode = verdict.notify === undefined ? 'CW_APP_UNKNOWN' : 'CW_POLICY_BLOCKED';
        request.refuse(code, verdict.notify);
        this.#options.onOutcome('blocked');
        flow.report(code);
        return;
      }
      await this.#connect(flow, request);
    } catch (error) {
      request.refuse(codeOf(error));
      this.#options.onOutcome(codeOf(error) === 'CW_APP_UNKNOWN' ? 'blocked' : 'failed');
      flow.report(codeOf(error));
    }
  }

  async #connect(flow: Flow, request: OpenRequest): Promise<void> {
    const app = flow.app;
    const publisher = app === null ? null : this.#options.publishers.choose(app);
    if (app === null || publisher === null) throw new CausewayError('CW_NO_PUBLISHER');
    const { host, port } = flow;
    const inner = await publisher.tunnel.open({ v: 1, kind: 'tcp', app: app.name, host, port, flow: flow.decision });
    // access may have ended while the publisher connected
    if (request.signal.aborted || !flow.allowed()) {
      inner.reset();
      throw new CausewayError('CW_ACCESS_ENDED');
    }
    this.#options.onOutcome('opened');
    this.#options.live.add(flow);
    flow.stitched = stitch(request.accept(), inner, (result) => {
      this.#options.live.remove(flow);
      flow.finished(result);
    });
  }
}

class Flow implements LiveStream {
  readonly kind = 'flow';
  /** A device has no session that could end before its tunnel does. */
  readonly ended = false;
  readonly decision: string = randomUUID();
  readonly host: string;
  readonly port: number;
  stitched: Stitched | null = null;
  app: ActiveSnapshot['apps'][number] | null = null;
  readonly #agent: AgentTunnel;
  readonly #options: AgentFlowsOptions;
  readonly #at = Date.now();
  readonly #started = performance.now();
  #verdict: Verdict | null = null;

  constructor(agent: AgentTunnel, options: AgentFlowsOptions, host: string, port: number) {
    this.#agent = agent;
    this.#options = options;
    this.host = (addressNumber(host) === null ? canonicalName(host) : host) ?? '';
    this.port = port;
  }

  get session(): string {
    return this.#agent.principal.session;
  }

  get user(): string {
    return this.#agent.principal.user;
  }

  get graceMs(): number {
    return this.#options.active()?.graceOf(this.#verdict?.rule ?? null) ?? 0;
  }

  get appName(): string | null {
    return this.app?.name ?? null;
  }

  /** `null` when there is no such app. */
  decide(): Verdict | null {
    const snapshot = this.#options.active();
    if (snapshot === null) throw new CausewayError('CW_RPC_CLOSED');
    const number = this.host === '' ? -1 : snapshot.index.byTarget(this.host, this.port);
    this.app = snapshot.apps[number] ?? null;
    const opened = this.#agent.opened.in(snapshot.policy, this.#agent.address);
    const decided = snapshot.policy.decide(opened, number, this, Date.now());
    const verdict = toldTo(decided, this.#agent.principal, this.appName);
    this.#verdict = verdict;
    return this.app === null ? null : verdict;
  }

  allowed(): boolean {
    const name = this.app?.name;
    return this.decide()?.action === 'allow' && this.app?.name === name;
  }

  cut(code: ErrorCode): void {
    this.stitched?.cut(new CausewayError(code));
  }

  finished(result: StitchResult): void {
    this.report(result.error?.code ?? null, result);
  }

  report(code: ErrorCode | null, bytes: { up: number; down: number } = { up: 0, down: 0 }): void {
    const { principal } = this.#agent;
    this.#options.onEvent({
      at: this.#at,
      decision: this.decision,
      kind: 'flow',
      user: principal.user,
      device: this.#agent.device,
      session: principal.session,
      app: this.app?.name ?? null,
      method: 'agent',
      verdict: this.#verdict,
      address: this.#agent.address,
      verb: code,
      path: `${this.host}:${this.port}`,
      status: null,
      bytesUp: bytes.up,
      bytesDown: bytes.down,
      ms: Math.round(performance.now() - this.#started),
      worker: this.#options.worker,
    });
  }
}
