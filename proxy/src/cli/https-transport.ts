import { request } from 'node:https';
import type { LookupFunction } from 'node:net';
import { lookup } from 'node:dns';
import { CausewayError } from '@causeway/contract';
import type { AdminTransport } from '../admin-client/admin-client.ts';

const MAX_ANSWER = 64 * 1024 * 1024;

export interface HttpsTransportOptions {
  /** `https://admin.id.example`, perhaps with a port. */
  readonly origin: string;
  /** PEM certificates that are trusted, and no others. */
  readonly ca: readonly string[];
  /** From the beginning to the last byte of the answer. */
  readonly timeoutMs: number;
}

/** Names below `.localhost` are this machine (RFC 6761 §6.3), which Node's resolver does not know. */
export const resolveName: LookupFunction = (name, options, callback) => {
  if (!/(?:^|\.)localhost$/i.test(name)) lookup(name, options, callback);
  else if (options.all === true) callback(null, [{ address: '127.0.0.1', family: 4 }]);
  else callback(null, '127.0.0.1', 4);
};

/**
 * One HTTPS exchange, on a connection of its own; redirects are answers like others, so that the token goes nowhere else.
 * Rejects with `CW_RPC_CLOSED` where nothing that is trusted answers, `CW_RPC_TIMEOUT` where it takes too long.
 */
export function httpsTransport({ origin, ca, timeoutMs }: HttpsTransportOptions): AdminTransport {
  return ({ method, path, headers, body }) =>
    new Promise((resolve, reject) => {
      const signal = AbortSignal.timeout(timeoutMs);
      const failed = (error: NodeJS.ErrnoException): void => {
        const late = `no answer from ${origin} in ${timeoutMs / 1000} s; whether it was done is not known`;
        reject(
          signal.aborted ? new CausewayError('CW_RPC_TIMEOUT', late, { cause: error }) : unreachable(origin, error),
        );
      };
      const length = body === null ? {} : { 'content-length': String(Buffer.byteLength(body)) };
      const sent = {
        method,
        headers: { ...headers, ...length },
        ca: [...ca],
        lookup: resolveName,
        agent: false,
        signal,
      };
      const outgoing = request(origin + path, sent, (incoming) => {
        const chunks: Buffer[] = [];
        let bytes = 0;
        incoming.on('data', (chunk: Buffer) => {
          bytes += chunk.length;
          if (bytes > MAX_ANSWER) incoming.destroy(new Error(`the answer is larger than ${MAX_ANSWER} bytes`));
          else chunks.push(chunk);
        });
        incoming.once('error', failed);
        incoming.once('end', () => {
          const answered = Object.entries(incoming.headers).map(([name, value]) => [name, String(value)] as const);
          resolve({
            status: incoming.statusCode ?? 0,
            headers: Object.fromEntries(answered),
            body: Buffer.concat(chunks).toString('utf8'),
          });
        });
      });
      outgoing.once('error', failed);
      outgoing.end(body ?? undefined);
    });
}

/** What kept a connection from being made, or ended it. */
export function unreachable(origin: string, error: NodeJS.ErrnoException): CausewayError {
  if (error instanceof CausewayError) return error;
  return new CausewayError('CW_RPC_CLOSED', `${origin}: ${reason(error)}`, { cause: error });
}

const UNTRUSTED = /^(?:ERR_TLS_|CERT_|SELF_SIGNED|DEPTH_ZERO|UNABLE_TO_)/;

function reason(error: NodeJS.ErrnoException): string {
  const untrusted = UNTRUSTED.test(error.code ?? '');
  return untrusted ? `its certificate is not trusted (${error.message}); --ca FILE names whom to trust` : error.message;
}
