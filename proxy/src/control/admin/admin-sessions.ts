import { hashToken, isToken, newToken } from '../identity/tokens.ts';
import type { Database } from '../store/database.ts';
import { newId } from './identifiers.ts';
import { stored } from './stored.ts';

/** An administrator in a browser. */
export interface AdminSession {
  readonly id: string;
  readonly user: string;
  readonly displayName: string;
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly provedAt: number;
}

/** Shorter than people's sessions: what it opens is worth more. */
export const ADMIN_SESSION_MS = 60 * 60_000;

/**
 * Sessions of the admin host. They say who somebody is; what they may is looked up with each request. They end with the
 * login they came from: signing out, and being signed out by somebody else, ends both.
 */
export class AdminSessions {
  readonly #database: Database;
  readonly #now: () => number;

  constructor(database: Database, now: () => number) {
    this.#database = database;
    this.#now = now;
  }

  /**
   * @param login id of the person's session at the login host, with which this one ends
   * @returns the session and the cookie's token, which is kept nowhere
   */
  async begin(
    person: Pick<AdminSession, 'user' | 'displayName' | 'provedAt'>,
    login: string,
    address: string,
  ): Promise<{ session: AdminSession; token: string }> {
    const now = this.#now();
    const token = newToken();
    const session = { id: newId('as'), ...person, createdAt: now, expiresAt: now + ADMIN_SESSION_MS };
    await stored(
      this.#database.write
        .insertInto('admin_session')
        .values({
          id: session.id,
          token_hash: hashToken(token),
          login,
          user: person.user,
          display_name: person.displayName,
          address,
          created_at: now,
          expires_at: session.expiresAt,
          proved_at: person.provedAt,
        })
        .execute(),
    );
    return { session, token };
  }

  async byToken(token: string): Promise<AdminSession | null> {
    if (!isToken(token)) return null;
    const row = await stored(
      this.#database.read
        .selectFrom('admin_session')
        .selectAll()
        .where('token_hash', '=', hashToken(token))
        .where('expires_at', '>', this.#now())
        .where((e) =>
          e.exists(
            e
              .selectFrom('session')
              .select('session.id')
              .whereRef('session.id', '=', 'admin_session.login')
              .where('session.expires_at', '>', this.#now()),
          ),
        )
        .executeTakeFirst(),
    );
    if (row === undefined) return null;
    return {
      id: row.id,
      user: row.user,
      displayName: row.display_name,
      createdAt: row.created_at,
      expiresAt: row.expires_at,
      provedAt: row.proved_at,
    };
  }

  async end(id: string): Promise<void> {
    await stored(this.#database.write.deleteFrom('admin_session').where('id', '=', id).execute());
  }
}
