import type { Transaction } from 'kysely';
import type { StoreTables } from '../store/schema.ts';
import { addMembers, memberSeqs, membersBeside, removeMembers, type GroupRow } from './group-rows.ts';
import { seqOf } from './names.ts';
import type { GroupStep } from './records.ts';

export type MemberStep = Exclude<GroupStep, { t: 'rename' | 'externalId' }>;

/** @returns rows of those who came or went */
export async function changeMembers(
  tx: Transaction<StoreTables>,
  group: GroupRow,
  step: MemberStep,
): Promise<readonly number[]> {
  switch (step.t) {
    case 'add':
      return addMembers(tx, group.seq, await memberSeqs(tx, group, step.members));
    case 'remove': {
      const seqs = step.members.map((id) => seqOf('u', id)).filter((seq) => seq !== null);
      return removeMembers(tx, group.seq, seqs);
    }
    case 'members': {
      const wanted = await memberSeqs(tx, group, step.members);
      const others = await membersBeside(tx, group.seq, new Set(wanted));
      const removed = await removeMembers(tx, group.seq, others);
      return [...removed, ...(await addMembers(tx, group.seq, wanted))];
    }
  }
}
