import type { Principal } from '@causeway/contract';
import type { SessionRecord, Store, UserRecord } from '../store/store.ts';
import type { Revocations } from '../revocation-feed.ts';
import { hashToken, isToken, newSessionId, newToken } from './tokens.ts';

/** Who somebody is, as the identity provider said it. */
export interface Person {
  readonly user: string;
  readonly displayName: string;
  readonly groups: readonly string[];
  /** Path of the organisational unit from the top, where the provider names one. */
  readonly ou: string | null;
  readonly nameId: string;
  readonly sessionIndex: string | null;
  /** The provider's own end of the session, which ours may not outlive. */
  readonly notAfter: number | null;
}

/** Login sessions: begun after a login with a token that never existed before, ended everywhere at once. */
export class Sessions {
  readonly #store: Store;
  readonly #revocations: Revocations;
  readonly #now: () => number;

  constructor(store: Store, revocations: Revocations, now: () => number) {
    this.#store = store;
    this.#revocations = revocations;
    this.#now = now;
  }

  /**
   * @returns the session, the login cookie's token, which is kept nowhere, and whether groups or unit of the person are
   *   others than at the last login
   */
  async begin(
    person: Person,
    address: string,
    lifeMs: number,
  ): Promise<{ session: SessionRecord; token: string; placeChanged: boolean }> {
    const now = this.#now();
    const before = await this.#store.user(person.user);
    const user: UserRecord = {
      user: person.user,
      displayName: person.displayName,
      groups: person.groups,
      ou: person.ou,
      seenAt: now,
    };
    await this.#store.upsertUser(user);
    const token = newToken();
    const session: SessionRecord = {
      id: newSessionId(),
      user: person.user,
      displayName: person.displayName,
      groups: person.groups,
      ou: person.ou,
      loginHash: hashToken(token),
      createdAt: now,
      expiresAt: Math.min(now + lifeMs, person.notAfter ?? Number.POSITIVE_INFINITY),
      address,
      nameId: person.nameId,
      sessionIndex: person.sessionIndex,
    };
    await this.#store.createSession(session);
    const samePlace = before === null || (sameSet(before.groups, person.groups) && before.ou === person.ou);
    return { session, token, placeChanged: !samePlace };
  }

  /** The live session behind a login cookie. */
  async byToken(token: string | null): Promise<SessionRecord | null> {
    if (token === null || !isToken(token)) return null;
    const session = await this.#store.sessionByLoginHash(hashToken(token));
    return session !== null && session.expiresAt > this.#now() ? session : null;
  }

  /** Resolves when every live edge has cut what was open; false when there was no such session. */
  async end(id: string, why: string): Promise<{ ended: boolean; cut: number }> {
    if (!(await this.#store.endSession(id))) return { ended: false, cut: 0 };
    const cut = await this.#revocations.revoke({ sessions: [id], why });
    return { ended: true, cut };
  }

  async endAllOf(user: string, why: string): Promise<number> {
    const ended: string[] = [];
    for (const session of await this.#store.sessionsOf(user)) {
      if (await this.#store.endSession(session.id)) ended.push(session.id);
    }
    return ended.length === 0 ? 0 : this.#revocations.revoke({ sessions: ended, why });
  }
}

export function principalOf(session: SessionRecord): Principal {
  return {
    user: session.user,
    displayName: session.displayName,
    groups: [...session.groups],
    ...(session.ou === null ? {} : { ou: session.ou }),
    method: 'browser',
    authenticatedAt: session.createdAt,
    session: session.id,
  };
}

function sameSet(a: readonly string[], b: readonly string[]): boolean {
  const left = new Set(a);
  const right = new Set(b);
  return left.size === right.size && [...left].every((entry) => right.has(entry));
}
