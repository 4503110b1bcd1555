import 'reflect-metadata';
import { createHash, webcrypto } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import {
  CausewayError,
  dialerMessage,
  TUNNEL_ALPN,
  type AcceptorMessage,
  type DialerMessage,
  type ErrorCode,
  type JoinToken,
} from '@causeway/contract';
import { ControlChannel, Tunnel, type Identity, type OpenRequest } from '@causeway/tunnel';
import * as x509 from '@peculiar/x509';

/** A PoP's tunnel end for tests: real TLS with a CA of its own, real mux, scripted answers. */
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

export const DOMAIN = 'tunnel.pop.test';
const P256 = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

export class FakePop {
  readonly tunnels: FakeTunnel[] = [];
  /** The secret that enrolment takes, any number of times. */
  readonly secret = 'a-secret-for-tests-only';
  onHello: NonNullable<FakePopOptions['onHello']>;
  onOpen: NonNullable<FakePopOptions['onOpen']>;
  readonly #server: Server;
  readonly #authority: Authority;
  readonly #waiting = new Set<() => void>();

  private constructor(server: Server, authority: Authority, options: FakePopOptions) {
    this.#server = server;
    this.#authority = authority;
    this.onHello = options.onHello ?? (() => [welcome()]);
    this.onOpen = options.onOpen ?? ((request) => request.refuse('CW_APP_UNKNOWN'));
    server.on('secureConnection', (socket) => this.#accept(socket));
    server.on('tlsClientError', () => undefined);
  }

  static async start(options: FakePopOptions = {}): Promise<FakePop> {
    const authority = await Authority.make();
    const { certificate, key } = await authority.issue('pop', { names: [`*.${DOMAIN}`] });
    const server = createServer({
      cert: certificate + authority.pem,
      key,
      ca: authority.pem,
      requestCert: true,
      rejectUnauthorized: false,
      minVersion: 'TLSv1.3',
      ALPNProtocols: [TUNNEL_ALPN],
    });
    const pop = new FakePop(server, authority, options);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return pop;
  }

  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get ca(): string {
    return this.#authority.pem;
  }

  async identity(name: string, kind: Identity['kind'], life?: { from: number; to: number }): Promise<Identity> {
    const { certificate, key } = await this.#authority.issue(name, life === undefined ? {} : { life });
    return { id: `id-${name}`, name, kind, key, certificate, ca: this.ca, pop: this.address, tunnelDomain: DOMAIN };
  }

  token(kind: JoinToken['kind']): JoinToken {
    const der = new x509.X509Certificate(this.ca).rawData;
    const ca = createHash('sha256').update(new Uint8Array(der)).digest('hex');
    return { kind, pop: this.address, tunnelDomain: DOMAIN, ca, secret: this.secret };
  }

  /** Resolves with the first thing that `find` returns, looked for whenever something happened. */
  async until<T>(find: () => T | null | undefined | false): Promise<T> {
    for (;;) {
      const found = find();
      if (found !== null && found !== undefined && found !== false) return found;
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  async close(): Promise<void> {
    for (const { tunnel } of this.tunnels) tunnel.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #changed(): void {
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }

  #accept(socket: TLSSocket): void {
    socket.on('error', () => socket.destroy());
    const subject = socket.getPeerCertificate().subject?.CN;
    let channel: ControlChannel<DialerMessage, AcceptorMessage> | null = null;
    const entry: FakeTunnel = {
      tunnel: new Tunnel(socket, {
        role: 'server',
        onOpen: (request) => {
          if (request.header.kind !== 'control') return this.onOpen(request, entry);
          channel = new ControlChannel<DialerMessage, AcceptorMessage>(
            request.accept(),
            (value) => dialerMessage.parse(value),
            (message) => void this.#answer(message, entry),
            () => undefined,
          );
        },
        onClosed: () => {
          this.tunnels.splice(this.tunnels.indexOf(entry), 1);
          this.#changed();
        },
      }),
      serverName: String(socket.servername),
      peer: subject === undefined ? null : String(subject),
      said: [],
      send: (message) => channel?.send(message),
      kill: () => socket.destroy(),
    };
    this.tunnels.push(entry);
    this.#changed();
  }

  async #answer(message: DialerMessage, entry: FakeTunnel): Promise<void> {
    entry.said.push(message);
    if (message.t === 'hello') for (const answer of this.onHello(entry)) entry.send(answer);
    else {
      const name = message.t === 'enrol' ? message.name : (entry.peer ?? '');
      const { certificate } = await this.#authority.sign(message.csr, name);
      if (message.t === 'renew') entry.send({ t: 'renewed', certificate, ca: this.ca });
      else if (message.secret !== this.secret) entry.send(refused('CW_TOKEN_INVALID'));
      else entry.send({ t: 'enrolled', id: `id-${name}`, name, certificate, ca: this.ca, tunnelDomain: DOMAIN });
    }
    this.#changed();
  }
}

export function welcome(count = 1, worker = 0): AcceptorMessage {
  const workers = Array.from({ length: count }, (_, index) => ({ index, serverName: `w${index}.${DOMAIN}` }));
  return { t: 'welcome', version: 1, worker, workers, id: 'id', name: 'name', clock: Date.now() };
}

export function refused(code: ErrorCode): AcceptorMessage {
  return { t: 'refused', code, message: new CausewayError(code).message };
}

interface IssueOptions {
  readonly names?: readonly string[];
  readonly life?: { readonly from: number; readonly to: number };
}

class Authority {
  readonly pem: string;
  readonly #certificate: x509.X509Certificate;
  readonly #key: CryptoKey;

  private constructor(certificate: x509.X509Certificate, key: CryptoKey) {
    this.#certificate = certificate;
    this.#key = key;
    this.pem = `${certificate.toString('pem')}\n`;
  }

  static async make(): Promise<Authority> {
    x509.cryptoProvider.set(webcrypto);
    const keys = await webcrypto.subtle.generateKey(P256, true, ['sign', 'verify']);
    const certificate = await x509.X509CertificateGenerator.createSelfSigned({
      name: 'CN=Test CA',
      keys,
      signingAlgorithm: P256,
      notBefore: new Date(Date.now() - 60_000),
      notAfter: new Date(Date.now() + 3_600_000),
      extensions: [new x509.BasicConstraintsExtension(true, 1, true)],
    });
    return new Authority(certificate, keys.privateKey);
  }

  async issue(name: string, options: IssueOptions): Promise<{ certificate: string; key: string }> {
    const keys = await webcrypto.subtle.generateKey(P256, true, ['sign', 'verify']);
    const pkcs8 = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
    const { certificate } = await this.#certify(name, keys.publicKey, options);
    return { certificate, key: x509.PemConverter.encode(pkcs8, 'PRIVATE KEY') };
  }

  async sign(csr: string, name: string): Promise<{ certificate: string }> {
    const request = new x509.Pkcs10CertificateRequest(csr);
    return this.#certify(name, await request.publicKey.export(), {});
  }

  async #certify(name: string, publicKey: CryptoKey, options: IssueOptions): Promise<{ certificate: string }> {
    const certificate = await x509.X509CertificateGenerator.create({
      subject: `CN=${name}`,
      issuer: this.#certificate.subject,
      publicKey,
      signingKey: this.#key,
      signingAlgorithm: P256,
      notBefore: new Date(options.life?.from ?? Date.now() - 60_000),
      notAfter: new Date(options.life?.to ?? Date.now() + 3_600_000),
      extensions: [
        new x509.SubjectAlternativeNameExtension((options.names ?? [name]).map((value) => ({ type: 'dns', value }))),
      ],
    });
    return { certificate: `${certificate.toString('pem')}\n` };
  }
}
