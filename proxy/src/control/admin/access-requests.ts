import type { Selectable } from 'kysely';
import { CausewayError } from '@causeway/contract';
import { nameKey } from '../directory/names.ts';
import type { Database } from '../store/database.ts';
import type { StoreTables } from '../store/schema.ts';
import { newId } from './identifiers.ts';
import { beyond, keyset, pageOf } from './page.ts';
import { stored } from './stored.ts';

/**
 * Somebody asks for an app, and somebody else decides, for a time:
 *
 *     pending --approve--> approved --withdraw--> withdrawn
 *        |                    '--its end--> approved, expired
 *        '--deny--> denied
 */
export interface AccessRequest {
  readonly id: string;
  readonly user: string;
  readonly app: string;
  readonly reason: string;
  readonly state: 'pending' | 'approved' | 'denied' | 'withdrawn';
  readonly createdBy: string;
  readonly createdAt: number;
  readonly decidedBy: string | null;
  readonly decidedAt: number | null;
  readonly comment: string;
  /** Until when an approval holds. */
  readonly expiresAt: number | null;
  readonly revision: number;
}

export interface AccessRequestQuery {
  readonly limit: number;
  readonly cursor?: string | undefined;
  readonly sort: string;
  readonly user?: string | undefined;
  readonly app?: string | undefined;
  readonly state?: AccessRequest['state'] | undefined;
}

export interface AccessDecision {
  readonly state: 'approved' | 'denied' | 'withdrawn';
  readonly by: string;
  readonly comment: string;
  readonly expiresAt: number | null;
  readonly ifRevision: number | undefined;
}

const FROM: Readonly<Record<AccessDecision['state'], AccessRequest['state']>> = {
  approved: 'pending',
  denied: 'pending',
  withdrawn: 'approved',
};
/** A person's requests that wait for a decision. */
const MAX_PENDING = 20;

export class AccessRequests {
  readonly #database: Database;
  readonly #now: () => number;

  constructor(database: Database, now: () => number) {
    this.#database = database;
    this.#now = now;
  }

  /** @throws CausewayError `CW_CONFLICT` where the same is asked for already, or too much */
  async create(wanted: { user: string; app: string; reason: string; by: string }): Promise<AccessRequest> {
    const row: Selectable<StoreTables['access_request']> = {
      id: newId('ar'),
      user: wanted.user,
      user_key: nameKey(wanted.user),
      app: wanted.app,
      reason: wanted.reason,
      state: 'pending',
      created_by: wanted.by,
      created_at: this.#now(),
      decided_by: null,
      decided_at: null,
      comment: '',
      expires_at: null,
      revision: 1,
    };
    await stored(
      this.#database.transaction(async (tx) => {
        const pending = await tx
          .selectFrom('access_request')
          .select('app')
          .where('user_key', '=', row.user_key)
          .where('state', '=', 'pending')
          .limit(MAX_PENDING)
          .execute();
        if (pending.some(({ app }) => app === wanted.app)) {
          throw new CausewayError('CW_CONFLICT', 'this is asked for already');
        }
        if (pending.length >= MAX_PENDING) throw new CausewayError('CW_CONFLICT', 'too many requests wait');
        await tx.insertInto('access_request').values(row).execute();
      }),
    );
    return toRequest(row);
  }

  async get(id: string): Promise<AccessRequest | null> {
    const row = await stored(
      this.#database.read.selectFrom('access_request').selectAll().where('id', '=', id).executeTakeFirst(),
    );
    return row === undefined ? null : toRequest(row);
  }

  /** @throws CausewayError `CW_NOT_FOUND`, `CW_CONFLICT` (decided already), `CW_PRECONDITION_FAILED` */
  async decide(id: string, decision: AccessDecision): Promise<AccessRequest> {
    const { state, by, comment, expiresAt, ifRevision } = decision;
    const row = await stored(
      this.#database.transaction(async (tx) => {
        const found = await tx
          .updateTable('access_request')
          .set((e) => ({ revision: e('revision', '+', 1) }))
          .where('id', '=', id)
          .returningAll()
          .executeTakeFirst();
        if (found === undefined) throw new CausewayError('CW_NOT_FOUND', `there is no access request ${id}`);
        if (ifRevision !== undefined && found.revision !== ifRevision + 1) {
          throw new CausewayError('CW_PRECONDITION_FAILED');
        }
        if (found.state !== FROM[state]) throw new CausewayError('CW_CONFLICT', `the request is ${found.state}`);
        return tx
          .updateTable('access_request')
          .set({ state, decided_by: by, decided_at: this.#now(), comment, expires_at: expiresAt })
          .where('id', '=', id)
          .returningAll()
          .executeTakeFirstOrThrow();
      }),
    );
    return toRequest(row);
  }

  /** Apps that somebody has by approval at this moment, each with its end. */
  async grantsOf(user: string): Promise<{ app: string; expiresAt: number }[]> {
    const rows = await stored(
      this.#database.read
        .selectFrom('access_request')
        .select(['app', 'expires_at'])
        .where('user_key', '=', nameKey(user))
        .where('state', '=', 'approved')
        .where('expires_at', '>', this.#now())
        .execute(),
    );
    return rows.map(({ app, expires_at: expiresAt }) => ({ app, expiresAt: expiresAt ?? 0 }));
  }

  async list(query: AccessRequestQuery): Promise<{ items: AccessRequest[]; next: string | null }> {
    const sorts = { createdAt: { column: 'created_at', type: 'number' } } as const;
    const keys = keyset(query, sorts, { column: 'id', type: 'string' });
    const direction = keys.descending ? 'desc' : 'asc';
    let rows = this.#database.read.selectFrom('access_request').selectAll().where(beyond(keys));
    if (query.user !== undefined) rows = rows.where('user_key', '=', nameKey(query.user));
    if (query.app !== undefined) rows = rows.where('app', '=', query.app);
    if (query.state !== undefined) rows = rows.where('state', '=', query.state);
    const found = await stored(
      rows
        .orderBy('created_at', direction)
        .orderBy('id', direction)
        .limit(query.limit + 1)
        .execute(),
    );
    return pageOf(found, query, toRequest, (row) => ({ value: row.created_at, id: row.id }));
  }
}

function toRequest(row: Selectable<StoreTables['access_request']>): AccessRequest {
  return {
    id: row.id,
    user: row.user,
    app: row.app,
    reason: row.reason,
    state: row.state,
    createdBy: row.created_by,
    createdAt: row.created_at,
    decidedBy: row.decided_by,
    decidedAt: row.decided_at,
    comment: row.comment,
    expiresAt: row.expires_at,
    revision: row.revision,
  };
}
