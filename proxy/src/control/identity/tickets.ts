import { timingSafeEqual } from 'node:crypto';
import { CausewayError, LIMITS } from '@causeway/contract';
import { hashToken, isToken, newToken } from './tokens.ts';

/** What a redeemed ticket gives: whose session, and where on the app host the person goes on. */
export interface Ticket {
  readonly session: string;
  readonly host: string;
  /** Path and query. It stays here, so that no URL can make us redirect elsewhere. */
  readonly path: string;
  /** When the identity provider saw the person prove who they are; absent where this login did not ask it. */
  readonly provedAt?: number;
}

interface Entry extends Ticket {
  readonly nonceHash: string;
  readonly until: number;
}

const MAX_TICKETS = 10_000;

/**
 * Single sign-on tickets: they carry a login from the login host to one app host, once, within 30 s, and only into the
 * browser that holds the nonce cookie of that app host.
 */
export class Tickets {
  readonly #entries = new Map<string, Entry>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Throws `CW_BUSY` when too many wait to be redeemed. */
  issue(ticket: Ticket & { readonly nonceHash: string }): string {
    this.#forget();
    if (this.#entries.size >= MAX_TICKETS) throw new CausewayError('CW_BUSY', 'too many tickets wait');
    const secret = newToken();
    this.#entries.set(hashToken(secret), { ...ticket, until: this.#now() + LIMITS.ticketMs });
    return secret;
  }

  /** Throws `CW_TICKET_INVALID`. A ticket shown with the wrong host or nonce is spent: somebody has stolen it. */
  redeem(secret: string, host: string, nonceHash: string): Ticket {
    this.#forget();
    const hash = isToken(secret) ? hashToken(secret) : '';
    const entry = this.#entries.get(hash);
    this.#entries.delete(hash);
    if (entry === undefined || entry.host !== host || !same(entry.nonceHash, nonceHash)) {
      throw new CausewayError('CW_TICKET_INVALID');
    }
    const { nonceHash: _nonce, until: _until, ...ticket } = entry;
    return ticket;
  }

  /** All tickets live equally long, so the map is in the order of their end. */
  #forget(): void {
    const now = this.#now();
    for (const [hash, entry] of this.#entries) {
      if (entry.until > now) return;
      this.#entries.delete(hash);
    }
  }
}

function same(a: string, b: string): boolean {
  const left = Buffer.from(a);
  const right = Buffer.from(b);
  return left.length === right.length && timingSafeEqual(left, right);
}
