import type { ErrorCode, ErrorProblem, ObjectKind } from '@causeway/contract';
import { KINDS } from './kinds/kinds.ts';
import type { Author, ChangeOutcome, Placement } from './model.ts';
import { lastRevisions, rowsByName, type ObjectRow, type Tx } from './object-rows.ts';
import { orderObjects, type PlacementWish } from './ordering.ts';
import { refusal, type PreparedChange } from './prepared-change.ts';

/** What becomes of one object. */
export interface Step {
  readonly kind: ObjectKind;
  readonly name: string;
  readonly before: ObjectRow | null;
  /** `null` where it is deleted. */
  readonly after: ObjectRow | null;
  readonly outcome: ChangeOutcome['outcome'];
}

export interface KindSteps {
  readonly steps: readonly Step[];
  /** Objects whose position changes without anything having happened to them. */
  readonly renumbered: readonly ObjectRow[];
}

/** Compares the changes of one kind with what is there, and gives what is ordered its place. */
export async function stepsOfKind(
  tx: Tx,
  kind: ObjectKind,
  changes: readonly PreparedChange[],
  by: Author,
  order: readonly string[] | undefined,
  now: number,
): Promise<KindSteps> {
  const names = changes.map(({ name }) => name);
  const present = await rowsByName(tx, kind, names);
  refuseForbidden(changes, present, by);
  const fresh = names.filter((name) => !present.has(name));
  const last = await lastRevisions(tx, kind, fresh);
  const steps = changes.map((change) => {
    const before = present.get(change.name) ?? null;
    return stepOf(change, before, (before?.revision ?? last.get(change.name) ?? 0) + 1, by, now);
  });
  return KINDS[kind].ordered ? arrange(tx, kind, changes, steps, order, by, now) : { steps, renumbered: [] };
}

function stepOf(
  { kind, name, put, position }: PreparedChange,
  before: ObjectRow | null,
  revision: number,
  by: Author,
  now: number,
): Step {
  if (put === null) return { kind, name, before, after: null, outcome: 'deleted' };
  const at = typeof position === 'object' && 'at' in position ? position.at : (before?.position ?? 0);
  const after: ObjectRow = {
    kind,
    name,
    revision,
    position: at,
    managed_by: by.source,
    created_at: before?.created_at ?? now,
    updated_at: now,
    updated_by: by.actor,
    digest: put.digest,
    words: put.words,
    terms: put.terms,
    body: put.text,
  };
  if (before === null) return { kind, name, before, after, outcome: 'created' };
  if (before.digest !== after.digest) return { kind, name, before, after, outcome: 'updated' };
  return at === before.position
    ? { kind, name, before, after: before, outcome: 'unchanged' }
    : { kind, name, before, after, outcome: 'moved' };
}

function refuseForbidden(
  changes: readonly PreparedChange[],
  present: ReadonlyMap<string, ObjectRow>,
  by: Author,
): void {
  const found = new Map<ErrorCode, ErrorProblem[]>();
  for (const { kind, name, put, ifRevision } of changes) {
    const row = present.get(name);
    const refuse = (code: ErrorCode, message: string): void => {
      const problems = found.get(code) ?? [];
      problems.push({ kind, name, path: '', message });
      found.set(code, problems);
    };
    if (typeof ifRevision === 'number' && row?.revision !== ifRevision) {
      const is = row === undefined ? 'it is not there any more' : `it is ${row.revision} by now`;
      refuse('CW_PRECONDITION_FAILED', `the change is meant for revision ${ifRevision}, ${is}`);
    } else if (row === undefined) {
      if (put === null) refuse('CW_NOT_FOUND', 'there is no such object');
    } else if (ifRevision === null) refuse('CW_CONFLICT', 'is there already');
    else if (row.managed_by === 'file' && by.source !== 'file') {
      refuse('CW_MANAGED', 'the configuration file manages it; change it there');
    } else if (row.managed_by === 'api' && by.source === 'file') {
      refuse('CW_CONFLICT', 'was made with the API, so the file cannot have it too: delete it there or rename it here');
    }
  }
  for (const [code, problems] of found) throw refusal(code, problems);
}

async function arrange(
  tx: Tx,
  kind: ObjectKind,
  changes: readonly PreparedChange[],
  steps: readonly Step[],
  order: readonly string[] | undefined,
  by: Author,
  now: number,
): Promise<KindSteps> {
  const wishes = changes.flatMap(({ position }, i): PlacementWish[] => {
    const step = steps[i];
    const wish = wishOf(position, step);
    if (step === undefined || wish === null) return [];
    return [{ name: step.name, position: wish, present: step.before?.position ?? null }];
  });
  if (wishes.length === 0 && order === undefined) return { steps, renumbered: [] };
  const { positions, problems } = await orderObjects(tx, kind, wishes, order);
  if (problems.length > 0) throw refusal('CW_INPUT_INVALID', problems);
  const placed = steps.map((step) => movedTo(step, positions.get(step.name), by, now));
  const known = new Set(steps.map(({ name }) => name));
  const others = await rowsByName(
    tx,
    kind,
    [...positions.keys()].filter((name) => !known.has(name)),
  );
  const ordered = new Set(order);
  const renumbered: ObjectRow[] = [];
  for (const [name, row] of others) {
    const position = positions.get(name) ?? row.position;
    if (!ordered.has(name)) renumbered.push({ ...row, position });
    else placed.push(movedTo({ kind, name, before: row, after: row, outcome: 'unchanged' }, position, by, now));
  }
  return { steps: placed, renumbered };
}

/** Where an object is to go; `null` where it stays, or already has its number. */
function wishOf(position: PreparedChange['position'], step: Step | undefined): Placement | null {
  if (step === undefined || step.after === null || (typeof position === 'object' && 'at' in position)) return null;
  return position ?? (step.before === null ? 'last' : null);
}

function movedTo(step: Step, position: number | undefined, by: Author, now: number): Step {
  const { before, after } = step;
  if (position === undefined || after === null || position === after.position) return step;
  if (step.outcome !== 'unchanged' || before === null) return { ...step, after: { ...after, position } };
  const moved = { ...before, position, revision: before.revision + 1, updated_at: now, updated_by: by.actor };
  return { ...step, after: moved, outcome: 'moved' };
}
