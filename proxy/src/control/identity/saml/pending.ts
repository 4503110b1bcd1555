import { createSecretKey, randomBytes, randomInt, type KeyObject } from 'node:crypto';
import { CausewayError, LIMITS } from '@causeway/contract';
import type { LoginIntent } from '../../../rpc/intent.ts';
import { open, seal } from '../../sealing/sealed-box.ts';
import { clearPreLoginCookie, PRE_LOGIN_COOKIES, preLoginCookie, readCookie } from '../cookies.ts';

/** A login that was sent to the identity provider and has not come back. */
export interface PendingLogin {
  /** ID of our AuthnRequest. */
  readonly requestId: string;
  /** Where the person wanted to go; `null` for the portal. */
  readonly intent: LoginIntent | null;
}

interface Sealed extends PendingLogin {
  readonly relayState: string;
  readonly at: number;
}

const PLACE = 'pre-login';
/** Browsers drop a cookie of more than 4096 bytes with its name (RFC 6265 §6.1); longer deep links are not kept. */
const MAX_VALUE = 3_600;
/** By how much the clocks of two PoPs may differ. */
const SKEW_MS = 60_000;

/**
 * Requests that wait for a response. Each is sealed into a cookie of the browser that began it, under the opaque handle
 * that travels as RelayState, and kept nowhere else: strangers cost neither memory nor rows, and the response may be
 * posted to any PoP that has the deployment's key. A response without such a cookie is refused before any XML is parsed:
 * that is what stops login CSRF. That a request is answered once is for the store to say, when an answer is accepted.
 *
 * A browser has a few such cookies, so that several tabs can log in at once; the oldest gives way.
 */
export class PendingLogins {
  readonly #key: KeyObject;
  readonly #now: () => number;

  /** @param key 32 bytes, the same at every PoP */
  constructor(key: Buffer, now: () => number) {
    this.#key = createSecretKey(key);
    this.#now = now;
  }

  /** @param cookies the browser's Cookie header; `cookie` is one to set */
  begin(
    intent: LoginIntent | null,
    cookies: string | undefined,
  ): PendingLogin & { readonly relayState: string; readonly cookie: string } {
    const relayState = randomBytes(32).toString('base64url');
    // xs:ID may not begin with a digit.
    const requestId = `_${randomBytes(20).toString('hex')}`;
    const name = this.#room(cookies);
    const sealed = (kept: LoginIntent | null): string =>
      seal(this.#key, PLACE, Buffer.from(JSON.stringify({ relayState, requestId, intent: kept, at: this.#now() })));
    const whole = sealed(intent);
    const short = intent === null || whole.length <= MAX_VALUE ? whole : sealed({ ...intent, path: '/' });
    return { requestId, intent, relayState, cookie: preLoginCookie(name, short) };
  }

  /** Whether this browser waits for any response at all. */
  waits(cookies: string | undefined): boolean {
    return PRE_LOGIN_COOKIES.some((name) => this.#opened(cookies, name) !== null);
  }

  /**
   * @returns the login, until when its answer may come, and the cookie that takes it from the browser
   * @throws CausewayError `CW_SAML_NO_PENDING` for an unknown handle or another browser's
   */
  open(
    relayState: string,
    cookies: string | undefined,
  ): PendingLogin & { readonly until: number; readonly cookie: string } {
    for (const name of PRE_LOGIN_COOKIES) {
      const found = this.#opened(cookies, name);
      if (found?.relayState !== relayState) continue;
      const { requestId, intent, at } = found;
      return { requestId, intent, until: at + LIMITS.preLoginMs + SKEW_MS, cookie: clearPreLoginCookie(name) };
    }
    throw new CausewayError('CW_SAML_NO_PENDING');
  }

  /** A free one at random, because tabs that begin at once show the same cookies; else that of the oldest login. */
  #room(cookies: string | undefined): string {
    const held = PRE_LOGIN_COOKIES.map((name) => ({ name, at: this.#opened(cookies, name)?.at ?? 0 }));
    const free = held.filter(({ at }) => at === 0);
    const chosen = free[randomInt(Math.max(free.length, 1))] ?? held.toSorted((a, b) => a.at - b.at)[0];
    return chosen?.name ?? PRE_LOGIN_COOKIES[0];
  }

  #opened(cookies: string | undefined, name: string): Sealed | null {
    const value = readCookie(cookies, name);
    if (value === null || value.length > MAX_VALUE) return null;
    let login: Sealed;
    try {
      login = JSON.parse(open(this.#key, PLACE, value).toString('utf8')) as Sealed;
    } catch {
      return null;
    }
    const age = this.#now() - login.at;
    return age < LIMITS.preLoginMs && age > -SKEW_MS ? login : null;
  }
}
