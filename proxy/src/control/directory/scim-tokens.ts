import { randomBytes, timingSafeEqual } from 'node:crypto';
import { hashToken } from '../identity/tokens.ts';
import type { Database } from '../store/database.ts';
import { storeFailed } from '../store/open-database.ts';

export interface ScimToken {
  /** Names the token to administrators; no secret. */
  readonly hash: string;
  readonly idp: string;
  readonly label: string;
  readonly createdAt: number;
  readonly expiresAt: number | null;
}

/** Two are needed while one is exchanged for another; each costs a comparison per request. */
const TOKENS_PER_IDP = 10;
const TOKEN = /^cws_[\w-]{43}$/;

/** The bearer tokens with which identity providers provision; only hashes are kept. */
export class ScimTokens {
  readonly #database: Database;
  readonly #now: () => number;

  constructor(database: Database, now: () => number) {
    this.#database = database;
    this.#now = now;
  }

  /** @returns the token, which is shown once and kept nowhere */
  async issue(idp: string, label: string, expiresAt: number | null): Promise<{ token: string; hash: string }> {
    const token = `cws_${randomBytes(32).toString('base64url')}`;
    const hash = hashToken(token);
    await this.#database.write
      .insertInto('scim_token')
      .values({ hash, idp, label, created_at: this.#now(), expires_at: expiresAt })
      .execute()
      .catch(fail);
    return { token, hash };
  }

  async list(idp: string): Promise<ScimToken[]> {
    const rows = await this.#database.read
      .selectFrom('scim_token')
      .selectAll()
      .where('idp', '=', idp)
      .orderBy('created_at')
      .orderBy('hash')
      .execute()
      .catch(fail);
    return rows.map((row) => ({
      hash: row.hash,
      idp: row.idp,
      label: row.label,
      createdAt: row.created_at,
      expiresAt: row.expires_at,
    }));
  }

  /** @returns whether there was one */
  async revoke(idp: string, hash: string): Promise<boolean> {
    const { numDeletedRows } = await this.#database.write
      .deleteFrom('scim_token')
      .where('idp', '=', idp)
      .where('hash', '=', hash)
      .executeTakeFirstOrThrow()
      .catch(fail);
    return numDeletedRows > 0n;
  }

  /** Whether this is a live token of this provider. How long it takes says nothing about how much of it was right. */
  async verify(idp: string, token: string): Promise<boolean> {
    if (!TOKEN.test(token)) return false;
    const given = Buffer.from(hashToken(token));
    const rows = await this.#database.read
      .selectFrom('scim_token')
      .select(['hash', 'expires_at'])
      .where('idp', '=', idp)
      .orderBy('created_at', 'desc')
      .limit(TOKENS_PER_IDP)
      .execute()
      .catch(fail);
    let found = false;
    for (const { hash, expires_at: expiresAt } of rows) {
      const kept = Buffer.from(hash);
      const same = kept.length === given.length && timingSafeEqual(kept, given);
      if (same && (expiresAt === null || expiresAt > this.#now())) found = true;
    }
    return found;
  }
}

function fail(error: unknown): never {
  throw storeFailed(error);
}
