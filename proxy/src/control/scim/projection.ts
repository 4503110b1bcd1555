import { resolveName } from './names.ts';
import type { ResourceSchema } from './schemas.ts';
import { invalid } from './scim-error.ts';
import type { Resource } from './values.ts';

/** Which attributes an answer has (RFC 7644 §3.9). */
export interface Projection {
  /** Whether the attribute is in the answer at all, so that what is not asked for is not read either. */
  has(attribute: string): boolean;
  apply(resource: Resource): Resource;
}

const MAX_NAMES = 100;
/** Returned always (RFC 7643 §3.1 and §4). */
const ALWAYS: ReadonlySet<string> = new Set(['id', 'schemas']);

/** @throws ScimError `invalidValue` where both lists are given */
export function projection(schema: ResourceSchema, query: URLSearchParams): Projection {
  const only = paths(schema, query.get('attributes'));
  const without = paths(schema, query.get('excludedAttributes'));
  if (only !== null && without !== null) {
    throw invalid('invalidValue', 'attributes and excludedAttributes exclude each other');
  }
  if (only !== null) {
    return { has: (name) => only.some(({ attribute }) => attribute === name), apply: (whole) => pick(whole, only) };
  }
  const excluded = (without ?? []).filter(({ attribute }) => !ALWAYS.has(attribute ?? ''));
  return {
    has: (name) => !excluded.some(({ attribute, sub }) => attribute === name && sub === null),
    apply: (whole) => omit(whole, excluded),
  };
}

interface Path {
  readonly extension: string | null;
  readonly attribute: string | null;
  readonly sub: string | null;
}

/** Names that the schema does not know ask for nothing. */
function paths(schema: ResourceSchema, list: string | null): Path[] | null {
  if (list === null || list.trim() === '') return null;
  const names = list.split(',');
  if (names.length > MAX_NAMES) throw invalid('invalidValue', `more than ${MAX_NAMES} attributes`);
  return names.flatMap((name) => {
    const named = resolveName(schema, name.trim());
    if (named === null) return [];
    return [{ extension: named.extension, attribute: named.attribute?.name ?? null, sub: named.sub?.name ?? null }];
  });
}

function pick(whole: Resource, only: readonly Path[]): Resource {
  const picked: Resource = {};
  for (const name of ALWAYS) if (whole[name] !== undefined) picked[name] = whole[name];
  for (const { extension, attribute, sub } of only) {
    const source = extension === null ? whole : object(whole[extension]);
    if (attribute === null) {
      if (extension !== null && whole[extension] !== undefined) picked[extension] = whole[extension];
      continue;
    }
    if (source[attribute] === undefined) continue;
    const target = extension === null ? picked : container(picked, extension);
    target[attribute] = sub === null ? source[attribute] : merge(target[attribute], source[attribute], sub);
  }
  return picked;
}

/** What was picked before of the same attribute stays. */
function merge(before: unknown, value: unknown, sub: string): unknown {
  if (Array.isArray(value)) {
    const earlier = (Array.isArray(before) ? before : []) as readonly unknown[];
    return value.map((one, i) => merge(earlier[i], one, sub));
  }
  const part = object(value)[sub];
  return part === undefined ? object(before) : { ...object(before), [sub]: part };
}

function omit(whole: Resource, excluded: readonly Path[]): Resource {
  if (excluded.length === 0) return whole;
  const rest: Resource = { ...whole };
  for (const { extension, attribute, sub } of excluded) {
    if (attribute === null) {
      if (extension !== null) delete rest[extension];
      continue;
    }
    if (extension !== null) {
      if (rest[extension] !== undefined)
        rest[extension] = omit(object(rest[extension]), [{ extension: null, attribute, sub }]);
    } else if (sub === null) delete rest[attribute];
    else if (rest[attribute] !== undefined) rest[attribute] = omitPart(rest[attribute], sub);
  }
  return rest;
}

function omitPart(value: unknown, sub: string): unknown {
  if (Array.isArray(value)) return value.map((one) => omitPart(one, sub));
  const { [sub]: _, ...rest } = object(value);
  return rest;
}

function object(value: unknown): Resource {
  return typeof value === 'object' && value !== null ? (value as Resource) : {};
}

function container(picked: Resource, extension: string): Resource {
  const made = object(picked[extension]);
  picked[extension] = made;
  return made;
}
