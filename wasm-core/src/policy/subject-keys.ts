import { CoreError } from '../errors.ts';
import type { PolicySubject } from './policy-input.ts';

const MAX_DEPTH = 64;

/** Sets of names on one axis; `null` where no rule has a condition there. */
export type AxisNames = ReadonlyMap<string, number> | null;

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

function writeOne(out: Uint32Array, at: number, names: AxisNames, name: string | undefined): number {
  const set = names === null || name === undefined ? undefined : names.get(name);
  if (set === undefined) {
    out[at] = names === null ? NOT_ASKED : 0;
    return at + 1;
  }
  out[at] = 1;
  out[at + 1] = set;
  return at + 2;
}

function writeAll(out: Uint32Array, at: number, names: AxisNames, wanted: readonly string[]): number {
  if (names === null) {
    out[at] = NOT_ASKED;
    return at + 1;
  }
  let end = at + 1;
  for (let i = 0; i < wanted.length; i++) {
    const set = names.get(wanted[i] ?? '');
    if (set !== undefined) out[end++] = set;
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
