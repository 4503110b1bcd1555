import type { Duplex } from 'node:stream';
import {
  CausewayError,
  codeOf,
  dialerMessage,
  ERRORS,
  LIMITS,
  PROTOCOL_VERSIONS,
  workerName,
  type AcceptorMessage,
  type DialerMessage,
  type ErrorCode,
  type Report,
} from '@causeway/contract';
import { ControlChannel, Tunnel, type OpenRequest } from '@causeway/tunnel';
import type { Logger } from 'pino';
import type { EdgeCalls, TunnelPeer } from '../../rpc/messages.ts';
import type { ActiveSnapshot } from '../config/active-snapshot.ts';
import type { Feed } from '../feed.ts';
import type { AgentFlows } from './agent-flows.ts';
import { AgentTunnel, type Agents } from './agents.ts';
import type { KnownPeers } from './known-peers.ts';
import { readPeerCertificate, type PeerCertificate } from './peer-certificate.ts';
import type { PublisherTunnel, Publishers } from './publishers.ts';

type TunnelCall = 'tunnel.peer' | 'tunnel.enrol' | 'tunnel.renew' | 'tunnel.report';

export interface AcceptorOptions {
  readonly worker: number;
  readonly workers: number;
  readonly publishers: Publishers;
  readonly agents: Agents;
  readonly flows: AgentFlows;
  readonly known: KnownPeers;
  readonly feed: Pick<Feed, 'state'>;
  readonly log: Logger;
  active(): ActiveSnapshot | null;
  ca(): string;
  call<K extends TunnelCall>(call: K, args: EdgeCalls[K]['args']): Promise<EdgeCalls[K]['answer']>;
}

/** The control stream and its first message must have come by then. */
const HELLO_MS = LIMITS.openHeaderMs;
/** How long a refused peer has to read why. */
const LINGER_MS = 2_000;
/** More reports than one in this time are dropped. */
const REPORT_MS = 1_000;
const CLOCK_SKEW_MS = 5 * 60_000;
/** Control has no store, or is away: it says neither yes nor no. */
const CANNOT_SAY: ReadonlySet<ErrorCode> = new Set(['CW_STORE_LOST', 'CW_RPC_CLOSED', 'CW_RPC_TIMEOUT']);

/** Takes tunnels after their handshake and decides what each may do. */
export class Acceptor {
  readonly #options: AcceptorOptions;
  readonly #open = new Set<AcceptedTunnel>();

  constructor(options: AcceptorOptions) {
    this.#options = options;
  }

  /** @param leaf DER of the certificate that the peer presented and proved, `null` without one */
  accept(socket: Duplex, leaf: Buffer | null, address: string): void {
    let certificate: PeerCertificate;
    try {
      certificate = readPeerCertificate(leaf, this.#options.ca(), new Date());
    } catch {
      certificate = { t: 'foreign', why: 'it cannot be read' };
    }
    const accepted = new AcceptedTunnel(socket, certificate, address, this.#options, () => this.#open.delete(accepted));
    this.#open.add(accepted);
  }

  /** New streams go elsewhere from now on; those that are open may end by themselves. */
  drain(deadlineMs: number): void {
    for (const tunnel of this.#open) tunnel.drain(deadlineMs);
  }

  /** Ends the tunnels of these devices and publishers, by id. */
  revoke(ids: ReadonlySet<string>, code: 'CW_CERT_REVOKED' | 'CW_PERSON_INACTIVE' | 'CW_DEVICE_QUARANTINED'): void {
    this.#options.known.forget(ids);
    for (const tunnel of this.#open) if (tunnel.peerId !== null && ids.has(tunnel.peerId)) tunnel.refuse(code);
  }

  /**
   * Asks control about every peer again: what it pushed while it was away from us is lost. Ends the tunnels of those it
   * refuses; resolves when all were asked.
   */
  async askAgain(): Promise<void> {
    this.#options.known.forgetAway();
    await Promise.all([...this.#open].map((tunnel) => tunnel.askAgain()));
  }

  destroy(): void {
    for (const tunnel of this.#open) tunnel.destroy();
  }
}

/**
 *     waiting --hello, valid certificate--> asking --control knows it--> serving --drain--> draining
 *        |  +---enrol, none / renew, ours-> asking --answered--> closed
 *        +------anything else, or too late----------------------> closed (with `refused` where there is a channel)
 *
 * closed is final.
 */
type State = 'waiting' | 'asking' | 'serving' | 'draining' | 'closed';

class AcceptedTunnel {
  readonly #tunnel: Tunnel;
  readonly #certificate: PeerCertificate;
  readonly #address: string;
  readonly #options: AcceptorOptions;
  readonly #onGone: () => void;
  readonly #deadline: NodeJS.Timeout;
  #state: State = 'waiting';
  #channel: ControlChannel<DialerMessage, AcceptorMessage> | null = null;
  #agent: AgentTunnel | null = null;
  #publisher: PublisherTunnel | null = null;
  #left: () => void = () => {};
  #reportedAt = Number.NEGATIVE_INFINITY;

  constructor(
    socket: Duplex,
    certificate: PeerCertificate,
    address: string,
    options: AcceptorOptions,
    onGone: () => void,
  ) {
    this.#certificate = certificate;
    this.#address = address;
    this.#options = options;
    this.#onGone = onGone;
    this.#deadline = setTimeout(() => this.destroy(new CausewayError('CW_OPEN_TIMEOUT')), HELLO_MS);
    this.#tunnel = new Tunnel(socket, {
      role: 'server',
      onOpen: (request) => this.#onOpen(request),
      onClosed: (error) => this.#onClosed(error),
      onGoAway: () => this.#leaveRegistry(),
    });
  }

  get peerId(): string | null {
    return this.#certificate.t === 'ours' ? this.#certificate.id : null;
  }

  drain(deadlineMs: number): void {
    if (this.#state !== 'serving') return this.destroy();
    this.#state = 'draining';
    this.#channel?.send({ t: 'drain', deadlineMs });
    this.#leaveRegistry();
    void this.#tunnel.close();
  }

  refuse(code: ErrorCode, message: string = ERRORS[code].text): void {
    if (this.#state === 'closed') return;
    const hadStreams = this.#state === 'serving' || this.#state === 'draining';
    this.#state = 'closed';
    this.#leaveRegistry();
    this.#options.log.warn({ code, peer: this.peerId, address: this.#address }, `tunnel refused: ${message}`);
    this.#channel?.send({ t: 'refused', code, message });
    if (hadStreams || this.#channel === null) this.#tunnel.destroy(new CausewayError(code));
    else this.#closeSoon();
  }

  async askAgain(): Promise<void> {
    const certificate = this.#certificate;
    if (certificate.t !== 'ours' || (this.#state !== 'serving' && this.#state !== 'draining')) return;
    const { fingerprint, keyFingerprint, id } = certificate;
    try {
      const peer = await this.#options.call('tunnel.peer', { fingerprint, keyFingerprint, id });
      if (peer.kind !== 'device' || this.#agent === null) return;
      this.#agent.principal = peer.principal;
      this.#agent.steer();
    } catch (error) {
      // who cannot be asked about stays, as everything established does
      const code = codeOf(error);
      if (code.startsWith('CW_CERT_') || code === 'CW_PERSON_INACTIVE' || code === 'CW_DEVICE_QUARANTINED') {
        this.#options.known.forget([id]);
        this.refuse(code);
      }
    }
  }

  destroy(error?: CausewayError): void {
    this.#tunnel.destroy(error);
  }

  #onOpen(request: OpenRequest): void {
    if (request.header.kind === 'control') {
      if (this.#channel !== null || this.#state !== 'waiting') return request.refuse('CW_OPEN_INVALID');
      this.#channel = new ControlChannel(
        request.accept(),
        (value) => dialerMessage.parse(value),
        (message) => void this.#receive(message),
        () => this.destroy(),
      );
    } else if (this.#agent !== null && this.#state === 'serving') void this.#options.flows.open(this.#agent, request);
    else request.refuse('CW_OPEN_INVALID'); // a publisher opens nothing, and a stranger even less
  }

  async #receive(message: DialerMessage): Promise<void> {
    if (message.t === 'report') return this.#report(message);
    if (this.#state !== 'waiting') return this.refuse('CW_MESSAGE_INVALID', 'one message begins a tunnel');
    this.#state = 'asking';
    clearTimeout(this.#deadline);
    try {
      if (message.t === 'enrol') await this.#enrol(message);
      else if (message.t === 'renew') await this.#renew(message);
      else await this.#hello(message);
    } catch (error) {
      this.refuse(codeOf(error), error instanceof CausewayError ? error.message : undefined);
    }
  }

  /** Of a peer that serves; what cannot be told now is told by the next one. */
  #report({ t: _t, ...report }: Report): void {
    if (this.#state !== 'serving' && this.#state !== 'draining') {
      return this.refuse('CW_MESSAGE_INVALID', 'a report comes after the welcome');
    }
    const now = performance.now();
    const id = this.peerId;
    if (id === null || now - this.#reportedAt < REPORT_MS) return;
    this.#reportedAt = now;
    this.#options.call('tunnel.report', { id, report }).catch(() => undefined);
  }

  async #enrol({ secret, csr, name }: Extract<DialerMessage, { t: 'enrol' }>): Promise<void> {
    const answer = await this.#options.call('tunnel.enrol', { secret, csr, name, address: this.#address });
    this.#channel?.send({ t: 'enrolled', ...answer, tunnelDomain: this.#snapshot().source.tunnelDomain });
    this.#finish();
  }

  async #renew({ csr }: Extract<DialerMessage, { t: 'renew' }>): Promise<void> {
    const certificate = this.#ours();
    const { fingerprint, id } = certificate;
    this.#channel?.send({ t: 'renewed', ...(await this.#options.call('tunnel.renew', { fingerprint, id, csr })) });
    this.#finish();
  }

  async #hello(message: Extract<DialerMessage, { t: 'hello' }>): Promise<void> {
    const certificate = this.#ours();
    if (certificate.expired) throw new CausewayError('CW_CERT_EXPIRED');
    const version = PROTOCOL_VERSIONS.findLast((known) => message.versions.includes(known));
    if (version === undefined) throw new CausewayError('CW_VERSION_UNSUPPORTED');
    if ((message.role === 'publisher') !== (certificate.kind === 'publisher')) {
      throw new CausewayError(
        'CW_CERT_FOREIGN',
        `a ${certificate.kind}'s certificate does not serve as ${message.role}`,
      );
    }
    const peer = await this.#peer(certificate);
    if (peer.kind !== certificate.kind || peer.id !== certificate.id) throw new CausewayError('CW_CERT_FOREIGN');
    if (this.#state !== 'asking' || this.#tunnel.closed) return; // it went away, or was revoked while control was asked
    const skew = Math.round(message.clock - Date.now());
    if (Math.abs(skew) > CLOCK_SKEW_MS) {
      this.#options.log.warn(
        { code: 'CW_CLOCK_SKEW', peer: peer.id, skewMs: skew },
        'the peer’s clock differs from ours',
      );
    }
    this.#welcome(peer, version);
  }

  /** Who may come in: as control says, or as it said last while established access goes on without it. */
  async #peer({ fingerprint, keyFingerprint, id }: Extract<PeerCertificate, { t: 'ours' }>): Promise<TunnelPeer> {
    const { known, feed, log } = this.#options;
    try {
      return await this.#options.call('tunnel.peer', { fingerprint, keyFingerprint, id });
    } catch (error) {
      const code = codeOf(error);
      const peer =
        CANNOT_SAY.has(code) && feed.state !== 'lost' ? known.recall(id, this.#snapshot().source.graceMs) : null;
      if (peer === null) throw error;
      log.warn({ code, peer: id, name: peer.name }, 'nobody can be asked about the peer; let in as it was known');
      return peer;
    }
  }

  #welcome(peer: TunnelPeer, version: number): void {
    const { tunnelDomain } = this.#snapshot().source;
    const { worker, workers } = this.#options;
    this.#state = 'serving';
    this.#channel?.send({
      t: 'welcome',
      version,
      worker,
      workers: Array.from({ length: workers }, (_, index) => ({ index, serverName: workerName(index, tunnelDomain) })),
      id: peer.id,
      name: peer.name,
      clock: Date.now(),
    });
    this.#options.log.info({ peer: peer.id, kind: peer.kind, name: peer.name, address: this.#address }, 'tunnel up');
    if (peer.kind === 'publisher') this.#servePublisher(peer);
    else this.#serveAgent(peer);
    this.#left = this.#options.known.serve(peer.id, () =>
      peer.kind === 'device' && this.#agent !== null ? { ...peer, principal: this.#agent.principal } : peer,
    );
  }

  #servePublisher(peer: Extract<TunnelPeer, { kind: 'publisher' }>): void {
    const { name, id } = peer;
    const assign = (): void => {
      this.#channel?.send({ t: 'assign', apps: this.#snapshot().assignedTo(name) });
    };
    this.#publisher = { name, id, tunnel: this.#tunnel, since: Date.now(), assign };
    assign();
    this.#options.publishers.add(this.#publisher);
  }

  #serveAgent(peer: Extract<TunnelPeer, { kind: 'device' }>): void {
    const agent: AgentTunnel = new AgentTunnel({
      device: peer.id,
      principal: peer.principal,
      tunnel: this.#tunnel,
      address: this.#address,
      steer: () => {
        const apps = this.#snapshot().steeredTo(agent.principal, agent.address, Date.now());
        this.#channel?.send({ t: 'steer', user: agent.principal.user, apps });
      },
    });
    this.#agent = agent;
    agent.steer();
    this.#options.agents.add(agent);
  }

  #ours(): Extract<PeerCertificate, { t: 'ours' }> {
    const certificate = this.#certificate;
    if (certificate.t === 'none') throw new CausewayError('CW_CERT_REQUIRED');
    if (certificate.t === 'foreign') throw new CausewayError('CW_CERT_FOREIGN', certificate.why);
    return certificate;
  }

  #snapshot(): ActiveSnapshot {
    const snapshot = this.#options.active();
    if (snapshot === null) throw new CausewayError('CW_RPC_CLOSED', 'no configuration yet');
    return snapshot;
  }

  /** What was asked for is answered; the dialler closes when it has read it. */
  #finish(): void {
    if (this.#state === 'asking') this.#state = 'closed';
    this.#closeSoon();
  }

  #closeSoon(): void {
    setTimeout(() => this.destroy(), LINGER_MS).unref();
  }

  #leaveRegistry(): void {
    if (this.#publisher !== null) this.#options.publishers.remove(this.#publisher);
  }

  #onClosed(error: CausewayError | null): void {
    clearTimeout(this.#deadline);
    this.#state = 'closed';
    this.#left();
    this.#leaveRegistry();
    if (this.#agent !== null) this.#options.agents.remove(this.#agent);
    if (this.#publisher !== null || this.#agent !== null) {
      this.#options.log.info({ peer: this.peerId, code: error?.code ?? null }, 'tunnel down');
    }
    this.#onGone();
  }
}
