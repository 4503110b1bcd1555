import { setImmediate } from 'node:timers/promises';
import {
  CausewayError,
  isObjectKind,
  OBJECT_KINDS,
  slug,
  type ErrorProblem,
  type ObjectKind,
} from '@causeway/contract';
import { didYouMean } from '../../config/closest.ts';
import { checkedBody } from './checked-body.ts';
import { KINDS } from './kinds/kinds.ts';
import type { ObjectChange, Placement } from './model.ts';
import { searchable, type Searchable } from './searchable.ts';

/** A change whose body has passed its schema. */
export interface PreparedChange {
  readonly kind: ObjectKind;
  readonly name: string;
  readonly ifRevision: number | null | undefined;
  /** `null` deletes. */
  readonly put: Searchable | null;
  /** Where it goes, or the very number, which only the file's reader gives. */
  readonly position: Placement | { readonly at: number } | undefined;
}

/** More than any deployment has; one transaction with them holds up other writes for seconds. */
const MAX_CHANGES = 200_000;
const MAX_PROBLEMS = 200;
/** After so many the control loop gets a turn. */
const TURN = 100;

/**
 * Checks every change by itself.
 *
 * @throws CausewayError `CW_INPUT_INVALID` with all that is wrong
 */
export async function prepareChanges(changes: readonly ObjectChange[]): Promise<PreparedChange[]> {
  if (changes.length > MAX_CHANGES) throw new CausewayError('CW_INPUT_INVALID', `more than ${MAX_CHANGES} changes`);
  const problems: ErrorProblem[] = [];
  const prepared: PreparedChange[] = [];
  const seen = new Set<string>();
  for (const [i, change] of changes.entries()) {
    if (i % TURN === TURN - 1) await setImmediate();
    const { kind, name, op, ifRevision } = change;
    const problem = problemOf(change);
    if (problem !== null) problems.push(problem);
    else if (seen.has(`${kind}/${name}`)) problems.push({ kind, name, path: '', message: 'is changed twice' });
    else if (op === 'delete') prepared.push({ kind, name, ifRevision, put: null, position: undefined });
    else {
      const checked = checkedBody(kind, name, change.body);
      if ('problems' in checked) problems.push(...checked.problems);
      else prepared.push({ kind, name, ifRevision, put: searchable(kind, checked.body), position: change.position });
    }
    seen.add(`${kind}/${name}`);
    if (problems.length > MAX_PROBLEMS) break;
  }
  if (problems.length > 0) throw refusal('CW_INPUT_INVALID', problems);
  return prepared;
}

function problemOf({ kind, name, position }: ObjectChange): ErrorProblem | null {
  const word: string = kind;
  if (!isObjectKind(word)) {
    return { kind: word, name, path: '', message: `there is no such kind${didYouMean(word, OBJECT_KINDS)}` };
  }
  const wrong = slug.safeParse(name).error?.issues[0];
  if (wrong !== undefined) return { kind, name, path: 'name', message: wrong.message };
  if (position !== undefined && !KINDS[word].ordered) {
    return { kind, name, path: 'position', message: 'objects of this kind have no order' };
  }
  const neighbour = typeof position === 'object' ? ('before' in position ? position.before : position.after) : name;
  return slug.safeParse(neighbour).success ? null : { kind, name, path: 'position', message: 'names no object' };
}

const MAX_COMMENT = 1_000;

/** @throws CausewayError `CW_INPUT_INVALID` on a comment that is too long to be one */
export function checkComment(comment: string): void {
  if (comment.length <= MAX_COMMENT && !comment.includes('\0')) return;
  throw refusal('CW_INPUT_INVALID', [{ path: 'comment', message: `text of at most ${MAX_COMMENT} characters` }]);
}

/** One error for all problems; the message names the first ones. */
export function refusal(code: CausewayError['code'], problems: readonly ErrorProblem[]): CausewayError {
  const lines = problems.slice(0, 20).map(problemLine);
  if (problems.length > lines.length) lines.push(`and ${problems.length - lines.length} more`);
  return new CausewayError(code, lines.join('\n'), { problems: problems.slice(0, MAX_PROBLEMS) });
}

/** `apps "wiki" ports[1]: …` */
export function problemLine({ kind, name, path, message }: ErrorProblem): string {
  const object = kind === undefined ? '' : name === undefined ? kind : `${kind} "${name}"`;
  const where = [object, path].filter((part) => part !== '').join(' ');
  return where === '' ? message : `${where}: ${message}`;
}
