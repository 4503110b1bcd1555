import { CausewayError } from '@causeway/contract';
import type { VersionCheck } from '../directory/directory.ts';

/** The version of a resource as an entity tag (RFC 7644 §3.14). */
export function entityTag(version: number): string {
  return `W/"${version}"`;
}

/** Lets a change happen only to a version that `If-Match` names; without the header, to any. */
export function ifMatch(header: string | undefined): VersionCheck {
  return function checkVersion(version) {
    if (header !== undefined && !names(header, version)) throw new CausewayError('CW_PRECONDITION_FAILED');
  };
}

export function ifNoneMatch(header: string | undefined, version: number): boolean {
  return header !== undefined && names(header, version);
}

function names(header: string, version: number): boolean {
  return header
    .slice(0, 1_000)
    .split(',')
    .some((tag) => tag.trim() === '*' || tag.trim().replace(/^W\//, '') === `"${version}"`);
}
