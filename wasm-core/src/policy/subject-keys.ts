import { CoreError } from '../errors.ts';
import type { NameIndex } from './name-index.ts';
import type { PolicySubject } from './policy-input.ts';

const MAX_DEPTH = 64;

/** The names on one axis and the set of the first of them; `null` where no rule has a condition there. */
export type AxisNames = { readonly names: NameIndex; readonly firstSet: number } | null;

/** What stands for an axis that is left out. */
export const NOT_ASKED = 0xffffffff;

/** More numbers than `writeNames` and the prefixes around a source make, but for groups and posture profiles. */
const OTHER_NUMBERS = 256;

/** At most so many numbers tell the module of the subject. */
export function mostKeys({ groups, posture }: PolicySubject): number {
  return OTHER_NUMBERS + groups.length + (posture?.length ?? 0);
}

/**
 * Writes to `out` what `sessionOpen` of the module takes of the names: per axis, in the order of NAME_AXES, a count and
 * as many numbers of sets. @returns the end of it. Throws `CW_CORE_ARGUMENT` on a unit that is too deep
 */
export function writeNames(out: Uint32Array, axes: readonly AxisNames[], subject: PolicySubject): number {
  const [users = null, groups = null, methods = null, ous = null, posture = null, os = null, networks = null] = axes;
  let at = writeOne(out, 0, users, subject.user);
  at = writeAll(out, at, groups, subject.groups);
  at = writeOne(out, at, methods, subject.method);
  at = writeAll(out, at, ous, ous === null || subject.ou === undefined ? NO_NAMES : unitsAround(subject.ou));
  at = writeAll(out, at, posture, subject.posture ?? NO_NAMES);
  at = writeOne(out, at, os, subject.os);
  return writeOne(out, at, networks, subject.network);
}

const NO_NAMES: readonly string[] = [];

function writeOne(out: Uint32Array, at: number, axis: AxisNames, name: string | undefined): number {
  const number = axis === null || name === undefined ? -1 : axis.names.find(name);
  if (axis === null || number < 0) {
    out[at] = axis === null ? NOT_ASKED : 0;
    return at + 1;
  }
  out[at] = 1;
  out[at + 1] = axis.firstSet + number;
  return at + 2;
}

function writeAll(out: Uint32Array, at: number, axis: AxisNames, wanted: readonly string[]): number {
  if (axis === null) {
    out[at] = NOT_ASKED;
    return at + 1;
  }
  const { names, firstSet } = axis;
  let end = at + 1;
  for (let i = 0; i < wanted.length; i++) {
    const number = names.find(wanted[i] ?? '');
    if (number >= 0) out[end++] = firstSet + number;
  }
  out[at] = end - at - 1;
  return end;
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
