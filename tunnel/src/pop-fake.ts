import type { TLSSocket } from 'node:tls';
import {
  type AcceptorMessage,
  CausewayError,
  type DialerMessage,
  dialerMessage,
  type ErrorCode,
  type JoinToken,
} from '@causeway/contract';
import { FakeAcceptor } from './acceptor-fake.ts';
import { ControlChannel } from './control-channel.ts';
import type { Identity } from './identity.ts';
import type { OpenRequest } from './open-request.ts';
import { FakeCa, type Issued } from './pki-fake.ts';
import type { Tunnel } from './tunnel.ts';

export interface FakeTunnel {
  readonly tunnel: Tunnel;
  readonly serverName: string;
  /** The client certificate's common name, `null` without one. */
  readonly peer: string | null;
  readonly said: DialerMessage[];
  send(message: AcceptorMessage): void;
  /** As when the machine dies: no FIN of the mux, no TLS alert. */
  kill(): void;
}

export interface FakePopOptions {
  /** Answers the hello; by default a welcome with worker 0 alone. */
  readonly onHello?: (tunnel: FakeTunnel) => readonly AcceptorMessage[];
  readonly onOpen?: (request: OpenRequest, tunnel: FakeTunnel) => void;
}

const DOMAIN = 'tunnel.pop.test';

/** A PoP's tunnel end for the tests of publisher and agent: a `FakeAcceptor` that speaks on the control stream. */
export class FakePop {
  /** In the order in which they came, without those that ended. */
  readonly tunnels: FakeTunnel[] = [];
  /** The secret that enrolment takes, any number of times. */
  readonly secret = 'a-secret-for-tests-only';
  onHello: NonNullable<FakePopOptions['onHello']>;
  onOpen: NonNullable<FakePopOptions['onOpen']>;
  readonly #ca: FakeCa;
  readonly #channels = new Map<Tunnel, ControlChannel<DialerMessage, AcceptorMessage>>();
  readonly #waiting = new Set<() => void>();
  readonly #acceptor: FakeAcceptor;

  private constructor(ca: FakeCa, server: Issued, options: FakePopOptions) {
    this.#ca = ca;
    this.onHello = options.onHello ?? (() => [welcome()]);
    this.onOpen = options.onOpen ?? ((request) => request.refuse('CW_APP_UNKNOWN'));
    this.#acceptor = new FakeAcceptor({
      ca,
      server,
      onTunnel: (tunnel, socket) => this.#accept(tunnel, socket),
      onOpen: (request, _peer, tunnel) => this.#open(request, tunnel),
      onClosed: (_error, tunnel) => this.#closed(tunnel),
    });
  }

  static async start(options: FakePopOptions = {}): Promise<FakePop> {
    const ca = await FakeCa.create();
    const pop = new FakePop(ca, await ca.issue([`*.${DOMAIN}`]), options);
    await pop.#acceptor.listen();
    return pop;
  }

  get address(): string {
    return `127.0.0.1:${this.#acceptor.port}`;
  }

  /** The certificate is valid from `fromDays` to `toDays` from now. */
  async identity(name: string, kind: Identity['kind'], fromDays?: number, toDays?: number): Promise<Identity> {
    const { certificate, key } = await this.#ca.issue([name], fromDays, toDays);
    const { pem } = this.#ca;
    return { id: `id-${name}`, name, kind, key, certificate, ca: pem, pop: this.address, tunnelDomain: DOMAIN };
  }

  token(kind: JoinToken['kind']): JoinToken {
    return { kind, pop: this.address, tunnelDomain: DOMAIN, ca: this.#ca.fingerprint, secret: this.secret };
  }

  /** Resolves with the first thing that `find` returns, looked for whenever something happened. */
  async until<T>(find: () => T | null | undefined | false): Promise<T> {
    for (;;) {
      const found = find();
      if (found !== null && found !== undefined && found !== false) return found;
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  close(): Promise<void> {
    return this.#acceptor.close();
  }

  #changed(): void {
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }

  #accept(tunnel: Tunnel, socket: TLSSocket): void {
    this.tunnels.push({
      tunnel,
      serverName: String(socket.servername),
      peer: socket.getPeerX509Certificate()?.subject.replace('CN=', '') ?? null,
      said: [],
      send: (message) => this.#channels.get(tunnel)?.send(message),
      kill: () => socket.destroy(),
    });
    this.#changed();
  }

  #open(request: OpenRequest, tunnel: Tunnel): void {
    const entry = this.tunnels.find((one) => one.tunnel === tunnel);
    if (entry === undefined) throw new Error('a stream of a tunnel that nobody accepted');
    if (request.header.kind !== 'control') return this.onOpen(request, entry);
    const channel = new ControlChannel<DialerMessage, AcceptorMessage>(
      request.accept(),
      (value) => dialerMessage.parse(value),
      (message) => void this.#answer(message, entry),
      () => undefined,
    );
    this.#channels.set(tunnel, channel);
  }

  #closed(tunnel: Tunnel): void {
    this.#channels.delete(tunnel);
    this.tunnels.splice(
      this.tunnels.findIndex((one) => one.tunnel === tunnel),
      1,
    );
    this.#changed();
  }

  async #answer(message: DialerMessage, entry: FakeTunnel): Promise<void> {
    entry.said.push(message);
    if (message.t === 'report') return this.#changed();
    if (message.t === 'hello') for (const answer of this.onHello(entry)) entry.send(answer);
    else {
      const name = message.t === 'enrol' ? message.name : (entry.peer ?? '');
      const certificate = await this.#ca.answer(message.csr, name);
      const { pem } = this.#ca;
      if (message.t === 'renew') entry.send({ t: 'renewed', certificate, ca: pem });
      else if (message.secret !== this.secret) entry.send(refused('CW_TOKEN_INVALID'));
      else entry.send({ t: 'enrolled', id: `id-${name}`, name, certificate, ca: pem, tunnelDomain: DOMAIN });
    }
    this.#changed();
  }
}

export function welcome(count = 1, worker = 0, version = 1): AcceptorMessage {
  const workers = Array.from({ length: count }, (_, index) => ({ index, serverName: `w${index}.${DOMAIN}` }));
  return { t: 'welcome', version, worker, workers, id: 'id', name: 'name', clock: Date.now() };
}

function refused(code: ErrorCode): AcceptorMessage {
  return { t: 'refused', code, message: new CausewayError(code).message };
}
