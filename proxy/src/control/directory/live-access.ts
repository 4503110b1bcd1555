import { sql, type Transaction } from 'kysely';
import { raiseEpoch } from '../store/epoch.ts';
import type { StoreTables } from '../store/schema.ts';
import { nameKey } from './names.ts';
import { people, type Person } from './membership.ts';
import type { DirectoryChange } from './records.ts';

type Tx = Transaction<StoreTables>;

/** People in one statement; a database limits the parameters of a statement. */
const PAGE = 1_000;

/** Which of these people have a session or a device: nobody else needs to be told anything. */
export async function withAccess(tx: Tx, users: readonly number[]): Promise<number[]> {
  const found: number[] = [];
  for (let from = 0; from < users.length; from += PAGE) {
    const rows = await peopleWithAccess(tx)
      .where('u.seq', 'in', users.slice(from, from + PAGE))
      .execute();
    found.push(...rows.map(({ seq }) => seq));
  }
  return found;
}

/**
 * Which members of the group have a session or a device. From those who have one, because they are few and a group may
 * be large.
 */
export async function membersWithAccess(tx: Tx, idp: string, group: number): Promise<number[]> {
  const names = await tx
    .selectFrom('session')
    .select('user')
    .union(tx.selectFrom('device').select('user').where('revoked_at', 'is', null))
    .execute();
  const found: number[] = [];
  for (let from = 0; from < names.length; from += PAGE) {
    const keys = names.slice(from, from + PAGE).map(({ user }) => nameKey(user));
    const rows = await tx
      .selectFrom('directory_user as u')
      .innerJoin('directory_member as m', (join) =>
        join.onRef('m.user_seq', '=', 'u.seq').on('m.group_seq', '=', group),
      )
      .select('u.seq')
      .where('u.idp', '=', idp)
      .where('u.user_key', 'in', keys)
      .execute();
    found.push(...rows.map(({ seq }) => seq));
  }
  return found;
}

function peopleWithAccess(tx: Tx) {
  return tx
    .selectFrom('directory_user as u')
    .select('u.seq')
    .where((e) =>
      e.or([
        e.exists(e.selectFrom('session as s').select('s.id').whereRef('s.user', '=', 'u.user_name')),
        e.exists(
          e
            .selectFrom('device as d')
            .select('d.id')
            .whereRef('d.user', '=', 'u.user_name')
            .where('d.revoked_at', 'is', null),
        ),
      ]),
    );
}

/**
 * Brings the sessions of these people to what the directory says now: other groups, another unit, or the end. In the transaction of
 * the change itself, so that no process that ends in between leaves access behind.
 *
 * @param gone names that belong to nobody any more
 */
export async function follow(tx: Tx, users: readonly number[], gone: readonly string[] = []): Promise<DirectoryChange> {
  const changed: string[] = [];
  const deactivated: string[] = [...gone];
  for (let from = 0; from < users.length; from += PAGE) {
    const page = await people(tx, users.slice(from, from + PAGE));
    deactivated.push(...page.filter(({ active }) => !active).map(({ userName }) => userName));
    const active = page.filter((person) => person.active);
    changed.push(...active.map(({ userName }) => userName));
    await regroup(tx, active);
  }
  const sessions = await endSessions(tx, deactivated);
  if (changed.length + deactivated.length > 0) await raiseEpoch(tx);
  return { users: changed, deactivated, sessions };
}

async function regroup(tx: Tx, active: readonly Person[]): Promise<void> {
  if (active.length === 0) return;
  const places = new Map(active.map(({ userName, groups, ou }) => [userName, { groups: JSON.stringify(groups), ou }]));
  const sessions = await tx
    .selectFrom('session')
    .select(['id', 'user', 'groups', 'ou'])
    .where('user', 'in', [...places.keys()])
    .execute();
  const other = sessions.flatMap((session) => {
    const place = places.get(session.user);
    if (place === undefined || (session.groups === place.groups && session.ou === place.ou)) return [];
    return [{ id: session.id, ...place }];
  });
  for (let from = 0; from < other.length; from += PAGE) await place(tx, other.slice(from, from + PAGE));
}

/** One statement for all of them; both databases call the columns of `values` so. */
async function place(
  tx: Tx,
  places: readonly { readonly id: string; readonly groups: string; readonly ou: string | null }[],
): Promise<void> {
  const rows = places.map(({ id, groups, ou }) => sql`(${id}, ${groups}, cast(${ou} as text))`);
  await sql`
    update session set "groups" = v.column2, ou = v.column3
    from (values ${sql.join(rows)}) as v where session.id = v.column1
  `.execute(tx);
}

async function endSessions(tx: Tx, users: readonly string[]): Promise<string[]> {
  const ended: string[] = [];
  for (let from = 0; from < users.length; from += PAGE) {
    const page = users.slice(from, from + PAGE);
    const sessions = tx.selectFrom('session').select('id').where('user', 'in', page);
    await tx.deleteFrom('app_token').where('session', 'in', sessions).execute();
    const rows = await tx.deleteFrom('session').where('user', 'in', page).returning('id').execute();
    ended.push(...rows.map(({ id }) => id));
  }
  return ended;
}
