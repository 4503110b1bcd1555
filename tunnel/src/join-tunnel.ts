import {
  acceptorMessage,
  CausewayError,
  isErrorCode,
  LIMITS,
  PROTOCOL_VERSIONS,
  REPORT_VERSION,
  type AcceptorMessage,
  type DialerMessage,
  type Report,
} from '@causeway/contract';
import { connectTunnel, type ConnectOptions } from './connect.ts';
import { ControlChannel } from './control-channel.ts';
import type { Identity } from './identity.ts';
import type { Tunnel } from './tunnel.ts';

export type Welcome = Extract<AcceptorMessage, { t: 'welcome' }>;

/** A tunnel whose control stream has said hello and was welcomed. */
export interface JoinedTunnel {
  readonly tunnel: Tunnel;
  readonly welcome: Welcome;
  /** Says what the program knows of itself; to a PoP of before reports it says nothing. */
  report(report: Omit<Report, 't'>): void;
  /** Resolves when the tunnel has ended, for whatever reason. */
  readonly ended: Promise<CausewayError | null>;
}

export interface JoinOptions extends Pick<ConnectOptions, 'address' | 'serverName' | 'transport' | 'signal'> {
  readonly identity: Identity;
  readonly role: Extract<DialerMessage, { t: 'hello' }>['role'];
  /** Name and version of the program, for the PoP's logs. */
  readonly software: string;
  readonly onOpen: ConnectOptions['onOpen'];
  /** What comes after the welcome; may be called before the promise resolves. */
  readonly onMessage: (message: AcceptorMessage) => void;
  readonly onGoAway: () => void;
  /** Milliseconds since 1970: the PoP compares clocks. */
  readonly now: () => number;
}

/** Dials a worker of the PoP and greets it. Rejects with the code that the PoP refused with, or the tunnel's. */
export async function joinTunnel(options: JoinOptions): Promise<JoinedTunnel> {
  const ended = Promise.withResolvers<CausewayError | null>();
  const tunnel = await connectTunnel({
    address: options.address,
    serverName: options.serverName,
    transport: options.transport,
    identity: options.identity,
    onOpen: options.onOpen,
    onClosed: ended.resolve,
    onGoAway: options.onGoAway,
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  try {
    const stream = await tunnel.open({ v: 1, kind: 'control' }, LIMITS.openHeaderMs);
    const welcomed = Promise.withResolvers<Welcome>();
    const timer = setTimeout(
      () => welcomed.reject(new CausewayError('CW_OPEN_TIMEOUT', 'the PoP did not answer the hello')),
      LIMITS.openHeaderMs,
    );
    const onAbort = (): void => welcomed.reject(options.signal?.reason);
    options.signal?.addEventListener('abort', onAbort, { once: true });
    const channel = new ControlChannel<AcceptorMessage, DialerMessage>(
      stream,
      checkMessage,
      (message) => {
        if (message.t === 'welcome') welcomed.resolve(message);
        else if (message.t === 'refused') {
          const error = refusal(message);
          welcomed.reject(error);
          tunnel.destroy(error);
        } else options.onMessage(message);
      },
      (error) => {
        // A tunnel without its control stream would miss drains and what it serves: it is worth nothing.
        const reason = error ?? new CausewayError('CW_TUNNEL_CLOSED', 'the PoP closed the control stream');
        welcomed.reject(reason);
        tunnel.destroy(reason);
      },
    );
    channel.send({
      t: 'hello',
      versions: [...PROTOCOL_VERSIONS],
      role: options.role,
      software: options.software,
      clock: options.now(),
    });
    try {
      const welcome = await welcomed.promise;
      return {
        tunnel,
        welcome,
        ended: ended.promise,
        report: (own) => {
          if (welcome.version >= REPORT_VERSION) channel.send({ t: 'report', ...own });
        },
      };
    } finally {
      clearTimeout(timer);
      options.signal?.removeEventListener('abort', onAbort);
    }
  } catch (error) {
    tunnel.destroy();
    throw error;
  }
}

function checkMessage(value: unknown): AcceptorMessage {
  const parsed = acceptorMessage.safeParse(value);
  if (!parsed.success) throw new CausewayError('CW_MESSAGE_INVALID', parsed.error.message);
  return parsed.data;
}

function refusal(message: Extract<AcceptorMessage, { t: 'refused' }>): CausewayError {
  return new CausewayError(isErrorCode(message.code) ? message.code : 'CW_INTERNAL', message.message);
}
