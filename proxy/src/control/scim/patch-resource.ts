import { resolveName, type Named } from './names.ts';
import { matchesValue, impliedBy } from './match-value.ts';
import { parsePath } from './filter-parser.ts';
import type { Filter } from './filter.ts';
import type { PatchOperation } from './patch-operations.ts';
import type { Attribute, ResourceSchema } from './schemas.ts';
import { invalid } from './scim-error.ts';
import { cleanOne, cleanValue, onePrimary, type Resource } from './values.ts';

/**
 * A resource after the operations (RFC 7644 §3.5.2), in the shapes that Entra ID and Okta send them: operations without a
 * path, whose value's keys may be paths themselves; a filter that finds nothing and so makes what it describes; removal
 * of the values that are listed. The resource given is not touched.
 *
 * @throws ScimError `invalidPath`, `invalidValue`, `mutability`
 */
export function patchResource(
  schema: ResourceSchema,
  resource: Resource,
  operations: readonly PatchOperation[],
): Resource {
  const patched = structuredClone(resource);
  for (const operation of operations) apply(schema, patched, operation);
  return patched;
}

function apply(schema: ResourceSchema, resource: Resource, { op, path, value }: PatchOperation): void {
  if (path !== null) return applyAt(schema, resource, { op, path, value }, true);
  if (op === 'remove') throw invalid('noTarget', 'a removal needs a path');
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalid('invalidValue', 'without a path the value is an object');
  }
  for (const [key, part] of Object.entries(value)) applyAt(schema, resource, { op, path: key, value: part }, false);
}

/** @param asked whether the client named the path: a key of an object that we do not know is passed over */
function applyAt(
  schema: ResourceSchema,
  resource: Resource,
  { op, path: text, value }: PatchOperation & { readonly path: string },
  asked: boolean,
): void {
  const target = targetOf(schema, text, asked);
  if (target === null) return;
  const { named, filter } = target;
  const { attribute, extension } = named;
  if (attribute === null) return applyToExtension(schema, resource, { op, path: text, value }, extension ?? '');
  if (attribute.name === 'password') return;
  if (attribute.readOnly || named.sub?.readOnly === true) {
    if (!asked || attribute.name === 'schemas' || value === resource[attribute.name]) return;
    throw invalid('mutability', `${attribute.name} is not the client’s to change`);
  }
  const container = extension === null ? resource : extensionOf(resource, extension);
  container[attribute.name] = changed(attribute, named.sub, filter, container[attribute.name], op, value);
  if (container[attribute.name] === undefined) delete container[attribute.name];
  if (extension !== null && Object.keys(container).length === 0) delete resource[extension];
}

function targetOf(
  schema: ResourceSchema,
  text: string,
  asked: boolean,
): { readonly named: Named; readonly filter: Filter | null } | null {
  try {
    const { path, filter, sub } = parsePath(text);
    const named = resolveName(schema, sub === null ? path : `${path}.${sub}`);
    if (named === null) throw invalid('invalidPath', 'the schema has no such attribute');
    if (filter !== null && named.attribute?.multiValued !== true) {
      throw invalid('invalidPath', 'only an attribute of many values can be filtered');
    }
    return { named, filter };
  } catch (error) {
    if (!asked) return null;
    throw error;
  }
}

function applyToExtension(
  schema: ResourceSchema,
  resource: Resource,
  { op, value }: PatchOperation,
  extension: string,
): void {
  if (op === 'remove' || value === null) {
    delete resource[extension];
    return;
  }
  if (typeof value !== 'object' || Array.isArray(value)) throw invalid('invalidValue', `${extension} is an object`);
  for (const [key, part] of Object.entries(value)) {
    applyAt(schema, resource, { op, path: `${extension}:${key}`, value: part }, false);
  }
}

function extensionOf(resource: Resource, extension: string): Resource {
  const present = resource[extension];
  if (typeof present === 'object' && present !== null) return present as Resource;
  const made: Resource = {};
  resource[extension] = made;
  return made;
}

/** The attribute's value after the operation; `undefined` for none. */
function changed(
  attribute: Attribute,
  sub: Attribute | null,
  filter: Filter | null,
  present: unknown,
  op: PatchOperation['op'],
  value: unknown,
): unknown {
  if (attribute.multiValued) return changedValues(attribute, sub, filter, (present ?? []) as unknown[], op, value);
  if (sub !== null) return withPart(attribute, (present ?? {}) as Resource, sub, op === 'remove' ? undefined : value);
  if (op === 'remove' || value === null || value === undefined) return undefined;
  const clean = cleanOne(attribute, value);
  if (attribute.type !== 'complex' || clean === undefined) return clean;
  return { ...(present as Resource | undefined), ...(clean as Resource) };
}

function changedValues(
  attribute: Attribute,
  sub: Attribute | null,
  filter: Filter | null,
  present: readonly unknown[],
  op: PatchOperation['op'],
  value: unknown,
): unknown {
  const chosen = (one: unknown): boolean => filter === null || matchesValue(filter, one as Resource);
  let values: unknown[];
  if (sub === null && filter === null) values = wholeValues(attribute, present, op, value);
  else if (op === 'remove') {
    values = present.flatMap((one) => {
      if (!chosen(one)) return [one];
      const rest = sub === null ? undefined : withPart(attribute, one as Resource, sub, undefined);
      return rest === undefined ? [] : [rest];
    });
  } else {
    const put = (one: Resource): unknown =>
      sub === null ? merged(attribute, one, value) : withPart(attribute, one, sub, value);
    values = present.some(chosen)
      ? present.map((one) => (chosen(one) ? put(one as Resource) : one))
      : [...present, put(described(attribute, filter))];
    values = values.filter((one) => one !== undefined);
  }
  const clean = cleanValue(attribute, values);
  return clean === undefined ? undefined : onePrimary(clean as unknown[]);
}

function wholeValues(
  attribute: Attribute,
  present: readonly unknown[],
  op: PatchOperation['op'],
  value: unknown,
): unknown[] {
  if (op === 'remove' && (value === undefined || value === null)) return [];
  const given = (cleanValue(attribute, value) ?? []) as unknown[];
  if (op === 'replace') return given;
  if (op === 'add') return [...present, ...given];
  const gone = new Set(given.map(identity));
  return present.filter((one) => !gone.has(identity(one)));
}

/** Values are told apart by `value`, where they have one. */
function identity(one: unknown): string {
  const value = typeof one === 'object' && one !== null && 'value' in one ? one.value : one;
  return JSON.stringify(value).toLowerCase();
}

function merged(attribute: Attribute, one: Resource, value: unknown): Resource {
  const single = Array.isArray(value) ? (value[0] as unknown) : value;
  return { ...one, ...((cleanOne(attribute, single) ?? {}) as Resource) };
}

function withPart(attribute: Attribute, whole: Resource, sub: Attribute, value: unknown): Resource | undefined {
  const { [sub.name]: _, ...rest } = whole;
  const clean = cleanValue(sub, value);
  const after = clean === undefined ? rest : { ...rest, [sub.name]: clean };
  // A kind or a flag alone is no value: `emails` without its address is none.
  const empty = attribute.multiValued
    ? !('value' in after) && attribute.subs.has('value')
    : Object.keys(after).length === 0;
  return empty ? undefined : after;
}

/** What does not exist yet is made as the filter describes it. */
function described(attribute: Attribute, filter: Filter | null): Resource {
  const made: Resource = {};
  if (filter === null) return made;
  for (const [name, value] of impliedBy(filter)) {
    const sub = attribute.subs.get(name.toLowerCase());
    if (sub !== undefined && value !== null) made[sub.name] = cleanOne(sub, value);
  }
  return made;
}
