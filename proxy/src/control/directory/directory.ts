import type { Kysely, Transaction } from 'kysely';
import { CausewayError } from '@causeway/contract';
import type { Database } from '../store/database.ts';
import { storeFailed } from '../store/open-database.ts';
import type { StoreTables } from '../store/schema.ts';
import { admissionOf, signIn, type Admission, type Login } from './admission.ts';
import { Changes } from './changes.ts';
import { changeMembers, type MemberStep } from './group-steps.ts';
import { groupBySeq, insertGroup, renameGroup, toGroup, touchGroup, type GroupRow } from './group-rows.ts';
import { LocalPeople } from './local-people.ts';
import { forgetLogins } from './local-rows.ts';
import { follow, membersWithAccess, withAccess } from './live-access.ts';
import { nameKey, seqOf } from './names.ts';
import { takeAlong } from './renamed-person.ts';
import { NewPeople, type Made } from './new-people.ts';
import type {
  DirectoryChange,
  DirectoryGroup,
  DirectoryUser,
  GroupInput,
  GroupStep,
  PersonAccess,
  UserInput,
} from './records.ts';
import { WriteBatches } from './write-batches.ts';
import {
  accessByName,
  accessOf,
  insertUsers,
  removeUser,
  toUser,
  updateUser,
  userByName,
  userBySeq,
  type UserRow,
} from './user-rows.ts';

type Tx = Transaction<StoreTables>;

export interface DirectoryOptions {
  readonly database: Database;
  /** The identity provider that people log in with: sessions and devices are of its people. */
  readonly loginIdp: () => string;
  readonly now: () => number;
}

/** Checks what a version must be before a change; throws where it is not. */
export type VersionCheck = (version: number) => void;

/**
 * People and their groups, by identity provider. A change and what follows from it for sessions are one transaction;
 * `onChanged` is told after the commit. Errors: `CW_NOT_FOUND`, `CW_CONFLICT` (a name is taken), `CW_REQUEST_INVALID`,
 * `CW_STORE_FAILED`.
 */
export class Directory {
  /** What administrators keep here themselves. */
  readonly local: LocalPeople;
  readonly #options: DirectoryOptions;
  readonly #changes = new Changes();
  readonly #batches: WriteBatches;
  readonly #newPeople: NewPeople;
  /** Providers of which it is known that they keep their people here. */
  readonly #provisioned = new Set<string>();

  constructor(options: DirectoryOptions) {
    this.#options = options;
    this.#batches = new WriteBatches(options.database);
    this.#newPeople = new NewPeople((idp, inputs) => this.#createAll(idp, inputs));
    this.local = new LocalPeople({
      write: (idp, body) => this.#write(idp, body),
      follow: (tx, idp, users, gone) => this.#follow(tx, idp, users, gone),
      now: options.now,
    });
  }

  /** @returns stops telling */
  onChanged(listener: (change: DirectoryChange) => void): () => void {
    return this.#changes.subscribe(listener);
  }

  /** What a principal of this name has; `null` where nobody is known under it. */
  async groupsOf(userName: string): Promise<PersonAccess | null> {
    return this.read(async (db) => {
      const row = await userByName(db, this.#options.loginIdp(), userName);
      return row === undefined ? null : accessOf(db, row);
    });
  }

  /** Who somebody of this name would come in as, and what would keep them out. */
  admission(userName: string): Promise<Admission> {
    return this.read((db) => admissionOf(db, this.#options.loginIdp(), userName));
  }

  /** The same of several people, by these names; whoever is not known is not in it. */
  accessOf(userNames: readonly string[]): Promise<ReadonlyMap<string, PersonAccess>> {
    return this.read((db) => accessByName(db, this.#options.loginIdp(), userNames));
  }

  /**
   * Lets somebody in who proved to the identity provider who they are, and writes down that they came. `keep` stores the
   * session in the same transaction: whoever is deactivated at that moment loses it or never gets it.
   *
   * @throws CausewayError `CW_PERSON_INACTIVE`, `CW_PERSON_UNKNOWN`
   */
  async signIn(login: Login, keep: (tx: Tx, person: PersonAccess) => Promise<void>): Promise<PersonAccess> {
    const idp = this.#options.loginIdp();
    return this.#write(idp, async (tx) => {
      const { person, seq, regrouped } = await signIn(tx, idp, login, this.#options.now());
      const change = regrouped ? await follow(tx, await withAccess(tx, [seq])) : NOTHING;
      await keep(tx, person);
      return [person, change];
    });
  }

  async user(idp: string, id: string): Promise<DirectoryUser | null> {
    const seq = seqOf('u', id);
    const row = seq === null ? undefined : await this.read((db) => userBySeq(db, idp, seq));
    return row === undefined || row.source === 'local' ? null : toUser(row);
  }

  /** Of somebody who only logged in so far it makes a person that the provider keeps; who is kept already is a conflict. */
  async createUser(idp: string, input: UserInput): Promise<DirectoryUser> {
    return this.#newPeople.make(idp, input);
  }

  /**
   * @param change what the provider says of the person now, made of what is there; it runs in the transaction
   * @param check of the version that is there
   */
  async changeUser(
    idp: string,
    id: string,
    change: (user: DirectoryUser) => UserInput,
    check: VersionCheck = () => {},
  ): Promise<DirectoryUser> {
    return this.#writePerson(idp, async (tx) => {
      const row = await existingUser(tx, idp, id);
      check(row.version);
      return this.#replace(tx, row, change(toUser(row)));
    });
  }

  async deleteUser(idp: string, id: string, check: VersionCheck = () => {}): Promise<void> {
    await this.#write(idp, async (tx) => {
      const row = await existingUser(tx, idp, id);
      check(row.version);
      return [null, await this.#follow(tx, idp, [], await removeUser(tx, row))];
    });
  }

  async group(idp: string, id: string): Promise<DirectoryGroup | null> {
    const seq = seqOf('g', id);
    const row = seq === null ? undefined : await this.read((db) => groupBySeq(db, idp, seq));
    return row === undefined || row.source === 'local' ? null : toGroup(row);
  }

  /** @param members ids of users */
  async createGroup(idp: string, input: GroupInput, members: readonly string[]): Promise<DirectoryGroup> {
    return this.#write(idp, async (tx) => {
      const row = await insertGroup(tx, idp, input, this.#options.now());
      const touched = await changeMembers(tx, row, { t: 'add', members });
      return [toGroup(row), await this.#follow(tx, idp, await withAccess(tx, touched))];
    });
  }

  /** All steps or none. Reads no more of the group than the steps need. */
  async changeGroup(
    idp: string,
    id: string,
    steps: readonly GroupStep[],
    check: VersionCheck = () => {},
  ): Promise<DirectoryGroup> {
    return this.#write(idp, async (tx) => {
      const row = await existingGroup(tx, idp, id);
      check(row.version);
      const touched = new Set<number>();
      for (const step of steps) {
        for (const seq of await this.#step(tx, row, step)) touched.add(seq);
      }
      const after = await touchGroup(tx, row.seq, this.#options.now());
      return [toGroup(after), await this.#follow(tx, idp, await withAccess(tx, [...touched]))];
    });
  }

  async deleteGroup(idp: string, id: string, check: VersionCheck = () => {}): Promise<void> {
    await this.#write(idp, async (tx) => {
      const row = await existingGroup(tx, idp, id);
      check(row.version);
      const members = await membersWithAccess(tx, idp, row.seq);
      await tx.deleteFrom('directory_group').where('seq', '=', row.seq).execute();
      return [null, await this.#follow(tx, idp, members)];
    });
  }

  /** One query or more that only read. */
  async read<T>(query: (db: Kysely<StoreTables>) => Promise<T>): Promise<T> {
    try {
      return await query(this.#options.database.read);
    } catch (error) {
      throw storeFailed(error);
    }
  }

  async #write<T>(idp: string, body: (tx: Tx) => Promise<[T, DirectoryChange]>): Promise<T> {
    try {
      const [result, change] = await this.#batches.write(idp, body);
      this.#changes.tell(change);
      return result;
    } catch (error) {
      throw storeFailed(error);
    }
  }

  #createAll(idp: string, inputs: () => readonly UserInput[]): Promise<readonly Made[]> {
    return this.#writePerson(idp, async (tx) => {
      const wanted = inputs();
      const rows = await insertUsers(tx, idp, wanted, this.#options.now());
      const made: Made[] = [];
      const changes: DirectoryChange[] = [];
      for (const [i, input] of wanted.entries()) {
        const row = rows[i];
        const known = row === undefined ? await userByName(tx, idp, input.userName) : undefined;
        if (row !== undefined) made.push(toUser(row));
        else if (known === undefined || known.source === 'scim') {
          made.push(new CausewayError('CW_CONFLICT', 'another user has this name'));
        } else {
          const [user, change] = await this.#replace(tx, known, input);
          made.push(user);
          changes.push(change);
        }
      }
      return [made, together(changes)];
    });
  }

  /** From the first person that it keeps here on, a provider says who its people are. */
  async #writePerson<T>(idp: string, body: (tx: Tx) => Promise<[T, DirectoryChange]>): Promise<T> {
    if (this.#provisioned.has(idp)) return this.#write(idp, body);
    const result = await this.#write(idp, async (tx) => {
      await tx
        .insertInto('directory_idp')
        .values({ idp, provisioned_at: this.#options.now() })
        .onConflict((c) =>
          c.column('idp').doUpdateSet((e) => ({
            provisioned_at: e.fn.coalesce('directory_idp.provisioned_at', 'excluded.provisioned_at'),
          })),
        )
        .execute();
      const forgotten = await this.#follow(tx, idp, await withAccess(tx, await forgetLogins(tx, idp)));
      const [made, change] = await body(tx);
      return [made, together([forgotten, change])];
    });
    this.#provisioned.add(idp);
    return result;
  }

  async #step(tx: Tx, group: GroupRow, step: GroupStep): Promise<readonly number[]> {
    switch (step.t) {
      case 'rename':
        if (step.name === group.name) return [];
        await renameGroup(tx, group, step.name);
        return membersWithAccess(tx, group.idp, group.seq);
      case 'externalId':
        await tx
          .updateTable('directory_group')
          .set({ external_id: step.externalId })
          .where('seq', '=', group.seq)
          .execute();
        return [];
      default:
        return changeMembers(tx, group, step satisfies MemberStep);
    }
  }

  async #replace(tx: Tx, row: UserRow, input: UserInput): Promise<[DirectoryUser, DirectoryChange]> {
    const other = nameKey(input.userName) === row.user_key ? undefined : await userByName(tx, row.idp, input.userName);
    if (other !== undefined) throw new CausewayError('CW_CONFLICT', 'another user has this name');
    const access = await withAccess(tx, [row.seq]);
    const after = await updateUser(tx, row.seq, input, this.#options.now());
    const user = toUser(after);
    const renamed = after.user_name !== row.user_name;
    if (renamed && row.idp === this.#options.loginIdp()) await takeAlong(tx, row, after);
    // A session knows its person by name alone, so under another name it is nobody's.
    const gone = access.length > 0 && renamed ? [row.user_name] : [];
    const same = after.active === row.active && after.source === row.source && after.ou === row.ou;
    return [user, same && gone.length === 0 ? NOTHING : await this.#follow(tx, row.idp, access, gone)];
  }

  async #follow(tx: Tx, idp: string, users: readonly number[], gone: readonly string[] = []): Promise<DirectoryChange> {
    return idp === this.#options.loginIdp() ? follow(tx, users, gone) : NOTHING;
  }
}

const NOTHING: DirectoryChange = { users: [], deactivated: [], sessions: [] };

function together(changes: readonly DirectoryChange[]): DirectoryChange {
  return {
    users: changes.flatMap(({ users }) => users),
    deactivated: changes.flatMap(({ deactivated }) => deactivated),
    sessions: changes.flatMap(({ sessions }) => sessions),
  };
}

async function existingUser(tx: Tx, idp: string, id: string): Promise<UserRow> {
  const seq = seqOf('u', id);
  const row = seq === null ? undefined : await userBySeq(tx, idp, seq);
  if (row === undefined || row.source === 'local') throw new CausewayError('CW_NOT_FOUND', `there is no user ${id}`);
  return row;
}

async function existingGroup(tx: Tx, idp: string, id: string): Promise<GroupRow> {
  const seq = seqOf('g', id);
  const row = seq === null ? undefined : await groupBySeq(tx, idp, seq);
  if (row === undefined || row.source === 'local') throw new CausewayError('CW_NOT_FOUND', `there is no group ${id}`);
  return row;
}
