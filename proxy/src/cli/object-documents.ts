import { isObjectKind, OBJECT_KINDS, slug, type ObjectKind } from '@causeway/contract';
import { didYouMean } from '../config/closest.ts';
import { knownKeys } from '../config/known-keys.ts';
import { YamlSource } from '../config/source-map.ts';

/** An object as somebody wrote it down; what its spec may hold, the API says. */
export interface DeclaredObject {
  readonly kind: ObjectKind;
  readonly name: string;
  readonly spec: Readonly<Record<string, unknown>>;
  /** Where a field of it stands, like `wiki.yaml:12:5`; `''` is the whole. */
  readonly locate: (field: string) => string;
}

export interface ReadObjects {
  readonly objects: readonly DeclaredObject[];
  /** Each with its place. */
  readonly problems: readonly string[];
}

const DOCUMENT_KEYS: readonly string[] = ['kind', 'name', 'spec'];

/**
 * The objects in a YAML text. Each of its documents is either one object,
 *
 *     kind: apps
 *     name: wiki
 *     spec: { hosts: [wiki.corp.example], … }
 *
 * or a `causeway.yaml`, of which the lists of objects count and what describes the deployment does not.
 *
 * @param file what messages call the text
 */
export function readObjects(text: string, file: string): ReadObjects {
  const objects: DeclaredObject[] = [];
  const problems: string[] = [];
  for (const source of YamlSource.documents(text)) {
    const at = (path: readonly PropertyKey[]): string => {
      const { line, column } = source.locate(path);
      return `${file}:${line}:${column}`;
    };
    const reader: Reader = {
      objects,
      at,
      problem: (path, message) => problems.push(`${at(path)} ${message}`),
      unknownKey: (key, known) => {
        const { line, column } = source.locateKey([], key);
        problems.push(`${file}:${line}:${column} ${key}: unknown key${didYouMean(key, known)}`);
      },
    };
    if (source.errors.length > 0) {
      problems.push(...source.errors.map(({ line, column, message }) => `${file}:${line}:${column} ${message}`));
    } else if (!isMap(source.value)) reader.problem([], 'is no object with kind, name and spec');
    else if ('kind' in source.value || 'spec' in source.value) readOne(source.value, reader);
    else readSections(source.value, reader);
  }
  return { objects, problems };
}

interface Reader {
  readonly objects: DeclaredObject[];
  readonly at: (path: readonly PropertyKey[]) => string;
  readonly problem: (path: readonly PropertyKey[], message: string) => void;
  readonly unknownKey: (key: string, known: readonly string[]) => void;
}

function readOne(value: Readonly<Record<string, unknown>>, reader: Reader): void {
  for (const key of Object.keys(value)) if (!DOCUMENT_KEYS.includes(key)) reader.unknownKey(key, DOCUMENT_KEYS);
  const { kind, name, spec } = value;
  if (!isObjectKind(kind)) {
    const word = typeof kind === 'string' ? didYouMean(kind, OBJECT_KINDS) : '';
    reader.problem(['kind'], `kind: one of ${OBJECT_KINDS.join(', ')}${word}`);
  } else declare(kind, name, spec ?? {}, ['spec'], reader, []);
}

function readSections(value: Readonly<Record<string, unknown>>, reader: Reader): void {
  const known = knownKeys([]);
  for (const [key, entries] of Object.entries(value)) {
    if (!known.includes(key)) reader.unknownKey(key, [...DOCUMENT_KEYS, ...known]);
    else if (!isObjectKind(key)) continue;
    else if (!Array.isArray(entries)) reader.problem([key], `${key}: is no list`);
    else {
      for (const [i, entry] of (entries as unknown[]).entries()) {
        declare(key, isMap(entry) ? entry['name'] : undefined, entry, [key, i], reader);
      }
    }
  }
}

/** @param path of the spec @param holder of what has the name */
function declare(
  kind: ObjectKind,
  name: unknown,
  spec: unknown,
  path: readonly PropertyKey[],
  { objects, at, problem }: Reader,
  holder = path,
): void {
  if (!isMap(spec)) return problem(path, `${path.join('.')}: is no object`);
  const checked = slug.safeParse(name);
  if (!checked.success) return problem([...holder, 'name'], 'name: lower-case letters, digits and dashes');
  const locate = (field: string): string => at([...path, ...steps(field)]);
  objects.push({ kind, name: checked.data, spec, locate });
}

/** `clientless.urls[1]` → `clientless`, `urls`, 1 */
function steps(field: string): PropertyKey[] {
  return [...field.matchAll(/\[(\d+)\]|[^.[\]]+/g)].map(([word, index]) =>
    index === undefined ? word : Number(index),
  );
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
