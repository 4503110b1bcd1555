import type { Principal } from '@causeway/contract';
import type { Directory } from '../directory/directory.ts';
import { fromSession } from '../store/rows.ts';
import type { SessionRecord, Store } from '../store/store.ts';
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

interface RecentSession {
  readonly session: SessionRecord;
  /** Of the revocation feed when it was read. */
  readonly epoch: number;
}

/** Remembered for the portal; those that were asked for least recently are forgotten. */
const RECENT_SESSIONS = 10_000;

/** Login sessions: begun after a login with a token that never existed before, ended everywhere at once. */
export class Sessions {
  readonly #store: Store;
  readonly #directory: Directory;
  readonly #revocations: Revocations;
  readonly #now: () => number;
  readonly #recent = new Map<string, RecentSession>();

  constructor(store: Store, directory: Directory, revocations: Revocations, now: () => number) {
    this.#store = store;
    this.#directory = directory;
    this.#revocations = revocations;
    this.#now = now;
  }

  /**
   * Somebody logs in; the directory says under which name, with which groups and in which unit.
   *
   * @returns the session and the login cookie's token, which is kept nowhere
   * @throws CausewayError `CW_PERSON_INACTIVE`, `CW_PERSON_UNKNOWN`
   */
  async begin(person: Person, address: string, lifeMs: number): Promise<{ session: SessionRecord; token: string }> {
    const now = this.#now();
    const token = newToken();
    const begun: Omit<SessionRecord, 'user' | 'displayName' | 'groups' | 'ou'> = {
      id: newSessionId(),
      loginHash: hashToken(token),
      createdAt: now,
      expiresAt: Math.min(now + lifeMs, person.notAfter ?? Number.POSITIVE_INFINITY),
      address,
      nameId: person.nameId,
      sessionIndex: person.sessionIndex,
    };
    const known = await this.#directory.signIn(person, async (tx, { user, displayName, groups, ou }) => {
      await tx
        .insertInto('session')
        .values(fromSession({ ...begun, user, displayName, groups, ou }))
        .execute();
    });
    const { user, displayName, groups, ou } = known;
    return { session: { ...begun, user, displayName, groups, ou }, token };
  }

  /** The live session behind a login cookie. */
  async byToken(token: string | null): Promise<SessionRecord | null> {
    if (token === null || !isToken(token)) return null;
    const hash = hashToken(token);
    const { epoch } = this.#revocations;
    const session = await this.#store.sessionByLoginHash(hash);
    if (session === null || session.expiresAt <= this.#now()) return null;
    this.#remember(hash, { session, epoch });
    return session;
  }

  /** Likewise without the store: one that was live, and of which nothing that was ended since can be. */
  remembered(token: string | null): SessionRecord | null {
    if (token === null || !isToken(token)) return null;
    const known = this.#recent.get(hashToken(token));
    if (known === undefined || known.epoch !== this.#revocations.epoch) return null;
    return known.session.expiresAt > this.#now() ? known.session : null;
  }

  #remember(hash: string, known: RecentSession): void {
    this.#recent.delete(hash);
    this.#recent.set(hash, known);
    if (this.#recent.size <= RECENT_SESSIONS) return;
    const [oldest] = this.#recent.keys();
    if (oldest !== undefined) this.#recent.delete(oldest);
  }

  /** Resolves when every live edge has cut what was open; false when there was no such session. */
  async end(id: string, why: string): Promise<{ ended: boolean; cut: number }> {
    if (!(await this.#store.endSession(id))) return { ended: false, cut: 0 };
    const cut = await this.#revocations.revoke({ sessions: [id], why });
    return { ended: true, cut };
  }

  /** @param user in any case: whoever ends the sessions of `Ann` means those of `ann`, too */
  async endAllOf(user: string, why: string): Promise<{ sessions: number; cut: number }> {
    const known = await this.#directory.groupsOf(user);
    const ended: string[] = [];
    for (const name of new Set([user, known?.user ?? user])) {
      for (const session of await this.#store.sessionsOf(name)) {
        if (await this.#store.endSession(session.id)) ended.push(session.id);
      }
    }
    const cut = ended.length === 0 ? 0 : await this.#revocations.revoke({ sessions: ended, why });
    return { sessions: ended.length, cut };
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
