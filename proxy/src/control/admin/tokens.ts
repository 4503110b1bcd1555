import { randomBytes } from 'node:crypto';
import type { Selectable } from 'kysely';
import { nameKey } from '../directory/names.ts';
import { hashToken } from '../identity/tokens.ts';
import type { Database } from '../store/database.ts';
import type { StoreTables } from '../store/schema.ts';
import { newId } from './identifiers.ts';
import { beyond, keyset, pageOf } from './page.ts';
import type { Permission, Role } from './permissions.ts';
import { stored } from './stored.ts';

export type TokenKind = 'api' | 'service' | 'break-glass';

export interface TokenRecord {
  readonly id: string;
  readonly kind: TokenKind;
  readonly name: string;
  readonly role: Role | null;
  readonly permissions: readonly Permission[];
  readonly apps: readonly string[];
  readonly createdBy: string;
  /** Who made it, where that was a person: it may no more than they do, and ends with them. */
  readonly person: string | null;
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly lastUsedAt: number | null;
  readonly revokedAt: number | null;
}

export interface NewToken {
  readonly kind: TokenKind;
  readonly name: string;
  readonly role?: Role | null | undefined;
  readonly permissions?: readonly Permission[] | undefined;
  readonly apps?: readonly string[] | undefined;
  readonly createdBy: string;
  readonly person?: string | null | undefined;
  readonly expiresAt: number;
}

export interface TokenQuery {
  readonly limit: number;
  readonly cursor?: string | undefined;
  readonly sort: string;
}

/** So that whoever finds a token somewhere knows what it is: of the API, or for apps. */
const PREFIX: Readonly<Record<TokenKind, string>> = { api: 'cwt_', 'break-glass': 'cwt_', service: 'cwm_' };
const API_TOKEN = /^cwt_[\w-]{43}$/;
const SORTS = {
  name: { column: 'name_key', type: 'string' },
  createdAt: { column: 'created_at', type: 'number' },
  expiresAt: { column: 'expires_at', type: 'number' },
} as const;
/** The last use is written down at most so often. */
const USED_MS = 60_000;

/** Bearer tokens of programs, with 256 random bits each; the store has their hashes alone. */
export class Tokens {
  readonly #database: Database;
  readonly #now: () => number;

  constructor(database: Database, now: () => number) {
    this.#database = database;
    this.#now = now;
  }

  /** @returns the token, which is shown once and kept nowhere */
  async issue(wanted: NewToken): Promise<TokenRecord & { readonly token: string }> {
    const token = PREFIX[wanted.kind] + randomBytes(32).toString('base64url');
    const record: TokenRecord = {
      id: newId('t'),
      kind: wanted.kind,
      name: wanted.name,
      role: wanted.role ?? null,
      permissions: wanted.permissions ?? [],
      apps: wanted.apps ?? [],
      createdBy: wanted.createdBy,
      person: wanted.person ?? null,
      createdAt: this.#now(),
      expiresAt: wanted.expiresAt,
      lastUsedAt: null,
      revokedAt: null,
    };
    await stored(
      this.#database.write
        .insertInto('api_token')
        .values({
          id: record.id,
          kind: record.kind,
          name: record.name,
          name_key: nameKey(record.name),
          hash: hashToken(token),
          role: record.role,
          permissions: JSON.stringify(record.permissions),
          apps: JSON.stringify(record.apps),
          created_by: record.createdBy,
          person: record.person,
          created_at: record.createdAt,
          expires_at: record.expiresAt,
          last_used_at: null,
          revoked_at: null,
        })
        .execute(),
    );
    return { ...record, token };
  }

  /** The live token of the API behind a bearer's text. */
  async verify(token: string): Promise<TokenRecord | null> {
    if (!API_TOKEN.test(token)) return null;
    const row = await stored(
      this.#database.read.selectFrom('api_token').selectAll().where('hash', '=', hashToken(token)).executeTakeFirst(),
    );
    if (row === undefined || row.kind === 'service') return null;
    const now = this.#now();
    if (row.revoked_at !== null || row.expires_at <= now) return null;
    if (row.last_used_at === null || now - row.last_used_at > USED_MS) await this.#used(row.id, now);
    return toRecord(row);
  }

  async get(kind: TokenKind, id: string): Promise<TokenRecord | null> {
    const row = await stored(
      this.#database.read
        .selectFrom('api_token')
        .selectAll()
        .where('kind', '=', kind)
        .where('id', '=', id)
        .executeTakeFirst(),
    );
    return row === undefined ? null : toRecord(row);
  }

  /** Of an API also what was issued as break-glass. */
  async list(kind: 'api' | 'service', query: TokenQuery): Promise<{ items: TokenRecord[]; next: string | null }> {
    const keys = keyset(query, SORTS, { column: 'id', type: 'string' });
    const direction = keys.descending ? 'desc' : 'asc';
    const rows = this.#database.read
      .selectFrom('api_token')
      .selectAll()
      .where('kind', 'in', kind === 'api' ? ['api', 'break-glass'] : ['service'])
      .where(beyond(keys));
    const found = await stored(
      rows
        .orderBy(keys.column as 'name_key', direction)
        .orderBy('id', direction)
        .limit(query.limit + 1)
        .execute(),
    );
    return pageOf(found, query, toRecord, (row) => ({ value: row[keys.column as 'name_key'], id: row.id }));
  }

  /** @returns whether there was one that lived */
  async revoke(kinds: readonly TokenKind[], id: string): Promise<boolean> {
    const { numUpdatedRows } = await stored(
      this.#database.write
        .updateTable('api_token')
        .set({ revoked_at: this.#now() })
        .where('kind', 'in', kinds)
        .where('id', '=', id)
        .where('revoked_at', 'is', null)
        .executeTakeFirstOrThrow(),
    );
    return numUpdatedRows > 0n;
  }

  async #used(id: string, now: number): Promise<void> {
    await stored(
      this.#database.write.updateTable('api_token').set({ last_used_at: now }).where('id', '=', id).execute(),
    );
  }
}

function toRecord(row: Selectable<StoreTables['api_token']>): TokenRecord {
  return {
    id: row.id,
    kind: row.kind,
    name: row.name,
    // Written by this class alone.
    role: row.role as Role | null,
    permissions: JSON.parse(row.permissions) as Permission[],
    apps: JSON.parse(row.apps) as string[],
    createdBy: row.created_by,
    person: row.person,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    lastUsedAt: row.last_used_at,
    revokedAt: row.revoked_at,
  };
}
