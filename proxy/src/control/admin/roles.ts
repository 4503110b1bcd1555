import { CausewayError } from '@causeway/contract';
import { nameKey } from '../directory/names.ts';
import type { Database } from '../store/database.ts';
import { newId } from './identifiers.ts';
import type { Role } from './permissions.ts';
import { stored } from './stored.ts';

/** That a person, or everybody in a group, has a role. */
export interface RoleAssignment {
  readonly id: string;
  readonly subject: { readonly kind: 'user' | 'group'; readonly name: string };
  readonly role: Role;
  readonly createdBy: string;
  readonly createdAt: number;
}

/** More than any deployment needs; each login reads the ones of the person. */
const MAX_ASSIGNMENTS = 1_000;

export class Roles {
  readonly #database: Database;
  readonly #now: () => number;

  constructor(database: Database, now: () => number) {
    this.#database = database;
    this.#now = now;
  }

  /** All of them, in the order they were made. */
  async list(): Promise<RoleAssignment[]> {
    const rows = await stored(
      this.#database.read.selectFrom('admin_role').selectAll().orderBy('created_at').orderBy('id').execute(),
    );
    return rows.map((row) => ({
      id: row.id,
      subject: { kind: row.subject_kind, name: row.subject },
      // Written by this class alone.
      role: row.role as Role,
      createdBy: row.created_by,
      createdAt: row.created_at,
    }));
  }

  /** What somebody has by name and groups. */
  async of(user: string, groups: readonly string[]): Promise<Role[]> {
    const mine = new Set(groups.map(nameKey));
    const key = nameKey(user);
    const all = await this.list();
    const found = all.filter(({ subject }) =>
      subject.kind === 'user' ? nameKey(subject.name) === key : mine.has(nameKey(subject.name)),
    );
    return [...new Set(found.map(({ role }) => role))];
  }

  /** @throws CausewayError `CW_CONFLICT` where it is assigned already */
  async assign(subject: RoleAssignment['subject'], role: Role, by: string): Promise<RoleAssignment> {
    const made: RoleAssignment = { id: newId('r'), subject, role, createdBy: by, createdAt: this.#now() };
    await stored(
      this.#database.transaction(async (tx) => {
        const { count } = await tx
          .selectFrom('admin_role')
          .select((e) => e.fn.countAll<number>().as('count'))
          .executeTakeFirstOrThrow();
        if (count >= MAX_ASSIGNMENTS) {
          throw new CausewayError('CW_CONFLICT', `there are ${MAX_ASSIGNMENTS} assignments already`);
        }
        const { numInsertedOrUpdatedRows } = await tx
          .insertInto('admin_role')
          .values({
            id: made.id,
            subject_kind: subject.kind,
            subject: subject.name,
            subject_key: nameKey(subject.name),
            role,
            created_by: by,
            created_at: made.createdAt,
          })
          .onConflict((c) => c.columns(['subject_kind', 'subject_key', 'role']).doNothing())
          .executeTakeFirstOrThrow();
        if (numInsertedOrUpdatedRows === 0n) throw new CausewayError('CW_CONFLICT', 'the role is assigned already');
      }),
    );
    return made;
  }

  /** @returns whether there was such an assignment */
  async remove(id: string): Promise<boolean> {
    const { numDeletedRows } = await stored(
      this.#database.write.deleteFrom('admin_role').where('id', '=', id).executeTakeFirstOrThrow(),
    );
    return numDeletedRows > 0n;
  }
}
