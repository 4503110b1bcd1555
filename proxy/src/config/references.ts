import type { ObjectKind } from '@causeway/contract';

/** A field whose words are names of other objects: one name, or a list of them. */
export interface Reference {
  readonly from: ObjectKind;
  readonly field: string;
  readonly to: ObjectKind;
  /** Of an open reference the other object need not be there: a tag is one by being used. */
  readonly open?: true;
}

/** Every reference between objects, said here and nowhere else. */
export const REFERENCES: readonly Reference[] = [
  { from: 'apps', field: 'publishers', to: 'publishers' },
  { from: 'apps', field: 'tags', to: 'tags', open: true },
  { from: 'rules', field: 'apps', to: 'apps' },
  { from: 'rules', field: 'tags', to: 'tags', open: true },
  { from: 'rules', field: 'template', to: 'templates' },
  { from: 'steering', field: 'apps', to: 'apps' },
  { from: 'steering', field: 'tags', to: 'tags', open: true },
  { from: 'app-profiles', field: 'forwardingProfile', to: 'forwarding-profiles' },
  { from: 'app-profiles', field: 'steering', to: 'steering' },
];

/** What a person calls one object of the kind. */
export const NOUNS: Readonly<Record<ObjectKind, string>> = {
  publishers: 'publisher',
  apps: 'app',
  rules: 'rule',
  tags: 'tag',
  templates: 'block template',
  'dlp-profiles': 'DLP profile',
  idps: 'identity provider',
  steering: 'steering configuration',
  'forwarding-profiles': 'forwarding profile',
  'app-profiles': 'app profile',
  certificates: 'certificate',
  settings: 'settings object',
};

/** The names in one field of an object, each with its path below the object. */
export function namesIn(body: object, field: string): { readonly path: readonly (string | number)[]; name: string }[] {
  const value: unknown = Object.hasOwn(body, field) ? Reflect.get(body, field) : undefined;
  if (typeof value === 'string') return [{ path: [field], name: value }];
  if (!Array.isArray(value)) return [];
  return value.flatMap((name, i) => (typeof name === 'string' ? [{ path: [field, i], name }] : []));
}

/** Whether the field has a name that is not among these; the quick look before `namesIn` at each of very many. */
export function namesOther(body: object, field: string, known: ReadonlySet<string>): boolean {
  const value: unknown = Object.hasOwn(body, field) ? Reflect.get(body, field) : undefined;
  if (Array.isArray(value)) return value.some((name) => !known.has(name));
  return typeof value === 'string' && !known.has(value);
}
