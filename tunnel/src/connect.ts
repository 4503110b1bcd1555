import type { TLSSocket } from 'node:tls';
import { CausewayError, type ErrorCode, LIMITS } from '@causeway/contract';
import type { Identity } from './identity.ts';
import { abortError, dialTls, fetchCa, type TlsIdentity, type Underlay } from './transport-tls.ts';
import { dialWebSocket } from './transport-websocket.ts';
import { Tunnel, type TunnelOptions } from './tunnel.ts';

/** `auto`: TLS, and where that brings no tunnel, the same TLS inside a WebSocket. */
export type TransportName = 'tls' | 'websocket' | 'auto';

export interface ConnectOptions {
  readonly address: { readonly host: string; readonly port: number };
  /** SNI, and the name in the PoP's certificate. */
  readonly serverName: string;
  /** Presented to the PoP; its `ca` is what the PoP must chain to. */
  readonly identity?: Identity;
  /** PEM, for a peer without identity. */
  readonly ca?: string;
  /** SHA-256 of the CA certificate's DER, 64 hex digits: for enrolment. */
  readonly caFingerprint?: string;
  readonly transport: TransportName;
  readonly onOpen: TunnelOptions['onOpen'];
  readonly onClosed: TunnelOptions['onClosed'];
  readonly onGoAway?: () => void;
  readonly limits?: TunnelOptions['limits'];
  readonly signal?: AbortSignal;
  /** For each transport tried; default `LIMITS.connectMs`. */
  readonly timeoutMs?: number;
}

/** Errors of the direct attempt that say more than a WebSocket's failure would. */
const TELLING: readonly ErrorCode[] = [
  'CW_CLOCK_SKEW',
  'CW_CERT_EXPIRED',
  'CW_CERT_FOREIGN',
  'CW_CA_MISMATCH',
  'CW_VERSION_UNSUPPORTED',
];

/**
 * Dials a PoP. Rejects with `CW_CERT_*`, `CW_CA_MISMATCH`, `CW_CLOCK_SKEW`, `CW_VERSION_UNSUPPORTED`, or
 * `CW_TUNNEL_CLOSED` with the reason in its message where nobody answers.
 */
export async function connectTunnel(options: ConnectOptions): Promise<Tunnel> {
  const socket = await dial(options);
  return new Tunnel(socket, {
    role: 'client',
    onOpen: options.onOpen,
    onClosed: options.onClosed,
    ...(options.onGoAway === undefined ? {} : { onGoAway: options.onGoAway }),
    ...(options.limits === undefined ? {} : { limits: options.limits }),
  });
}

async function dial(options: ConnectOptions): Promise<TLSSocket> {
  if (options.transport !== 'auto') return attempt(options, options.transport);
  let first: unknown;
  try {
    return await attempt(options, 'tls');
  } catch (error) {
    first = error;
  }
  if (options.signal?.aborted === true) throw abortError(options.signal);
  if (refusedConnection(first)) throw first;
  try {
    return await attempt(options, 'websocket');
  } catch (second) {
    throw first instanceof CausewayError && TELLING.includes(first.code) ? first : second;
  }
}

async function attempt(options: ConnectOptions, transport: 'tls' | 'websocket'): Promise<TLSSocket> {
  const timeout = AbortSignal.timeout(options.timeoutMs ?? LIMITS.connectMs);
  const signal = options.signal === undefined ? timeout : AbortSignal.any([options.signal, timeout]);
  const underlay = async (): Promise<Underlay> =>
    transport === 'tls'
      ? options.address
      : { socket: await dialWebSocket(options.address, options.serverName, signal) };
  const identity = await trust(options, underlay, signal);
  return dialTls(await underlay(), options.serverName, identity, signal);
}

async function trust(
  options: ConnectOptions,
  underlay: () => Promise<Underlay>,
  signal: AbortSignal,
): Promise<TlsIdentity> {
  if (options.identity !== undefined) return options.identity;
  if (options.ca !== undefined) return { ca: options.ca };
  if (options.caFingerprint === undefined) throw new CausewayError('CW_INTERNAL', 'nothing to verify the PoP with');
  return { ca: await fetchCa(await underlay(), options.serverName, options.caFingerprint, signal) };
}

/** Nothing listens on the port, so a WebSocket would not find anything either. */
function refusedConnection(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof Error && 'code' in cause && cause.code === 'ECONNREFUSED';
}
