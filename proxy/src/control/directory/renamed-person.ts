import type { Transaction } from 'kysely';
import type { StoreTables } from '../store/schema.ts';

interface Named {
  readonly user_name: string;
  readonly user_key: string;
}

/**
 * What is kept by the name of a person goes along when the name becomes another, in the transaction of the change:
 * devices and the tokens that enrol them, roles and the tokens that are worth no more than these, access requests.
 */
export async function takeAlong(tx: Transaction<StoreTables>, before: Named, after: Named): Promise<void> {
  const { user_name: user, user_key: key } = after;
  await tx.updateTable('device').set({ user, user_key: key }).where('user_key', '=', before.user_key).execute();
  await tx
    .updateTable('join_token')
    .set({ owner: user })
    .where('kind', '=', 'device')
    .where('owner', '=', before.user_name)
    .execute();
  await tx.updateTable('access_request').set({ user, user_key: key }).where('user_key', '=', before.user_key).execute();
  await tx.updateTable('api_token').set({ person: user }).where('person', '=', before.user_name).execute();
  await renameInRoles(tx, before.user_key, after);
}

/** A role that the new name has already is not held twice. */
async function renameInRoles(tx: Transaction<StoreTables>, from: string, after: Named): Promise<void> {
  const { user_name: subject, user_key: to } = after;
  if (from !== to) {
    const held = tx
      .selectFrom('admin_role')
      .select('role')
      .where('subject_kind', '=', 'user')
      .where('subject_key', '=', to);
    await tx
      .deleteFrom('admin_role')
      .where('subject_kind', '=', 'user')
      .where('subject_key', '=', from)
      .where('role', 'in', held)
      .execute();
  }
  await tx
    .updateTable('admin_role')
    .set({ subject, subject_key: to })
    .where('subject_kind', '=', 'user')
    .where('subject_key', '=', from)
    .execute();
}
