import { CausewayError, type ObjectKind } from '@causeway/contract';
import { differences } from './differences.ts';
import type { ApplyOptions, ApplyResult, Author, ChangeOutcome } from './model.ts';
import { stepsOfKind, type Step } from './change-steps.ts';
import {
  addRevisions,
  deleteObjects,
  lockWorkingSet,
  putObjects,
  toBody,
  type ObjectRow,
  type RevisionRow,
  type Tx,
} from './object-rows.ts';
import type { PreparedChange } from './prepared-change.ts';

/**
 * Applies changes to the working set, all or none, and writes down who changed what. Only one such transaction goes on
 * at a time, also of several control processes.
 *
 * @throws CausewayError `CW_PRECONDITION_FAILED`, `CW_CONFLICT`, `CW_MANAGED`, `CW_NOT_FOUND` or `CW_INPUT_INVALID`,
 *   with every object that it holds for
 */
export async function applyChanges(
  tx: Tx,
  changes: readonly PreparedChange[],
  by: Author,
  { order = {}, ifVersion }: Pick<ApplyOptions, 'order' | 'ifVersion'>,
  now: number,
): Promise<ApplyResult> {
  const version = await lockWorkingSet(tx);
  if (ifVersion !== undefined && ifVersion !== version) {
    throw new CausewayError('CW_PRECONDITION_FAILED', `the working set is ${version} by now, not ${ifVersion}`);
  }
  const byKind = Map.groupBy(changes, ({ kind }) => kind);
  const kinds = [...new Set([...byKind.keys(), ...(Object.keys(order) as ObjectKind[])])];
  const steps: Step[] = [];
  for (const kind of kinds) {
    const of = await stepsOfKind(tx, kind, byKind.get(kind) ?? [], by, order[kind], now);
    steps.push(...of.steps);
    await putObjects(tx, of.renumbered);
  }
  const outcomes = outcomesOf(steps, changes);
  const real = steps.filter(({ outcome }) => outcome !== 'unchanged');
  if (real.length === 0) return { version, outcomes };
  const number = version + 1;
  await tx.updateTable('counter').set({ value: number }).where('name', '=', 'working').execute();
  const { actor, source, comment } = by;
  await tx.insertInto('object_change').values({ number, at: now, actor, source, comment }).execute();
  await putObjects(
    tx,
    real.map(({ after }) => after).filter((row): row is ObjectRow => row !== null),
  );
  for (const [kind, gone] of Map.groupBy(
    real.filter(({ after }) => after === null),
    (step) => step.kind,
  )) {
    const names = gone.map(({ name }) => name);
    await deleteObjects(tx, kind, names);
  }
  const revisions = real.map((step) => revisionOf(step, number));
  await addRevisions(tx, revisions);
  return { version: number, outcomes };
}

/** As the changes came, then what moved besides. */
function outcomesOf(steps: readonly Step[], changes: readonly PreparedChange[]): ChangeOutcome[] {
  const places = new Map(changes.map(({ kind, name }, i) => [`${kind}/${name}`, i]));
  const placeOf = ({ kind, name }: Step): number => places.get(`${kind}/${name}`) ?? changes.length;
  return steps.toSorted((a, b) => placeOf(a) - placeOf(b)).map(outcomeOf);
}

function outcomeOf({ kind, name, before, after, outcome }: Step): ChangeOutcome {
  const revision = after?.revision ?? (before?.revision ?? 0) + 1;
  const diff = outcome === 'updated' ? differences(toBody(before?.body ?? '{}'), toBody(after?.body ?? '{}')) : [];
  const moved = before !== null && after !== null && before.position !== after.position;
  return { kind, name, outcome, revision, diff: moved ? [...diff, { path: '(order)' }] : diff };
}

function revisionOf({ kind, name, before, after, outcome }: Step, change: number): RevisionRow {
  const row = after ?? before;
  return {
    kind,
    name,
    revision: after?.revision ?? (before?.revision ?? 0) + 1,
    change,
    op: outcome === 'unchanged' ? 'moved' : outcome,
    position: row?.position ?? 0,
    body: row?.body ?? '{}',
  };
}
