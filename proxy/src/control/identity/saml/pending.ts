import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { CausewayError, LIMITS } from '@causeway/contract';
import type { LoginIntent } from '../../../rpc/intent.ts';

/** A login that was sent to the identity provider and has not come back. */
export interface PendingLogin {
  /** ID of our AuthnRequest. */
  readonly requestId: string;
  /** Where the person wanted to go; `null` for the portal. */
  readonly intent: LoginIntent | null;
}

interface Entry extends PendingLogin {
  readonly cookieHash: Buffer;
  readonly address: string;
  readonly until: number;
}

const MAX_TOTAL = 10_000;
const MAX_PER_ADDRESS = 100;
const HANDLE = /^[\w-]{43}$/;

const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest();

/**
 * Requests that wait for a response, by the opaque handle that travels as RelayState, each bound to the browser that
 * began it. A response without one is refused before any XML is parsed: that is what stops login CSRF.
 */
export class PendingLogins {
  /** In the order of their end, because every one lives equally long. */
  readonly #entries = new Map<string, Entry>();
  readonly #perAddress = new Map<string, number>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  get size(): number {
    return this.#entries.size;
  }

  /**
   * @param cookie the pre-login cookie that the browser showed, so that two tabs can log in at once
   * Throws `CW_BUSY` when this address or everybody together waits for too many.
   */
  begin(
    address: string,
    intent: LoginIntent | null,
    cookie: string | null,
  ): PendingLogin & { relayState: string; cookie: string } {
    this.#forget();
    const mine = this.#perAddress.get(address) ?? 0;
    if (this.#entries.size >= MAX_TOTAL || mine >= MAX_PER_ADDRESS) {
      throw new CausewayError('CW_BUSY', 'too many logins wait for the identity provider');
    }
    const bound = cookie !== null && HANDLE.test(cookie) ? cookie : randomBytes(32).toString('base64url');
    const relayState = randomBytes(32).toString('base64url');
    // xs:ID may not begin with a digit.
    const requestId = `_${randomBytes(20).toString('hex')}`;
    const until = this.#now() + LIMITS.preLoginMs;
    this.#entries.set(relayState, { requestId, intent, cookieHash: sha256(bound), address, until });
    this.#perAddress.set(address, mine + 1);
    return { requestId, intent, relayState, cookie: bound };
  }

  /** Takes the login, once; throws `CW_SAML_NO_PENDING` for an unknown handle or another browser's. */
  take(relayState: string, cookie: string): PendingLogin {
    this.#forget();
    const entry = HANDLE.test(relayState) ? this.#entries.get(relayState) : undefined;
    if (entry === undefined || !HANDLE.test(cookie) || !timingSafeEqual(entry.cookieHash, sha256(cookie))) {
      throw new CausewayError('CW_SAML_NO_PENDING');
    }
    this.#remove(relayState, entry);
    return { requestId: entry.requestId, intent: entry.intent };
  }

  #forget(): void {
    const now = this.#now();
    for (const [handle, entry] of this.#entries) {
      if (entry.until > now) return;
      this.#remove(handle, entry);
    }
  }

  #remove(handle: string, entry: Entry): void {
    this.#entries.delete(handle);
    const left = (this.#perAddress.get(entry.address) ?? 1) - 1;
    if (left > 0) this.#perAddress.set(entry.address, left);
    else this.#perAddress.delete(entry.address);
  }
}
