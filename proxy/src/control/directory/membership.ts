import type { Kysely } from 'kysely';
import { list } from '../store/rows.ts';
import type { StoreTables } from '../store/schema.ts';
import type { PersonSource } from './records.ts';

/** Of a person whom a provider keeps here the directory's groups alone count, of others also what they logged in with. */
export function effectiveGroups(
  source: PersonSource,
  login: readonly string[],
  directory: readonly string[],
): string[] {
  return source === 'scim' ? [...directory] : [...new Set([...login, ...directory])];
}

/** The names of the groups of each of these people, in order. */
export async function groupNames(
  db: Kysely<StoreTables>,
  users: readonly number[],
): Promise<ReadonlyMap<number, readonly string[]>> {
  const names = new Map<number, string[]>();
  if (users.length === 0) return names;
  const rows = await db
    .selectFrom('directory_member as m')
    .innerJoin('directory_group as g', 'g.seq', 'm.group_seq')
    .select(['m.user_seq', 'g.name'])
    .where('m.user_seq', 'in', users)
    .orderBy('g.name_key')
    .execute();
  for (const { user_seq: user, name } of rows) {
    const known = names.get(user);
    if (known === undefined) names.set(user, [name]);
    else known.push(name);
  }
  return names;
}

export interface Person {
  readonly seq: number;
  readonly userName: string;
  readonly active: boolean;
  readonly groups: readonly string[];
  readonly ou: string | null;
}

/** These people with the groups and the unit that they have now. */
export async function people(db: Kysely<StoreTables>, seqs: readonly number[]): Promise<Person[]> {
  if (seqs.length === 0) return [];
  const rows = await db
    .selectFrom('directory_user')
    .select(['seq', 'user_name', 'active', 'source', 'login_groups', 'ou'])
    .where('seq', 'in', seqs)
    .execute();
  const names = await groupNames(db, seqs);
  return rows.map((row) => ({
    seq: row.seq,
    userName: row.user_name,
    active: row.active === 1,
    groups: effectiveGroups(row.source, list(row.login_groups), names.get(row.seq) ?? []),
    ou: row.ou,
  }));
}
