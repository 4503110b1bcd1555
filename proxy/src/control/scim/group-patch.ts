import type { GroupStep } from '../directory/records.ts';
import type { Filter } from './filter.ts';
import { parsePath } from './filter-parser.ts';
import { resolveName } from './names.ts';
import type { PatchOperation } from './patch-operations.ts';
import { GROUP_SCHEMA } from './schemas.ts';
import { invalid } from './scim-error.ts';
import { cleanValue } from './values.ts';

/**
 * What the operations do to a group, as steps that touch only the members they name: a group of any size is changed
 * without being read.
 *
 * @throws ScimError `invalidPath`, `invalidValue`, `mutability`
 */
export function groupSteps(operations: readonly PatchOperation[]): GroupStep[] {
  return operations.flatMap((operation) => {
    const { op, path, value } = operation;
    if (path !== null) return stepsAt(op, path, value, true);
    if (op === 'remove') throw invalid('noTarget', 'a removal needs a path');
    if (Array.isArray(value)) return stepsAt(op, 'members', value, true);
    if (typeof value !== 'object' || value === null)
      throw invalid('invalidValue', 'without a path the value is an object');
    return Object.entries(value).flatMap(([key, part]) => stepsAt(op, key, part, false));
  });
}

/** @param asked whether the client named the path: a key of an object that we do not know is passed over */
function stepsAt(op: PatchOperation['op'], text: string, value: unknown, asked: boolean): GroupStep[] {
  let filter: Filter | null = null;
  let named: ReturnType<typeof resolveName> = null;
  try {
    const parsed = parsePath(text);
    filter = parsed.filter;
    named = resolveName(GROUP_SCHEMA, parsed.path);
    if (named === null || parsed.sub !== null) throw invalid('invalidPath', 'a group has no such attribute');
  } catch (error) {
    if (asked) throw error;
    return [];
  }
  const { attribute } = named;
  switch (attribute?.name) {
    case 'members':
      return memberSteps(op, filter, value);
    case 'displayName':
      return [{ t: 'rename', name: groupName(op === 'remove' ? null : value) }];
    case 'externalId':
      return [{ t: 'externalId', externalId: op === 'remove' ? null : groupExternalId(value) }];
    default:
      // Okta repeats the id beside the name that it changes.
      if (!asked || attribute?.name === 'schemas') return [];
      throw invalid('mutability', 'this is not the client’s to change');
  }
}

function memberSteps(op: PatchOperation['op'], filter: Filter | null, value: unknown): GroupStep[] {
  const members = filter === null ? memberIds(value) : idsOf(filter);
  if (op === 'add') return [{ t: 'add', members }];
  if (op === 'replace') return filter === null ? [{ t: 'members', members }] : [{ t: 'add', members }];
  const all = filter === null && (value === undefined || value === null);
  return [all ? { t: 'members', members: [] } : { t: 'remove', members }];
}

/** The ids of `members`, each once. @throws ScimError `invalidValue` */
export function memberIds(value: unknown): string[] {
  if (value === undefined || value === null) return [];
  const list = (Array.isArray(value) ? value : [value]) as readonly unknown[];
  const ids = new Set<string>();
  for (const one of list) {
    const id = typeof one === 'object' && one !== null && 'value' in one ? one.value : one;
    if (typeof id !== 'string') throw invalid('invalidValue', 'a member has no value');
    ids.add(id);
  }
  return [...ids];
}

/** `members[value eq "u1" or value eq "u2"]`: whoever is meant must be named. */
function idsOf(filter: Filter): string[] {
  if (filter.t === 'or') return [...idsOf(filter.left), ...idsOf(filter.right)];
  const named = filter.t === 'compare' && filter.op === 'eq' && filter.path.toLowerCase() === 'value';
  if (!named || typeof filter.value !== 'string')
    throw invalid('invalidPath', 'members are filtered by value eq alone');
  return [filter.value];
}

/** @throws ScimError `invalidValue` */
export function groupName(value: unknown): string {
  if (typeof value !== 'string' || value.trim() === '') throw invalid('invalidValue', 'displayName is missing');
  return value.toWellFormed();
}

export function groupExternalId(value: unknown): string | null {
  const attribute = GROUP_SCHEMA.attributes.get('externalid');
  const clean = attribute === undefined ? undefined : cleanValue(attribute, value);
  if (typeof clean === 'string' && clean.length > 512) throw invalid('invalidValue', 'externalId is too long');
  return typeof clean === 'string' ? clean : null;
}
