import type { Attribute, Attributes, ResourceSchema } from './schemas.ts';

/** What a name of an attribute means in a schema. */
export interface Named {
  /** The extension's URN; `null` for the schema itself. */
  readonly extension: string | null;
  /** `null` where the name is that of a whole extension. */
  readonly attribute: Attribute | null;
  readonly sub: Attribute | null;
}

/**
 * `userName`, `name.givenName`, or either after the URN of its schema; case does not matter.
 *
 * @returns `null` where the schema has no such attribute
 */
export function resolveName(schema: ResourceSchema, text: string): Named | null {
  const key = text.toLowerCase();
  if (!key.startsWith('urn:')) return within(null, schema.attributes, key);
  const base = schema.urn.toLowerCase();
  for (const [urn, { urn: extension, attributes }] of schema.extensions) {
    if (key === urn) return { extension, attribute: null, sub: null };
    if (key.startsWith(`${urn}:`) || key.startsWith(`${urn}.`)) {
      return within(extension, attributes, key.slice(urn.length + 1));
    }
  }
  return key.startsWith(`${base}:`) ? within(null, schema.attributes, key.slice(base.length + 1)) : null;
}

function within(extension: string | null, attributes: Attributes, key: string): Named | null {
  const dot = key.indexOf('.');
  const attribute = attributes.get(dot < 0 ? key : key.slice(0, dot));
  if (attribute === undefined) return null;
  if (dot < 0) return { extension, attribute, sub: null };
  const sub = attribute.subs.get(key.slice(dot + 1));
  return sub === undefined ? null : { extension, attribute, sub };
}
