import net from 'node:net';
import { acceptorMessage, workerName, type AcceptorMessage, type DialerMessage } from '@causeway/contract';
import { connectTunnel, ControlChannel, stitchSocket, type OpenRequest, type Tunnel } from '@causeway/tunnel';
import type { FakeCa, Issued } from './ca.ts';
import { TUNNEL_DOMAIN } from './snapshot.ts';

/** A peer of the tunnel for tests: says one thing on the control stream and keeps what it hears. */
export class FakePeer {
  readonly heard: AcceptorMessage[] = [];
  readonly tunnel: Tunnel;
  #channel: ControlChannel<AcceptorMessage, DialerMessage> | null = null;
  #onHeard: (() => void) | null = null;

  private constructor(tunnel: Tunnel) {
    this.tunnel = tunnel;
  }

  static async dial(options: {
    readonly port: number;
    readonly ca: FakeCa;
    readonly identity: Issued | null;
    readonly transport?: 'tls' | 'websocket';
    readonly serverName?: string;
    readonly onOpen?: (request: OpenRequest) => void;
  }): Promise<FakePeer> {
    const { port, ca, identity } = options;
    const onOpen = options.onOpen ?? ((request: OpenRequest) => request.refuse('CW_PUBLISHER_REFUSED'));
    const tunnel = await connectTunnel({
      address: { host: '127.0.0.1', port },
      serverName: options.serverName ?? workerName(0, TUNNEL_DOMAIN),
      ...(identity === null
        ? { ca: ca.pem }
        : {
            identity: {
              id: 'x',
              name: 'x',
              kind: 'publisher',
              key: identity.key,
              certificate: identity.certificate,
              ca: ca.pem,
              pop: `127.0.0.1:${port}`,
              tunnelDomain: TUNNEL_DOMAIN,
            },
          }),
      transport: options.transport ?? 'tls',
      onOpen,
      onClosed: () => peer.#onHeard?.(),
    });
    const peer: FakePeer = new FakePeer(tunnel);
    return peer;
  }

  async say(message: DialerMessage): Promise<void> {
    const stream = await this.tunnel.open({ v: 1, kind: 'control' });
    this.#channel = new ControlChannel<AcceptorMessage, DialerMessage>(
      stream,
      (value) => acceptorMessage.parse(value),
      (heard) => {
        this.heard.push(heard);
        this.#onHeard?.();
      },
      () => this.#onHeard?.(),
    );
    this.#channel.send(message);
  }

  /** On the control stream that is open. */
  sayMore(message: DialerMessage): void {
    this.#channel?.send(message);
  }

  hello(role: 'publisher' | 'agent' = 'publisher', versions = [1]): Promise<void> {
    return this.say({ t: 'hello', versions, role, software: 'test', clock: Date.now() });
  }

  /** Resolves with the first message of the kind, heard already or to come; `null` when the tunnel ends without it. */
  async wait<T extends AcceptorMessage['t']>(kind: T): Promise<Extract<AcceptorMessage, { t: T }> | null> {
    for (;;) {
      const found = this.heard.find((message) => message.t === kind);
      if (found !== undefined) return found as Extract<AcceptorMessage, { t: T }>;
      if (this.tunnel.closed) return null;
      await new Promise<void>((resolve) => {
        this.#onHeard = resolve;
      });
    }
  }
}

/** Connects every stream to one port of loopback, whatever it names. */
export function toPort(port: () => number): (request: OpenRequest) => void {
  return (request) => {
    const socket = net.connect({ host: '127.0.0.1', port: port(), noDelay: true });
    socket.once('error', () => request.refuse('CW_APP_REFUSED'));
    socket.once('connect', () => {
      socket.removeAllListeners('error');
      stitchSocket(request.accept(), socket, () => undefined);
    });
  };
}
