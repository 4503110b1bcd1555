import type { Attribute, Attributes, ResourceSchema } from './schemas.ts';
import { invalid } from './scim-error.ts';

/** Plain JSON whose keys are names of the schema, as the RFC spells them. */
export type Resource = Record<string, unknown>;

const MAX_STRING = 4_096;
const MAX_VALUES = 200;

/**
 * What of a client's object the schema knows, in the schema's spelling. What it does not know or what only we say is
 * passed over, so no name of the client's choice ever becomes a key.
 *
 * @throws ScimError `invalidValue` where a value is not of its attribute's type
 */
export function cleanResource(schema: ResourceSchema, raw: object): Resource {
  const clean = cleanObject(schema.attributes, raw);
  for (const [key, value] of Object.entries(raw)) {
    const extension = schema.extensions.get(key.toLowerCase());
    if (extension === undefined || value === null) continue;
    if (typeof value !== 'object') throw invalid('invalidValue', `${extension.urn} is an object`);
    const attributes = cleanObject(extension.attributes, value);
    if (Object.keys(attributes).length > 0) clean[extension.urn] = attributes;
  }
  return clean;
}

function cleanObject(attributes: Attributes, raw: object): Resource {
  const clean: Resource = {};
  for (const [key, value] of Object.entries(raw)) {
    const attribute = attributes.get(key.toLowerCase());
    if (attribute === undefined || attribute.readOnly || attribute.name === 'password') continue;
    const kept = cleanValue(attribute, value);
    if (kept !== undefined) clean[attribute.name] = kept;
  }
  return clean;
}

/** The value in the attribute's type; `undefined` where it says that there is none. */
export function cleanValue(attribute: Attribute, value: unknown): unknown {
  if (value === null || value === undefined) return undefined;
  if (!attribute.multiValued) return cleanOne(attribute, value);
  const values = (Array.isArray(value) ? value : [value]) as readonly unknown[];
  if (values.length > MAX_VALUES) throw invalid('invalidValue', `${attribute.name} has more than ${MAX_VALUES} values`);
  const kept = values.map((one) => cleanOne(attribute, one)).filter((one) => one !== undefined);
  return kept.length === 0 ? undefined : withoutDoubles(kept);
}

/** One value of the attribute, though it may have many. */
export function cleanOne(attribute: Attribute, value: unknown): unknown {
  switch (attribute.type) {
    case 'boolean':
      return bool(attribute, value);
    case 'integer':
    case 'decimal': {
      const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
      if (typeof number !== 'number' || !Number.isFinite(number)) throw wrong(attribute);
      return number;
    }
    case 'complex':
      return complex(attribute, value);
    default:
      return string(attribute, value);
  }
}

/** Entra ID sends booleans as "True" and "False". */
function bool(attribute: Attribute, value: unknown): boolean {
  if (typeof value === 'boolean') return value;
  const text = typeof value === 'string' ? value.toLowerCase() : '';
  if (text !== 'true' && text !== 'false') throw wrong(attribute);
  return text === 'true';
}

function string(attribute: Attribute, value: unknown): string | undefined {
  const text = typeof value === 'number' || typeof value === 'boolean' ? String(value) : value;
  if (typeof text !== 'string' || text.length > MAX_STRING || text.includes('\0')) throw wrong(attribute);
  return text === '' ? undefined : text.toWellFormed();
}

/** A bare text is the value: so a manager or a member comes from some clients. */
function complex(attribute: Attribute, value: unknown): Resource | undefined {
  const { subs } = attribute;
  if (typeof value === 'string') {
    if (!subs.has('value')) throw wrong(attribute);
    return value === '' ? undefined : { value: value.toWellFormed().slice(0, MAX_STRING).replaceAll('\0', '') };
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong(attribute);
  const clean = cleanObject(subs, value);
  return Object.keys(clean).length === 0 ? undefined : clean;
}

/** The same value twice is one; of several that call themselves primary the last one is. */
function withoutDoubles(values: readonly unknown[]): unknown[] {
  const kept = [...new Map(values.map((value) => [JSON.stringify(value), value])).values()];
  return onePrimary(kept);
}

/** Of several that call themselves primary the last one is (RFC 7643 §2.4: at most one). */
export function onePrimary(values: readonly unknown[]): unknown[] {
  const last = values.findLastIndex(isPrimary);
  return values.map((value, i) =>
    isPrimary(value) && i !== last ? { ...(value as Resource), primary: false } : value,
  );
}

function isPrimary(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'primary' in value && value.primary === true;
}

function wrong(attribute: Attribute): Error {
  return invalid('invalidValue', `${attribute.name} has a value of another type, or one that is too long`);
}
