import { Schemas } from 'scimmy';

/** RFC 7643 as scimmy writes it down; nothing else of that package is used. */
export const USER = 'urn:ietf:params:scim:schemas:core:2.0:User';
export const ENTERPRISE = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';
export const GROUP = 'urn:ietf:params:scim:schemas:core:2.0:Group';

export interface Attribute {
  /** As the RFC spells it. */
  readonly name: string;
  readonly type: 'string' | 'boolean' | 'integer' | 'decimal' | 'dateTime' | 'reference' | 'binary' | 'complex';
  readonly multiValued: boolean;
  readonly readOnly: boolean;
  /** Sub-attributes by their names in lower case. */
  readonly subs: ReadonlyMap<string, Attribute>;
}

/** Attributes by their names in lower case: a `Map`, in which no name is there that nobody put there. */
export type Attributes = ReadonlyMap<string, Attribute>;

export interface ResourceSchema {
  readonly urn: string;
  readonly attributes: Attributes;
  /** By URN in lower case. */
  readonly extensions: ReadonlyMap<string, { readonly urn: string; readonly attributes: Attributes }>;
}

interface Described {
  readonly name: string;
  readonly type: Attribute['type'];
  readonly multiValued?: boolean;
  readonly mutability?: string;
  readonly subAttributes?: readonly Described[];
}

interface DescribedSchema {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly attributes: readonly Described[];
}

function table(described: readonly Described[]): Attributes {
  return new Map(
    described.map((attribute) => [
      attribute.name.toLowerCase(),
      {
        name: attribute.name,
        type: attribute.type,
        multiValued: attribute.multiValued ?? false,
        readOnly: attribute.mutability === 'readOnly',
        subs: table(attribute.subAttributes ?? []),
      },
    ]),
  );
}

const text = (name: string, readOnly = false): Described => ({
  name,
  type: 'string',
  mutability: readOnly ? 'readOnly' : 'readWrite',
});

/** RFC 7643 §3.1; they belong to every resource and are in no schema. */
const COMMON: readonly Described[] = [
  text('id', true),
  text('externalId'),
  { name: 'schemas', type: 'reference', multiValued: true, mutability: 'readOnly' },
  {
    name: 'meta',
    type: 'complex',
    mutability: 'readOnly',
    subAttributes: ['resourceType', 'created', 'lastModified', 'location', 'version'].map((name) => text(name, true)),
  },
];

const { User, EnterpriseUser, Group } = Schemas;

/** As `/Schemas` says them. */
export const DESCRIBED: readonly DescribedSchema[] = [User, EnterpriseUser, Group].map(
  (schema) => JSON.parse(JSON.stringify(schema.definition.describe())) as DescribedSchema,
);

function schema(urn: string, extension?: string): ResourceSchema {
  const attributesOf = (id: string): readonly Described[] => DESCRIBED.find((one) => one.id === id)?.attributes ?? [];
  return {
    urn,
    attributes: table([...attributesOf(urn), ...COMMON]),
    extensions: new Map(
      extension === undefined
        ? []
        : [[extension.toLowerCase(), { urn: extension, attributes: table(attributesOf(extension)) }]],
    ),
  };
}

export const USER_SCHEMA = schema(USER, ENTERPRISE);
export const GROUP_SCHEMA = schema(GROUP);
