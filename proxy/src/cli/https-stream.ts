import { request } from 'node:https';
import type { IncomingMessage } from 'node:http';
import { CausewayError } from '@causeway/contract';
import { resolveName, unreachable } from './https-transport.ts';

export interface HttpsStreamOptions {
  /** `https://admin.id.example`, perhaps with a port. */
  readonly origin: string;
  /** Begins with `/api/v1/`. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** PEM certificates that are trusted, and no others. */
  readonly ca: readonly string[];
  /** Between two parts of the answer, its beginning included. */
  readonly silenceMs: number;
  readonly signal: AbortSignal;
}

/** An answer that is read as it comes. @throws CausewayError `CW_RPC_CLOSED` where nothing that is trusted answers */
export function httpsStream(options: HttpsStreamOptions): Promise<IncomingMessage> {
  const { origin, path, headers, ca, silenceMs, signal } = options;
  return new Promise((resolve, reject) => {
    const sent = { headers, ca: [...ca], lookup: resolveName, agent: false as const, signal };
    const outgoing = request(origin + path, sent, resolve);
    outgoing.setTimeout(silenceMs, () =>
      outgoing.destroy(new CausewayError('CW_RPC_TIMEOUT', `${origin} has said nothing for ${silenceMs / 1_000} s`)),
    );
    outgoing.once('error', (error) => reject(unreachable(origin, error)));
    outgoing.end();
  });
}
