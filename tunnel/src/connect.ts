import { CausewayError } from '@causeway/contract';
import type { Identity } from './identity.ts';
import type { Tunnel, TunnelOptions } from './tunnel.ts';

export type TransportName = 'tls' | 'websocket' | 'auto';

export interface ConnectOptions {
  readonly address: { readonly host: string; readonly port: number };
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
  readonly signal?: AbortSignal;
  /** For each transport tried; default `LIMITS.connectMs`. */
  readonly timeoutMs?: number;
}

export function connectTunnel(_options: ConnectOptions): Promise<Tunnel> {
  return Promise.reject(new CausewayError('CW_INTERNAL'));
}
