import type { Transaction } from 'kysely';
import type { StoreTables } from '../store/schema.ts';
import { isProvisioned } from './admission.ts';
import { insertGroup, renameGroup, toGroup, touchGroup } from './group-rows.ts';
import { changeMembers } from './group-steps.ts';
import { membersWithAccess, withAccess } from './live-access.ts';
import { emailOf, insertLocal, ownGroup, ownUser, updateLocal, type LocalFields } from './local-rows.ts';
import { people } from './membership.ts';
import type { DirectoryChange, DirectoryGroup, DirectoryUser, UserBody } from './records.ts';
import { removeUser, toUser, type UserRow } from './user-rows.ts';

type Tx = Transaction<StoreTables>;

/** Whose access a change is about; any of these may have a role of the administration. */
export interface Touched {
  readonly users: readonly string[];
  readonly groups: readonly string[];
}

/** What must hold in the transaction, before anything is changed; throws where it does not. */
export interface LocalCheck {
  readonly version: (version: number) => void;
  readonly touches: (tx: Tx, touched: Touched) => Promise<void>;
}

/** A group's new name, and who comes and goes, by ids of users. */
export interface LocalGroupChange {
  readonly name?: string | undefined;
  readonly add?: readonly string[] | undefined;
  readonly remove?: readonly string[] | undefined;
}

/** The directory's own means, which write in its order and tell what was committed. */
export interface LocalPeopleOptions {
  readonly write: <T>(idp: string, body: (tx: Tx) => Promise<[T, DirectoryChange]>) => Promise<T>;
  readonly follow: (
    tx: Tx,
    idp: string,
    users: readonly number[],
    gone?: readonly string[],
  ) => Promise<DirectoryChange>;
  readonly now: () => number;
}

/**
 * People and groups that an administrator keeps, beside those of the provider. What the provider keeps by SCIM is
 * changed nowhere else, but its people can be members of groups here. Sessions follow in the same transaction. Errors:
 * `CW_NOT_FOUND`, `CW_MANAGED`, `CW_CONFLICT` (a name is taken), `CW_REQUEST_INVALID`, `CW_STORE_FAILED`, and what the
 * checks throw.
 */
export class LocalPeople {
  readonly #options: LocalPeopleOptions;

  constructor(options: LocalPeopleOptions) {
    this.#options = options;
  }

  async createUser(
    input: LocalFields & { readonly idp: string; readonly userName: string },
    { touches }: LocalCheck,
  ): Promise<DirectoryUser> {
    return this.#options.write(input.idp, async (tx) => {
      await touches(tx, { users: [input.userName], groups: [] });
      return [toUser(await insertLocal(tx, input, this.#options.now())), NOTHING];
    });
  }

  /** Somebody known from logins is kept here from now on. What is absent stays. */
  async changeUser(idp: string, id: string, change: Partial<LocalFields>, check: LocalCheck): Promise<DirectoryUser> {
    const { write, follow, now } = this.#options;
    return write(idp, async (tx) => {
      const row = await ownUser(tx, id);
      check.version(row.version);
      await check.touches(tx, await touchedBy(tx, row));
      const access = await withAccess(tx, [row.seq]);
      const before = {
        displayName: row.display_name,
        email: emailOf(JSON.parse(row.body) as UserBody),
        active: row.active === 1,
        ou: row.ou,
      };
      const after = await updateLocal(tx, row.seq, { ...before, ...change }, await isProvisioned(tx, idp), now());
      const same = after.active === row.active && after.ou === row.ou && after.login_groups === row.login_groups;
      return [toUser(after), same ? NOTHING : await follow(tx, idp, access)];
    });
  }

  async deleteUser(idp: string, id: string, check: LocalCheck): Promise<void> {
    const { write, follow } = this.#options;
    await write(idp, async (tx) => {
      const row = await ownUser(tx, id);
      check.version(row.version);
      await check.touches(tx, await touchedBy(tx, row));
      return [null, await follow(tx, idp, [], await removeUser(tx, row))];
    });
  }

  /** @param members ids of users of this provider, of whatever source */
  async createGroup(
    idp: string,
    name: string,
    members: readonly string[],
    { touches }: LocalCheck,
  ): Promise<DirectoryGroup> {
    const { write, follow, now } = this.#options;
    return write(idp, async (tx) => {
      await touches(tx, { users: [], groups: [name] });
      const row = await insertGroup(tx, idp, { name, externalId: null }, now(), 'local');
      const came = await changeMembers(tx, row, { t: 'add', members });
      return [toGroup(row), await follow(tx, idp, await withAccess(tx, came))];
    });
  }

  async changeGroup(idp: string, id: string, change: LocalGroupChange, check: LocalCheck): Promise<DirectoryGroup> {
    const { write, follow, now } = this.#options;
    return write(idp, async (tx) => {
      const row = await ownGroup(tx, id);
      const { name = row.name, add = [], remove = [] } = change;
      check.version(row.version);
      await check.touches(tx, { users: [], groups: [row.name, name] });
      const touched = new Set<number>();
      const came = await changeMembers(tx, row, { t: 'add', members: add });
      const went = await changeMembers(tx, row, { t: 'remove', members: remove });
      for (const seq of await withAccess(tx, [...came, ...went])) touched.add(seq);
      if (name !== row.name) {
        await renameGroup(tx, row, name);
        for (const seq of await membersWithAccess(tx, idp, row.seq)) touched.add(seq);
      }
      const after = await touchGroup(tx, row.seq, now());
      return [toGroup(after), await follow(tx, idp, [...touched])];
    });
  }

  async deleteGroup(idp: string, id: string, check: LocalCheck): Promise<void> {
    const { write, follow } = this.#options;
    await write(idp, async (tx) => {
      const row = await ownGroup(tx, id);
      check.version(row.version);
      await check.touches(tx, { users: [], groups: [row.name] });
      const members = await membersWithAccess(tx, idp, row.seq);
      await tx.deleteFrom('directory_group').where('seq', '=', row.seq).execute();
      return [null, await follow(tx, idp, members)];
    });
  }
}

const NOTHING: DirectoryChange = { users: [], deactivated: [], sessions: [] };

async function touchedBy(tx: Tx, row: UserRow): Promise<Touched> {
  const [person] = await people(tx, [row.seq]);
  return { users: [row.user_name], groups: person?.groups ?? [] };
}
