import { list } from '../store/rows.ts';
import type { Database } from '../store/database.ts';
import { beyond, keyset, pageOf } from './page.ts';
import { stored } from './stored.ts';

export interface SessionRow {
  readonly id: string;
  readonly user: string;
  readonly displayName: string;
  readonly groups: string[];
  readonly address: string;
  readonly createdAt: number;
  readonly expiresAt: number;
}

/** Sessions of people that have not expired. */
export async function listSessions(
  { read }: Database,
  query: {
    readonly limit: number;
    readonly cursor?: string | undefined;
    readonly sort: string;
    readonly user?: string | undefined;
    readonly now: number;
  },
): Promise<{ items: SessionRow[]; next: string | null }> {
  const sorts = { createdAt: { column: 'created_at', type: 'number' } } as const;
  const keys = keyset(query, sorts, { column: 'id', type: 'string' });
  const direction = keys.descending ? 'desc' : 'asc';
  let rows = read.selectFrom('session').selectAll().where('expires_at', '>', query.now).where(beyond(keys));
  if (query.user !== undefined) rows = rows.where('user', '=', query.user);
  const found = await stored(
    rows
      .orderBy('created_at', direction)
      .orderBy('id', direction)
      .limit(query.limit + 1)
      .execute(),
  );
  return pageOf(
    found,
    query,
    (row) => ({
      id: row.id,
      user: row.user,
      displayName: row.display_name,
      groups: [...list(row.groups)],
      address: row.address,
      createdAt: row.created_at,
      expiresAt: row.expires_at,
    }),
    (row) => ({ value: row.created_at, id: row.id }),
  );
}
