import { CausewayError } from '@causeway/contract';
import type { LocalCheck } from '../directory/local-people.ts';
import { nameKey } from '../directory/names.ts';
import { requirePermission, requireProof, type Caller } from './caller.ts';

/**
 * What a change of people and groups must pass. Whoever has a role, by name or by a group, is changed only by those who
 * give roles, and lately proved who they are: otherwise somebody could make themselves an owner through a group.
 *
 * @param ifRevision what the caller has seen; absent for whatever is there
 * @throws CausewayError (its functions) `CW_PRECONDITION_FAILED`, `CW_FORBIDDEN`, `CW_STEP_UP_REQUIRED`
 */
export function peopleCheck(
  caller: Caller,
  { ifRevision, mustBeNew = false }: { readonly ifRevision?: number | undefined; readonly mustBeNew?: boolean },
  now: number,
): LocalCheck {
  return {
    version: (version) => {
      if (mustBeNew || (ifRevision !== undefined && version !== ifRevision)) {
        throw new CausewayError('CW_PRECONDITION_FAILED', `revision ${version} is there`);
      }
    },
    touches: async (tx, { users, groups }) => {
      const subjects = await tx.selectFrom('admin_role').select(['subject_kind', 'subject_key']).execute();
      const keys = { user: new Set(users.map(nameKey)), group: new Set(groups.map(nameKey)) };
      if (!subjects.some(({ subject_kind: kind, subject_key: key }) => keys[kind].has(key))) return;
      requirePermission(caller, 'roles:write');
      requireProof(caller, now);
    },
  };
}
