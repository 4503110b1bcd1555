import { CoreError } from '../errors.ts';
import { NAME_AXES } from './image-layout.ts';
import type { PolicySubject } from './policy-input.ts';

const MAX_DEPTH = 64;

/** What of a subject is compared on the axis with the names of rules. Throws `CW_CORE_ARGUMENT`. */
function namesOn(subject: PolicySubject, axis: (typeof NAME_AXES)[number]): readonly (string | undefined)[] {
  switch (axis) {
    case 'users':
      return [subject.user];
    case 'groups':
      return subject.groups;
    case 'methods':
      return [subject.method];
    case 'ous':
      return subject.ou === undefined ? [] : unitsAround(subject.ou);
    case 'posture':
      return subject.posture ?? [];
    case 'os':
      return [subject.os];
    case 'networks':
      return [subject.network];
  }
}

/** The unit and all above it: `a/b/c` lies in `a/b` and in `a`. */
function unitsAround(path: string): string[] {
  const units = [path];
  for (let slash = path.indexOf('/'); slash >= 0; slash = path.indexOf('/', slash + 1)) {
    units.push(path.slice(0, slash));
    if (units.length > MAX_DEPTH) {
      throw new CoreError('CW_CORE_ARGUMENT', `an organisational unit is at most ${MAX_DEPTH} deep`);
    }
  }
  return units;
}

/** The sets of the subject's names on the axis. */
export function subjectKeys(subject: PolicySubject, axis: number, sets: ReadonlyMap<string, number>): number[] {
  const name = NAME_AXES[axis];
  const found: number[] = [];
  for (const key of name === undefined ? [] : namesOn(subject, name)) {
    const set = key === undefined ? undefined : sets.get(key);
    if (set !== undefined) found.push(set);
  }
  return found;
}
