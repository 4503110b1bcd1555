import { X509Certificate } from 'node:crypto';
import { codeOf } from '@causeway/contract';
import type { TransportName } from './connect.ts';
import { renew } from './enrol.ts';
import { saveIdentity, type Identity } from './identity.ts';
import type { TunnelLog } from './tunnel-log.ts';

export interface IdentityKeeperOptions {
  readonly identity: Identity;
  /** Where a renewed identity is kept. */
  readonly file: string;
  readonly transport: TransportName;
  readonly log: TunnelLog;
  readonly now?: () => number;
  readonly renew?: typeof renew;
}

const CHECK_MS = 10 * 60_000;
const RETRY_MS = 60_000;

/**
 * Holds the one identity and renews its certificate before it expires, or after: an expired and unrevoked one may
 * still renew. What is open goes on; the next dial uses the new certificate.
 */
export class IdentityKeeper {
  readonly #options: IdentityKeeperOptions;
  readonly #now: () => number;
  #identity: Identity;
  #renewing: Promise<void> | null = null;
  #failedAt = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | null = null;

  constructor(options: IdentityKeeperOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#identity = options.identity;
  }

  get current(): Identity {
    return this.#identity;
  }

  /** The identity to dial with. Rejects only when the certificate has expired and cannot be renewed. */
  async fresh(): Promise<Identity> {
    const { due, expired } = certificateLife(this.#identity.certificate, this.#now());
    if (expired || (due && this.#now() - this.#failedAt > RETRY_MS)) {
      try {
        await (this.#renewing ??= this.#renew().finally(() => (this.#renewing = null)));
      } catch (error) {
        this.#failedAt = this.#now();
        const why = error instanceof Error ? error.message : String(error);
        this.#options.log.warn({ code: codeOf(error), why, expired }, 'certificate not renewed');
        if (expired) throw error;
      }
    }
    return this.#identity;
  }

  /** Renews in time while tunnels stay up and nobody dials. */
  start(): void {
    this.#timer ??= setInterval(() => void this.fresh().catch(() => undefined), CHECK_MS).unref();
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  async #renew(): Promise<void> {
    const { file, transport, log } = this.#options;
    const renewed = await (this.#options.renew ?? renew)(this.#identity, { transport });
    await saveIdentity(file, renewed);
    this.#identity = renewed;
    log.info({ until: new X509Certificate(renewed.certificate).validTo }, 'certificate renewed');
  }
}

/** @param now milliseconds since 1970. `due` from two thirds of the certificate's life on. */
export function certificateLife(pem: string, now: number): { due: boolean; expired: boolean } {
  const { validFromDate, validToDate } = new X509Certificate(pem);
  const from = validFromDate.getTime();
  const to = validToDate.getTime();
  return { due: now >= from + ((to - from) * 2) / 3, expired: now >= to };
}
