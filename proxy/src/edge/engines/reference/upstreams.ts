import http, { type ClientRequestArgs } from 'node:http';
import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import tls from 'node:tls';
import { CausewayError, codeOf, LIMITS, type PrivateApp } from '@causeway/contract';
import { streamDuplex } from '@causeway/tunnel';
import type { Publishers } from '../../tunnels/publishers.ts';

/** How long an idle connection to an app is kept: less than the 5 s that many servers keep theirs. */
const IDLE_MS = 4_000;
const SWEEP_MS = 1_000;

/** Keep-alive connections to the apps, each one stream of a publisher's tunnel, reused by many requests. */
export class Upstreams {
  readonly #publishers: Publishers;
  readonly #agents = new Map<string, AppAgent>();
  readonly #sweep: NodeJS.Timeout;

  constructor(publishers: Publishers) {
    this.#publishers = publishers;
    this.#sweep = setInterval(() => {
      for (const agent of this.#agents.values()) agent.closeIdle(performance.now() - IDLE_MS);
    }, SWEEP_MS).unref();
  }

  of(app: PrivateApp): AppAgent {
    const known = this.#agents.get(app.name);
    if (known !== undefined && known.app === app) return known;
    const agent = new AppAgent(app, this.#publishers);
    this.#agents.set(app.name, agent);
    known?.retire();
    return agent;
  }

  destroy(): void {
    clearInterval(this.#sweep);
    for (const agent of this.#agents.values()) agent.destroy();
    this.#agents.clear();
  }
}

/** Dials an app through whichever publisher is best at that moment; TLS towards the app is ours, inside the stream. */
export class AppAgent extends http.Agent {
  readonly app: PrivateApp;
  /** For http-proxy-3; the address is looked at by nobody here, the publisher resolves the name. */
  readonly target: { readonly host: string; readonly port: number; readonly protocol: 'http:' };
  readonly #publishers: Publishers;
  readonly #idle = new Map<Duplex, number>();
  #retired = false;

  constructor(app: PrivateApp, publishers: Publishers) {
    super({ keepAlive: true, maxFreeSockets: LIMITS.upstreamIdlePerApp, scheduling: 'lifo' });
    this.app = app;
    this.#publishers = publishers;
    const upstream = app.clientless?.upstream;
    this.target = { host: upstream?.host ?? '', port: upstream?.port ?? 80, protocol: 'http:' };
  }

  override createConnection(
    _options: ClientRequestArgs,
    callback?: (error: Error | null, stream: Duplex) => void,
  ): Duplex | undefined {
    try {
      return this.#dial();
    } catch (error) {
      const failed = new CausewayError(codeOf(error), undefined, { cause: error });
      (callback as ((error: Error) => void) | undefined)?.(failed);
      return undefined;
    }
  }

  /**
   * Kept only while nothing comes on it: what an app sends without having been asked would be taken for the answer to
   * somebody else's next request.
   */
  override keepSocketAlive(socket: Duplex): boolean {
    if (this.#retired || socket.destroyed || socket.readableLength > 0) return false;
    socket.on('data', destroySender);
    this.#idle.set(socket, performance.now());
    return true;
  }

  override reuseSocket(socket: Duplex, request: http.ClientRequest): void {
    socket.off('data', destroySender);
    this.#idle.delete(socket);
    super.reuseSocket(socket, request);
  }

  /** Its app was configured anew: what is in use goes on, and nothing is kept afterwards. */
  retire(): void {
    this.#retired = true;
    this.closeIdle(Number.POSITIVE_INFINITY);
  }

  /** @param before on the clock of `performance.now()` */
  closeIdle(before: number): void {
    for (const [socket, since] of this.#idle) if (since < before) socket.destroy();
  }

  #dial(): Duplex {
    const upstream = this.app.clientless?.upstream;
    const publisher = this.#publishers.choose(this.app);
    if (upstream === undefined || publisher === null) throw new CausewayError('CW_NO_PUBLISHER');
    const { host, port } = upstream;
    const { stream, opened } = publisher.tunnel.openEager({ v: 1, kind: 'tcp', app: this.app.name, host, port });
    const duplex = streamDuplex(stream);
    opened.catch((error: unknown) => duplex.destroy(error instanceof Error ? error : new CausewayError('CW_INTERNAL')));
    if (upstream.scheme === 'http') return this.#watched(duplex);
    const secure = tls.connect({
      socket: duplex,
      ...serverNameOf(upstream.serverName ?? host),
      rejectUnauthorized: upstream.verify,
      ALPNProtocols: ['http/1.1'],
    });
    duplex.once('error', (error) => secure.destroy(error));
    return this.#watched(secure);
  }

  #watched(socket: Duplex): Duplex {
    return socket.once('close', () => this.#idle.delete(socket));
  }
}

/** SNI carries names only (RFC 6066 §3); an address is compared with the certificate all the same. */
function serverNameOf(name: string): { servername?: string; host: string } {
  return isIP(name) === 0 ? { servername: name, host: name } : { host: name };
}

function destroySender(this: Duplex): void {
  this.destroy();
}
