import { AsyncLocalStorage } from 'node:async_hooks';
import { setImmediate } from 'node:timers/promises';
import type { Socket } from 'node:net';
import type { Server as TlsServer, TLSSocket } from 'node:tls';
import { join } from 'node:path';
import { CausewayError, codeOf, ERRORS } from '@causeway/contract';
import type { Logger } from 'pino';
import type { ControlCalls, EdgeSecrets, EdgeStatus, Revocation, SessionGrant } from '../rpc/messages.ts';
import type { ComponentHealth, EdgeStart } from '../rpc/supervision.ts';
import type { ActiveSnapshot } from './config/active-snapshot.ts';
import { Configured } from './config/configured.ts';
import { ControlLink, type HelloAnswer } from './control-link.ts';
import type { Engine } from './engines/engine.ts';
import { ReferenceEngine } from './engines/reference/engine.ts';
import { EventSpill } from '../delivery/event-spill.ts';
import { Events } from '../delivery/events.ts';
import { CookieMemo } from './exchange/cookies.ts';
import { edgeHealth } from './edge-health.ts';
import { Feed } from './feed.ts';
import { FeedWatch } from './feed-watch.ts';
import { clientAddress } from './listener/client-address.ts';
import { Front } from './listener/front.ts';
import { Handover, type SupervisorPort } from './listener/handover.ts';
import { chooseRoute, type Route } from './listener/routes.ts';
import { LiveStreams, type LiveStream } from './live-streams.ts';
import { EdgeMetrics } from './metrics.ts';
import { exchangeEvent, cutEvent } from './event-record.ts';
import { Sessions } from './sessions.ts';
import { createTunnelTlsServer, renewTunnelTlsServer } from './tls/tunnel-server.ts';
import { TunnelWebSocket } from './tls/tunnel-websocket.ts';
import { createWebTlsServer, type WebTls } from './tls/web-server.ts';
import { Acceptor } from './tunnels/acceptor.ts';
import { AgentFlows } from './tunnels/agent-flows.ts';
import { Agents } from './tunnels/agents.ts';
import { KnownPeers } from './tunnels/known-peers.ts';
import { Publishers } from './tunnels/publishers.ts';

const MAX_SOCKETS = 20_000;
const STATUS_MS = 1_000;
const SWEEP_MS = 10_000;
const FEED_CHECK_MS = 1_000;
/** A rule's time that begins or ends is to be felt within a second. */
const TIMES_CHECK_MS = 250;

interface Servers {
  readonly web: WebTls;
  readonly tunnel: TlsServer;
  readonly tunnelWebSocket: TunnelWebSocket;
}

const REGROUPED = 'groups or ownership of the device changed';

/** One edge worker, put together. `main.ts` gives it its process. */
export class EdgeWorker {
  readonly #start: EdgeStart;
  readonly #log: Logger;
  readonly #handover: Handover;
  readonly #feed = new Feed(
    () => performance.now(),
    () => this.active?.source.graceMs ?? 0,
  );
  readonly #publishers = new Publishers();
  readonly #agents = new Agents();
  readonly #known = new KnownPeers(() => performance.now());
  readonly #link: ControlLink;
  readonly #configuration: Configured;
  readonly #events: Events;
  readonly #acceptor: Acceptor;
  readonly #engine: Engine;
  readonly #front: Front;
  readonly #configured = Promise.withResolvers<void>();
  readonly #timers: NodeJS.Timeout[] = [];
  /** Inside a WebSocket the TLS socket knows no address; it is remembered from outside. */
  readonly #outerAddress = new AsyncLocalStorage<string>();
  readonly metrics: EdgeMetrics;
  /** Who is signed in here, and what is open. */
  readonly sessions: Sessions;
  readonly live: LiveStreams;
  #secrets: EdgeSecrets | null = null;
  #servers: Servers | null = null;

  constructor(start: EdgeStart, log: Logger, port: SupervisorPort) {
    this.#start = start;
    this.#log = log;
    this.metrics = new EdgeMetrics({
      causeway_edge_sockets: { help: 'Front sockets open.', read: () => this.#front.sockets },
      causeway_edge_sessions: { help: 'App-host sessions held.', read: () => this.sessions.size },
      causeway_edge_live_streams: { help: 'Requests, upgrades and flows open.', read: () => this.live.size },
      causeway_edge_publisher_tunnels: { help: 'Tunnels of publishers.', read: () => this.#publishers.all().length },
      causeway_edge_agent_tunnels: { help: 'Tunnels of agents.', read: () => [...this.#agents.all()].length },
      causeway_edge_spilled_bytes: { help: 'Events written beside.', read: () => spill.bytes },
    });
    const spill = new EventSpill(join(start.dataDir, 'spill', `edge-${start.worker}.ndjson`));
    this.#handover = new Handover(port, () => this.metrics.refused.labels('handover').inc());
    this.#link = new ControlLink({
      dataDir: start.dataDir,
      worker: start.worker,
      handlers: {
        'snapshot.put': (manifest) => this.#configuration.put(manifest),
        'secrets.put': (secrets) => this.#putSecrets(secrets),
        'session.put': (grant) => this.#putSession(grant),
        'sessions.regroup': ({ grants }) => this.#regroup(grants),
        revoke: (revocation) => this.#revoke(revocation),
        'feed.beat': ({ epoch, storeLostMs }) => this.#beat(epoch, storeLostMs),
        'device.principal': (change) => this.#principalChanged(change),
      },
      onHello: (answer, current) => this.#onHello(answer, current),
      onLost: () => log.warn({ code: 'CW_RPC_CLOSED' }, 'control is away; established access goes on'),
    });
    this.#configuration = new Configured({
      piece: async (hash, from) => (await this.#link.call('snapshot.piece', { hash, from }))?.bytes ?? null,
      newest: () => this.#link.call('snapshot.newest', null),
      now: () => Date.now(),
      onSwapped: (active) => this.#swapped(active),
      onRefused: (snapshot, err) => {
        this.metrics.snapshotsRefused.inc();
        log.error({ err, code: codeOf(err), snapshot }, 'snapshot refused; the last one stays');
      },
    });
    this.#events = new Events({
      deliver: async (events) => void (await this.#link.call('event.batch', { events })),
      spill,
      onDropped: (count) => this.metrics.dropped.inc(count),
    });
    this.live = new LiveStreams((stream, why) => this.#onCut(stream, why));
    this.sessions = new Sessions({
      lookup: (tokenHash) =>
        this.#feed.state === 'live'
          ? this.#link.call('session.lookup', { tokenHash })
          : Promise.reject(new CausewayError(this.#feed.code)),
      now: () => Date.now(),
    });
    const flows = new AgentFlows({
      worker: start.worker,
      active: () => this.active,
      feed: this.#feed,
      publishers: this.#publishers,
      live: this.live,
      onEvent: (event) => this.#events.push(event),
      onOutcome: (outcome) => this.metrics.flows.labels(outcome).inc(),
    });
    this.#acceptor = new Acceptor({
      worker: start.worker,
      workers: start.workers,
      publishers: this.#publishers,
      agents: this.#agents,
      flows,
      known: this.#known,
      feed: this.#feed,
      log,
      active: () => this.active,
      ca: () => this.#secrets?.ca ?? '',
      call: (call, args) => this.#link.call(call, args),
    });
    this.#engine = new ReferenceEngine({
      passes: {
        sessions: this.sessions,
        feed: this.#feed,
        cookies: new CookieMemo(),
        intentKey: () => Buffer.from(this.#secrets?.intentKey ?? '', 'base64'),
        redeem: (args) => this.#link.call('ticket.redeem', args),
        endSession: async (session) => void (await this.#link.call('session.end', { session, why: 'signed out' })),
      },
      live: this.live,
      publishers: this.#publishers,
      active: () => this.active,
      onEnd: (exchange, outcome) => {
        this.metrics.request(outcome.status, performance.now() - exchange.started);
        if (exchange.verdict !== null) this.#events.push(exchangeEvent(exchange, outcome, start.worker));
      },
      onRefusal: (exchange, code) => {
        // Whoever was shown a block page may quote its id: the log has it, too.
        const level = ERRORS[code].status >= 500 ? 'warn' : code === 'CW_POLICY_BLOCKED' ? 'info' : 'debug';
        log[level](
          { code, decision: exchange.decision, host: exchange.host, app: exchange.appName },
          ERRORS[code].text,
        );
      },
      onFault: (error) => log.error({ err: error, code: 'CW_INTERNAL' }, 'a pass failed'),
    });
    this.#front = new Front({
      maxSockets: MAX_SOCKETS,
      route: (hello) => this.#route(hello),
      take: (socket, route, head) => this.#take(socket, route, head),
      onRefused: (reason) => this.metrics.refused.labels(reason).inc(),
    });
  }

  get port(): number {
    return this.#front.port;
  }

  /** The configuration in force; `null` before the first. */
  get active(): ActiveSnapshot | null {
    return this.#configuration.active;
  }

  /** Resolves when it listens; waits for control as long as that takes. Throws `CW_PORT_IN_USE`. */
  async start(): Promise<void> {
    this.#link.start();
    await this.#configured.promise;
    const { host, port, workers } = this.#start;
    try {
      await this.#front.listen({ host, port, reusePort: workers > 1 });
    } catch (cause) {
      const inUse = cause instanceof Error && 'code' in cause && cause.code === 'EADDRINUSE';
      const message = cause instanceof Error ? cause.message : String(cause);
      throw inUse
        ? new CausewayError('CW_PORT_IN_USE', `port ${port} on ${host} is in use by another process`, { cause })
        : new CausewayError('CW_CONFIG_INVALID', `cannot listen on port ${port} of ${host}: ${message}`, { cause });
    }
    const report = (): void => void this.#link.call('edge.status', this.#status()).catch(() => undefined);
    report();
    this.#every(STATUS_MS, report);
    this.#every(SWEEP_MS, () => this.#endExpired());
    const watch = new FeedWatch({
      feed: this.#feed,
      live: this.live,
      log: this.#log,
      replay: () => void this.#events.replay().catch(() => undefined),
    });
    this.#every(FEED_CHECK_MS, () => watch.check());
    this.#every(TIMES_CHECK_MS, () => this.#checkTimes());
  }

  adopt(socket: Socket, head: Buffer): void {
    this.#front.adopt(socket, head);
  }

  health(): { ready: boolean; components: ComponentHealth[] } {
    return edgeHealth(this.#link.up, this.#feed, this.#publishers, this.active);
  }

  /** Drains: nothing new, what is open may end by itself until the deadline, then it is ended. */
  async stop(deadlineMs: number): Promise<void> {
    const until = performance.now() + deadlineMs;
    for (const timer of this.#timers) clearInterval(timer);
    this.#front.close();
    this.#engine.drain();
    this.#acceptor.drain(deadlineMs);
    while (this.live.size > 0 && performance.now() < until) await new Promise((resolve) => setTimeout(resolve, 25));
    this.#engine.destroy();
    this.#acceptor.destroy();
    this.#servers?.tunnelWebSocket.destroy();
    this.#front.destroy();
    await this.#events.close();
    this.#link.stop();
  }

  #route(hello: { readonly serverName: string | null; readonly alpn: readonly string[] }): Route {
    const source = this.active?.source;
    if (source === undefined) return { t: 'refuse', reason: 'not configured' };
    const { accessDomain, identityDomain, tunnelDomain } = source;
    const { worker, workers } = this.#start;
    return chooseRoute(hello, { worker, workers, accessDomain, identityDomain, tunnelDomain });
  }

  #take(socket: Socket, route: Route, head: Buffer): void {
    const servers = this.#servers;
    if (servers === null) return void socket.destroy();
    if (route.t === 'control') return this.#handover.pass(socket, 'control', head);
    if (route.t === 'sibling') return this.#handover.pass(socket, route.worker, head);
    socket.unshift(head);
    if (route.t === 'web') servers.web.server.emit('connection', socket);
    else if (route.t === 'tunnel') servers.tunnel.emit('connection', socket);
    else servers.tunnelWebSocket.take(socket);
  }

  #acceptTunnel(socket: TLSSocket): void {
    const leaf = socket.getPeerX509Certificate()?.raw ?? null;
    this.#acceptor.accept(socket, leaf, clientAddress(socket.remoteAddress ?? this.#outerAddress.getStore()));
  }

  async #onHello(answer: HelloAnswer, current: () => boolean): Promise<void> {
    this.#putSecrets(answer.secrets);
    await this.#configuration.put(answer.snapshot);
    // The line may have gone meanwhile, and with it what ended since.
    if (!current()) return;
    if (answer.sessions === null) {
      this.#feed.advanceWithout(answer.storeLostMs ?? 0);
      return this.#configured.resolve();
    }
    const ended = this.sessions.replaceAll(answer.sessions);
    this.#feed.advance(answer.epoch);
    await this.live.cutSessions(ended, 'the session ended while control was away');
    void this.#askAgain();
    void this.#events.replay().catch(() => undefined);
    this.#configured.resolve();
  }

  async #swapped({ source, apps }: ActiveSnapshot): Promise<void> {
    this.#log.info({ snapshot: source.number, apps: apps.length, rules: source.rules }, 'snapshot in force');
    for (const publisher of this.#publishers.all()) publisher.assign();
    await this.live.decideAgain('the policy changed');
    // What one agent is told may take milliseconds to find out.
    for (const agent of this.#agents.all()) await setImmediate().then(() => agent.steer());
  }

  #putSecrets(secrets: EdgeSecrets): null {
    this.#secrets = secrets;
    if (this.#servers === null) {
      const tunnel = createTunnelTlsServer(secrets, (socket) => this.#acceptTunnel(socket));
      this.#servers = {
        web: createWebTlsServer(secrets, (socket) => this.#engine.take(socket)),
        tunnel,
        tunnelWebSocket: new TunnelWebSocket(secrets, (inner, address) =>
          this.#outerAddress.run(address, () => tunnel.emit('connection', inner)),
        ),
      };
    } else {
      this.#servers.web.renew(secrets);
      renewTunnelTlsServer(this.#servers.tunnel, secrets);
      this.#servers.tunnelWebSocket.renew(secrets);
    }
    return null;
  }

  async #putSession(grant: SessionGrant): Promise<null> {
    if (this.sessions.put(grant)) await this.live.decideAgain(REGROUPED, [grant.principal.session]);
    return null;
  }

  async #regroup(grants: readonly SessionGrant[]): Promise<null> {
    await this.live.decideAgain(REGROUPED, await this.sessions.regroup(grants));
    return null;
  }

  async #revoke(revocation: Revocation): Promise<{ epoch: number; cut: number }> {
    const { sessions, devices, publishers, suspended, quarantined, why } = revocation;
    // It is acted upon from here on: a beat that comes meanwhile must not look like news.
    this.#feed.heard(revocation.epoch);
    await this.sessions.end(sessions);
    const ids = [...sessions, ...[...devices, ...suspended, ...quarantined].map((device) => `device:${device}`)];
    const cut = await this.live.cutSessions(ids, why);
    this.#acceptor.revoke(new Set([...devices, ...publishers]), 'CW_CERT_REVOKED');
    this.#acceptor.revoke(new Set(suspended), 'CW_PERSON_INACTIVE');
    this.#acceptor.revoke(new Set(quarantined), 'CW_DEVICE_QUARANTINED');
    this.#log.info({ epoch: revocation.epoch, cut, why }, 'access ended');
    return { epoch: revocation.epoch, cut };
  }

  #beat(epoch: number, storeLostMs: number | null): null {
    if (!this.#feed.beat(epoch, storeLostMs)) this.#link.resync();
    return null;
  }

  async #principalChanged({ device, principal }: ControlCalls['device.principal']['args']): Promise<null> {
    this.#known.regrouped(device, principal);
    for (const agent of this.#agents.byDevice(device)) {
      agent.principal = principal;
      agent.steer();
    }
    await this.live.decideAgain(REGROUPED, [principal.session]);
    return null;
  }

  /** Devices and publishers may have been revoked, and groups changed, while nobody could tell us. */
  async #askAgain(): Promise<void> {
    await this.#acceptor.askAgain();
    await this.live.decideAgain(REGROUPED);
  }

  #endExpired(): void {
    void this.live.cutSessions(this.sessions.sweep(), 'the session expired');
  }

  #checkTimes(): void {
    if (this.active?.policy.timesChanged(Date.now()) !== true) return;
    for (const agent of this.#agents.all()) agent.steer();
    void this.live.decideAgain('a time of the policy began or ended');
  }

  #onCut(stream: LiveStream, why: string): void {
    this.metrics.cuts.labels(stream.kind).inc();
    this.#events.push(cutEvent(stream, why, this.#start.worker));
  }

  #status(): EdgeStatus {
    return {
      worker: this.#start.worker,
      pid: process.pid,
      snapshot: this.active?.source.number ?? 0,
      epoch: this.#feed.epoch,
      sessions: this.sessions.size,
      openStreams: this.live.size,
      sockets: this.#front.sockets,
      eventsDropped: this.#events.dropped,
      publishers: this.#publishers.statuses(),
      agents: this.#agents.statuses(),
    };
  }

  #every(ms: number, run: () => void): void {
    this.#timers.push(setInterval(run, ms).unref());
  }
}
