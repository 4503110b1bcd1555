import { createHash } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { connect, type ConnectionOptions, type DetailedPeerCertificate, type TLSSocket } from 'node:tls';
import { CausewayError, isLocalhostName, TUNNEL_ALPN } from '@causeway/contract';
import { explainTlsError } from './tls-error.ts';

/** What a tunnel's TLS runs over: TCP to an address, or a WebSocket's bytes. */
export type Underlay = { readonly host: string; readonly port: number } | { readonly socket: Duplex };

/** Whom we trust and who we are. */
export interface TlsIdentity {
  /** PEM, one or two certificates; nothing else is trusted, the system's store neither. */
  readonly ca: string;
  readonly key?: string;
  readonly certificate?: string;
}

/** Node on Debian does not resolve `*.localhost` as RFC 6761 asks; browsers and curl do. */
export function dialHost(host: string): string {
  return isLocalhostName(host) ? '127.0.0.1' : host;
}

/**
 * TLS 1.3 with ALPN `causeway/1`, the PoP verified by CA and name.
 * Rejects with `CW_CERT_*`, `CW_CLOCK_SKEW`, `CW_VERSION_UNSUPPORTED` (no ALPN) or `CW_TUNNEL_CLOSED`.
 */
export function dialTls(
  underlay: Underlay,
  serverName: string,
  identity: TlsIdentity,
  signal: AbortSignal,
): Promise<TLSSocket> {
  return secure(underlay, signal, {
    servername: serverName,
    ca: identity.ca,
    ...(identity.key === undefined ? {} : { key: identity.key }),
    ...(identity.certificate === undefined ? {} : { cert: identity.certificate }),
    rejectUnauthorized: true,
  });
}

/**
 * The deployment's CA as the PoP presents it, accepted for its fingerprint alone; used as `ca` of a second, verified
 * connection, so that the chain is checked by OpenSSL and not by us. Rejects with `CW_CA_MISMATCH`.
 * @param fingerprint SHA-256 of the CA certificate's DER, 64 hex digits
 */
export async function fetchCa(
  underlay: Underlay,
  serverName: string,
  fingerprint: string,
  signal: AbortSignal,
): Promise<string> {
  // Nothing is sent over this connection and nothing read from it is believed but what has the fingerprint.
  const socket = await secure(underlay, signal, { servername: serverName, rejectUnauthorized: false });
  try {
    let certificate: DetailedPeerCertificate | undefined = socket.getPeerCertificate(true);
    for (let depth = 0; depth < 8 && certificate?.raw !== undefined; depth += 1) {
      if (createHash('sha256').update(certificate.raw).digest('hex') === fingerprint) return pem(certificate.raw);
      if (certificate.issuerCertificate === certificate) break;
      certificate = certificate.issuerCertificate;
    }
    throw new CausewayError('CW_CA_MISMATCH');
  } finally {
    socket.destroy();
  }
}

function secure(underlay: Underlay, signal: AbortSignal, options: ConnectionOptions): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      if ('socket' in underlay) underlay.socket.destroy();
      throw abortError(signal);
    }
    const socket = connect({
      ...('socket' in underlay ? underlay : { host: dialHost(underlay.host), port: underlay.port }),
      minVersion: 'TLSv1.3',
      ALPNProtocols: [TUNNEL_ALPN],
      ...options,
    });
    const fail = (error: Error): void => {
      signal.removeEventListener('abort', aborted);
      socket.destroy();
      reject(explainTlsError(error));
    };
    const aborted = (): void => fail(abortError(signal));
    const ended = (): void => fail(new Error('the connection ended during the TLS handshake'));
    signal.addEventListener('abort', aborted, { once: true });
    socket.on('error', fail);
    socket.on('close', ended);
    if ('socket' in underlay) socket.on('close', () => underlay.socket.destroy());
    socket.once('secureConnect', () => {
      if (socket.alpnProtocol !== TUNNEL_ALPN) {
        return fail(new CausewayError('CW_VERSION_UNSUPPORTED', `the server does not offer ${TUNNEL_ALPN}`));
      }
      signal.removeEventListener('abort', aborted);
      socket.off('error', fail);
      socket.off('close', ended);
      // Until the tunnel listens; an error before that ends in the 'close' that the tunnel sees.
      socket.on('error', () => {});
      socket.setNoDelay(true);
      resolve(socket);
    });
  });
}

/** Why a signal of ours was aborted: its owner's reason, or that the time was over. */
export function abortError(signal: AbortSignal): CausewayError {
  const reason: unknown = signal.reason;
  if (reason instanceof CausewayError) return reason;
  const late = reason instanceof DOMException && reason.name === 'TimeoutError';
  return new CausewayError('CW_TUNNEL_CLOSED', late ? 'the PoP did not answer in time' : 'the dialling was given up');
}

function pem(der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}
